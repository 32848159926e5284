"""How much memory a piece of work needs, and whether an error means that there was too little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode


@final
class _Counter(TorchFunctionMode):
    """Adds up the bytes of every tensor that a torch function returns."""

    def __init__(self) -> None:
        super().__init__()
        self.total: int = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in out if isinstance(out, tuple | list) else (out,):
            if isinstance(value, Tensor):
                self.total += value.numel() * value.element_size()
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


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on the GPU or on the host."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, RuntimeError) and any(word in text for word in words)
