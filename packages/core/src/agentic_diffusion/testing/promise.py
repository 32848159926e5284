"""What every proof is made of: a promise that is kept, or an error that says which one was broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from agentic_diffusion.denoising.state import Rng, generator
from agentic_diffusion.errors import AgenticDiffusionError, ContractError

FIT = "a process, a kernel and a denoiser that speak of the same beliefs"
PAIR = (
    "Pair GaussianProcess with a denoiser that returns Gaussian, MaskedProcess with one that returns Categorical, "
    "and build both with the same shapes, schedule and mask token."
)


def promise(kept: bool, *, expected: str, given: str, action: str) -> None:
    """Raise a `ContractError` unless the promise is kept."""
    if not kept:
        raise ContractError(given, expected, action)


@contextmanager
def wired(where: str, *, expected: str = FIT, action: str = PAIR) -> Iterator[None]:
    """Say in plain words where a component fell over."""
    try:
        yield
    except AgenticDiffusionError:
        raise
    except Exception as error:
        raise ContractError(f"{type(error).__name__} in {where}: {error}", expected, action) from error


def same(a: Tensor, b: Tensor, *, within: float = 0.0) -> bool:
    """Whether two states have one shape, one dtype and the same values."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return (
        bool(torch.allclose(a, b, rtol=0.0, atol=within)) if a.is_floating_point() else bool((a == b).all())
    )


def alike(name: str, x: Tensor, like: Tensor) -> None:
    """Promise that a state keeps its shape and dtype, and that its numbers are finite."""
    promise(
        x.shape == like.shape and x.dtype == like.dtype,
        expected=f"{name} to keep shape {tuple(like.shape)} and {like.dtype}",
        given=f"shape {tuple(x.shape)} and {x.dtype}",
        action="Return a state like the one that came in.",
    )
    promise(
        bool(torch.isfinite(x.float()).all()),
        expected=f"{name} to be finite",
        given="NaN or infinity",
        action="Look for a division by 1 - survival, which is 0 at t = 0.",
    )


def far(x: Tensor, clean: Tensor) -> float:
    """Return how far a state is from the truth: root mean square, or the share of tokens that differ."""
    return float(((x - clean) ** 2).mean().sqrt() if x.is_floating_point() else (x != clean).double().mean())


def repeats(name: str, draw: Callable[[Rng], Tensor], seed: int) -> Tensor:
    """Draw twice from the same seed, compare, and return what was drawn."""
    first, again = draw(generator(seed)), draw(generator(seed))
    promise(
        same(first, again),
        expected=f"{name} to tell the same story for the same seed",
        given="two different results",
        action="Draw every random number from the rng that is passed in, with torch.*(generator=rng).",
    )
    return first
