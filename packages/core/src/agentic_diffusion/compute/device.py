"""One object that says on which device, in which precision and with how many threads to compute."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeAlias, TypeVar, final, get_args

import torch
from torch import Tensor, nn

from agentic_diffusion.compute.recompute import recompute
from agentic_diffusion.errors import InvalidConfigError

Precision: TypeAlias = Literal["fp32", "bf16", "fp16"]
"""Arithmetic of the matrix products: fp32 everywhere; bf16 or fp16 by autocast."""

CompileMode: TypeAlias = Literal["default", "reduce-overhead", "max-autotune"]
"""How `torch.compile` trades time to compile for time to run; reduce-overhead replays CUDA graphs on a GPU."""

Matmul: TypeAlias = Literal["highest", "high", "medium"]
"""How exact float32 matrix products are on a GPU: highest is float32, high TensorFloat32, medium bfloat16."""

T = TypeVar("T")
_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@final
@dataclass(frozen=True)
class Compute:
    """Where and how to compute.

    Args:
        device: A torch device such as `"cpu"` or `"cuda:1"`; `"auto"` takes a GPU where there is one.
        precision: fp16 needs a GPU.
        compile: Whether, or how, networks are compiled with `torch.compile` on first use. With reduce-overhead a GPU
            records the kernels of each shape once and replays them as one CUDA graph, which pays where shapes
            repeat, as they do in planning.
        threads: CPU threads for torch; None leaves torch's own choice.
        matmul: Exactness of float32 matrix products, for the whole process; None leaves torch's own choice.
        recompute: Whether training keeps only the inputs of each block and computes the rest again on the way back:
            less memory for a third more time (Chen et al. 2016, arXiv:1604.06174).
    """

    device: str = "auto"
    precision: Precision = "fp32"
    compile: bool | CompileMode = False
    threads: int | None = None
    matmul: Matmul | None = None
    recompute: bool = False

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("compile", self.compile, (False, True, *get_args(CompileMode))),
            ("matmul", self.matmul, (None, *get_args(Matmul))),
        ):
            if value not in allowed:
                raise InvalidConfigError(
                    f"{name}={value!r}",
                    f"one of {', '.join(map(str, allowed))}",
                    "Leave it out to begin with.",
                )
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
        if device.type not in ("cpu", "cuda", "meta") and device.type != _accelerator():
            raise InvalidConfigError(
                f"device={name!r}",
                "a device of this machine: auto, cpu, cuda or cuda:N",
                "Use device='auto' to take what is there.",
            )
        return device

    @property
    def kind(self) -> str:
        """The type of the device: `cpu`, `cuda`."""
        return self.where.type

    def place(self, module: nn.Module) -> nn.Module:
        """Move a module to the device, set threads and exactness; recompute and compile where asked."""
        return self.ready(module.to(self.where))

    def ready(self, module: nn.Module) -> nn.Module:
        """Do for a module what `place` does, and leave it where it lies."""
        if self.threads is not None and self.kind == "cpu":
            torch.set_num_threads(self.threads)
        if self.matmul is not None:
            torch.set_float32_matmul_precision(self.matmul)
        if self.recompute:
            recompute(module)
        if self.compile is True:
            module.compile()
        elif self.compile:
            module.compile(mode=self.compile)
            _own_outputs(module)
        return module

    @property
    def spare(self) -> Compute | None:
        """Where to go on when the memory of the device is short: the host; None where that is here."""
        if self.kind == "cpu":
            return None
        return replace(self, device="cpu", precision="bf16" if self.precision == "fp16" else self.precision)

    def copied(self, value: T) -> T:
        """Return a deep copy whose networks lie on this device; the original, and its memory, are left alone."""
        memo: dict[int, Any] = {}
        for module in networks((value,)):
            for weight in module.parameters():
                memo[id(weight)] = nn.Parameter(
                    weight.detach().to(self.where, copy=True), weight.requires_grad
                )
            for buffer in module.buffers():
                memo[id(buffer)] = buffer.detach().to(self.where, copy=True)
        return deepcopy(value, memo)

    def settle(self, *parts: object) -> None:
        """Place every network in `parts`, also inside tuples and dataclasses, ready to infer."""
        for module in networks(parts):
            self.place(module.eval())

    def wait(self) -> None:
        """Wait until the device has done what it was given, so that clocks tell the truth."""
        if self.kind == "cuda":
            torch.cuda.synchronize(self.where)

    def send(self, value: T) -> T:
        """Move tensors to the device, inside tuples, lists, mappings and frozen dataclasses too."""
        return _send(value, self.where)  # type: ignore[no-any-return]

    def autocast(self) -> AbstractContextManager[Any]:
        """Return the context in which matrix products use the precision."""
        if self.precision == "fp32":
            return nullcontext()
        return torch.autocast(self.kind, dtype=_TYPES[self.precision])


def _accelerator() -> str:
    """Return the type of the accelerator that torch finds here, such as `mps`; empty where there is none."""
    found = torch.accelerator.current_accelerator(check_available=True)
    return "" if found is None else found.type


def _own_outputs(module: nn.Module) -> None:
    """Copy what a compiled module returns: the next replay of a CUDA graph writes where the last one did.

    Beliefs are held over the next call by `multistep`, by `ClassifierFree` and by finished batches.
    """
    compiled: Any = module._compiled_call_impl

    def call(*words: Any, **named: Any) -> Any:
        return _mapped(compiled(*words, **named), Tensor.clone)

    module._compiled_call_impl = call


def networks(value: object) -> Iterator[nn.Module]:
    """Yield every network in a value, also inside tuples and dataclasses."""
    if isinstance(value, nn.Module):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from networks(item)
    elif is_dataclass(value):
        for part in fields(value):
            yield from networks(getattr(value, part.name))


def _send(value: Any, device: torch.device) -> Any:
    return _mapped(value, lambda told: told.to(device))


def _mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Return a value with every tensor changed, also inside tuples, lists, mappings and frozen dataclasses."""
    if isinstance(value, Tensor):
        return change(value)
    if isinstance(value, tuple | list):
        items = [_mapped(item, change) for item in value]
        if isinstance(value, list):
            return items
        return value._make(items) if hasattr(value, "_make") else tuple(items)  # a named tuple stays one
    if isinstance(value, Mapping):
        return {key: _mapped(item, change) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        moved = {f.name: _mapped(getattr(value, f.name), change) for f in fields(value) if f.init}
        return replace(value, **moved)
    return value
