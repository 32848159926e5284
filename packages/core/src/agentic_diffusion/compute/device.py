"""One object that says on which device, in which precision and with how many threads to compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar, final

import torch
from torch import Tensor, nn

from agentic_diffusion.errors import InvalidConfigError

Precision: TypeAlias = Literal["fp32", "bf16", "fp16"]
"""Arithmetic of the matrix products: fp32 everywhere; bf16 or fp16 by autocast."""

T = TypeVar("T")
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@final
@dataclass(frozen=True)
class Compute:
    """Where and how to compute.

    Args:
        device: A torch device such as `"cpu"` or `"cuda:1"`; `"auto"` takes a GPU where there is one.
        precision: fp16 needs a GPU.
        compile: Whether networks are compiled with `torch.compile` on first use.
        threads: CPU threads for torch; None leaves torch's own choice.
    """

    device: str = "auto"
    precision: Precision = "fp32"
    compile: bool = False
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.precision not in _TYPES:
            raise InvalidConfigError(
                f"precision={self.precision!r}", "fp32, bf16 or fp16", "fp32 works everywhere."
            )
        kind = self.kind  # raises for a device that is not here
        if self.precision == "fp16" and kind != "cuda":
            raise InvalidConfigError(
                f"precision='fp16' on {self.where}", "a CUDA device", "Use bf16 or fp32 here."
            )
        if self.threads is not None and self.threads < 1:
            raise InvalidConfigError(
                f"threads={self.threads}", "at least 1 or None", "None leaves torch's own choice."
            )

    @property
    def where(self) -> torch.device:
        """The device itself.

        Raises:
            InvalidConfigError: There is no such device here.
        """
        name = self.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            device = torch.device(name)
        except RuntimeError as error:
            raise InvalidConfigError(
                f"device={name!r}", "auto, cpu, cuda or cuda:N", "auto takes what is there."
            ) from error
        if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
            raise InvalidConfigError(
                f"device={name!r}",
                f"one of the {torch.cuda.device_count()} CUDA devices of this machine, or cpu",
                "Use device='auto' to take what is there.",
            )
        return device

    @property
    def kind(self) -> str:
        """The type of the device: `cpu`, `cuda`."""
        return self.where.type

    def place(self, module: nn.Module) -> nn.Module:
        """Move a module to the device, set the threads, compile the module where asked."""
        if self.threads is not None and self.kind == "cpu":
            torch.set_num_threads(self.threads)
        module = module.to(self.where)
        if self.compile:
            module.compile()
        return module

    def settle(self, *parts: object) -> None:
        """Place every network in `parts`, also inside tuples and dataclasses, ready to infer."""
        for module in _modules(parts):
            self.place(module.eval())

    def wait(self) -> None:
        """Wait until the device has done what it was given, so that clocks tell the truth."""
        if self.kind == "cuda":
            torch.cuda.synchronize(self.where)

    def send(self, value: T) -> T:
        """Move tensors to the device, inside tuples, mappings and frozen dataclasses too."""
        return _send(value, self.where)  # type: ignore[no-any-return]

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which matrix products use the precision."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.kind, dtype=_TYPES[self.precision])


def _modules(value: object) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _modules(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from _modules(getattr(value, part.name))


def _send(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, tuple):
        return tuple(_send(item, device) for item in value)
    if isinstance(value, Mapping):
        return {key: _send(item, device) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        moved = {f.name: _send(getattr(value, f.name), device) for f in fields(value) if f.init}
        return replace(value, **moved)
    return value
