"""How much memory a piece of work needs and took, and whether an error means that there was too little."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from agentic_diffusion.errors import BudgetError


@final
class _Counter(TorchFunctionMode):
    """Adds up the bytes of every tensor that a torch function returns; stops where they are more than `most`."""

    def __init__(self, most: float = math.inf) -> None:
        super().__init__()
        self.total: int = 0
        self.most = most

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in out if isinstance(out, tuple | list) else (out,):
            if isinstance(value, Tensor):
                self.total += value.numel() * value.element_size()
        if self.total > self.most:
            raise MemoryError(f"more than the {self.most} bytes that were granted")
        return out


def bytes_needed(call: Callable[[], Any]) -> int:
    """Return the bytes of everything that torch functions return inside `call`.

    A cautious figure for the activations alive at one time: views count as copies, and nothing is taken off for
    what is freed on the way.
    """
    counter = _Counter()
    with counter:
        call()
    return max(1, counter.total)


@contextmanager
def bounded(memory_bytes: int | None) -> Iterator[None]:
    """Stop work inside as soon as torch functions have returned more bytes, counted as by `bytes_needed`.

    Args:
        memory_bytes: The most bytes; None stops nothing.

    Raises:
        MemoryError: The work needs more.
    """
    if memory_bytes is None:
        yield
        return
    with _Counter(memory_bytes):
        yield


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the GPU or on the host, and nothing was tried yet."""
    if isinstance(error, BudgetError):
        return False  # it says so of work that was made as small as can be
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    words = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
    return isinstance(error, RuntimeError) and any(word in text for word in words)


@final
@dataclass(frozen=True)
class Peak:
    """The most memory that was in use.

    Args:
        host: Largest resident size of the process so far, in bytes; 0 where the system does not say.
        grew: How much of that came about during the work: 0 where it fitted into what had been used before.
        device: Most bytes of tensors on the GPU during the work; None without a GPU.
    """

    host: int
    grew: int
    device: int | None


@final
@dataclass
class MemoryWatch:
    """Watches the memory of a piece of work from now on.

    The peak of a GPU is counted by torch for the whole process: work beside this one is counted with it.

    Args:
        device: Where the work runs.
    """

    device: torch.device
    begun: int = field(init=False)

    def __post_init__(self) -> None:
        self.begun = host_peak()
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def peak(self) -> Peak:
        """Return the peak until now."""
        host = host_peak()
        most = torch.cuda.max_memory_allocated(self.device) if self.device.type == "cuda" else None
        return Peak(host, host - self.begun, most)


def host_peak() -> int:
    """Return the largest resident size of this process so far, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:  # Windows has no such module
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
