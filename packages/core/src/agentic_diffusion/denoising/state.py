"""The indoor nouns: a condition that pins what is decided, and one step of denoising."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, TypeAlias, TypeVar, final

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from agentic_diffusion.errors import InvalidStateError

X = TypeVar("X")
B = TypeVar("B")

Time: TypeAlias = Float[Tensor, "*batch"]
"""Noise level in [0, 1]: 1 is noise, 0 is the truth. A scalar, or one value a sample."""

Rng: TypeAlias = torch.Generator
"""Where randomness comes from; always an argument."""

EMPTY: Mapping[str, Tensor] = MappingProxyType({})


def unpinned(x: X) -> X:
    """Pin nothing."""
    return x


@final
@dataclass(frozen=True)
class Inpaint:
    """Writes known values back wherever a mask is true (Janner et al. 2022, arXiv:2205.09991, sec. 3.3).

    Args:
        values: The known values; broadcasts against the state.
        mask: True where a value is known; same shape as `values`.
    """

    values: Shaped[Tensor, "..."]
    mask: Bool[Tensor, "..."]

    def __call__(self, x: Tensor) -> Tensor:
        """Return `x` with the known entries restored."""
        return torch.where(self.mask, self.values, x)


@final
@dataclass(frozen=True)
class Condition(Generic[X]):
    """What is already decided (`pin`) and what the denoiser may read (`context`).

    Args:
        pin: Writes the decided part back into a state.
        context: Named tensors whose first axis is the batch, or 1 for all samples alike.
    """

    pin: Callable[[X], X] = unpinned
    context: Mapping[str, Tensor] = field(default_factory=lambda: EMPTY)


@final
class Shared(Mapping[str, Tensor]):
    """A context of which several samples share a row; whoever reads it finds a row for each sample.

    A network that looks at the request alone for a while can read `rows` instead, and so do that once for a request.

    Args:
        rows: Named tensors with one row for each request.
        of: The row of each sample.
    """

    def __init__(self, rows: Mapping[str, Tensor], of: Int[Tensor, " batch"]) -> None:
        self.rows, self.of = rows, of
        self._own: dict[str, Tensor] = {}

    def __getitem__(self, name: str) -> Tensor:
        """Return the rows of all samples; what all requests have in common is not copied."""
        if name not in self._own:
            told, count = self.rows[name], len(self.of)
            alike = told.stride(0) == 0
            self._own[name] = told[:1].expand(count, *told.shape[1:]) if alike else told[self.of]
        return self._own[name]

    def __iter__(self) -> Iterator[str]:
        """Name what can be read."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Count what can be read."""
        return len(self.rows)

    def some(self, index: Int[Tensor, " some"]) -> Shared:
        """Return the context of some samples."""
        return Shared(self.rows, self.of[index])


@final
@dataclass(frozen=True)
class Step(Generic[X, B]):
    """One position of the loop.

    Args:
        x: The state.
        t: Its noise level.
        belief: The last belief that was formed, if any.
        since: The noise level at which that belief was formed.
        score: How good each sample is so far, where the kernel counts it.
    """

    x: X
    t: Time
    belief: B | None = None
    since: Time | None = None
    score: Float[Tensor, " batch"] | None = None


def generator(seed: int) -> Rng:
    """Return a seeded source of randomness that gives the same numbers on every device."""
    return torch.Generator().manual_seed(seed)


@final
class Shares(torch.Generator):
    """A source of randomness made of several, each for its own neighbouring samples of a batch.

    What `normal` and `uniform` draw from it for a batch is what each part would draw for its own samples alone, so
    several batches can be denoised as one without a change of what is drawn.

    Args:
        parts: The sources.
        rows: Samples of each.
    """

    parts: tuple[torch.Generator, ...]
    rows: int

    def __new__(cls, parts: Sequence[torch.Generator], *, rows: int) -> Shares:
        """Make one source out of several."""
        made = super().__new__(cls)
        made.parts, made.rows = tuple(parts), rows
        return made

    def __init__(self, parts: Sequence[torch.Generator], *, rows: int) -> None:
        super().__init__()

    def draw(self, shape: Sequence[int], one: Callable[[Sequence[int], Rng], Tensor]) -> Tensor:
        """Draw for a batch: `one` is asked for each part and the shape of its samples.

        Raises:
            InvalidStateError: The batch has another number of samples.
        """
        if not shape or shape[0] != self.rows * len(self.parts):
            raise InvalidStateError(
                f"randomness of shape {tuple(shape)} for {len(self.parts)} times {self.rows} samples",
                "one row for each sample",
                "Draw what belongs to samples alone, or plan one request at a time.",
            )
        return torch.cat([one((self.rows, *shape[1:]), part) for part in self.parts])


def _normal(shape: Sequence[int], rng: Rng) -> Tensor:
    return torch.randn(*shape, generator=rng, device=rng.device, dtype=torch.float32)


def _uniform(shape: Sequence[int], rng: Rng) -> Tensor:
    return torch.rand(*shape, generator=rng, device=rng.device, dtype=torch.float32)


def normal(like: Float[Tensor, "..."], rng: Rng) -> Float[Tensor, "..."]:
    """Draw standard normal numbers shaped like `like`, equal on every device for one seed."""
    drawn = rng.draw(like.shape, _normal) if isinstance(rng, Shares) else _normal(like.shape, rng)
    return drawn.to(like)


def uniform(like: Shaped[Tensor, "..."], rng: Rng) -> Float[Tensor, "..."]:
    """Draw numbers from [0, 1) shaped like `like`, equal on every device for one seed."""
    drawn = rng.draw(like.shape, _uniform) if isinstance(rng, Shares) else _uniform(like.shape, rng)
    return drawn.to(like.device)


def expand(t: Time, like: Shaped[Tensor, "..."]) -> Float[Tensor, "..."]:
    """Give a scalar or per-sample time the axes of `like`, so that the two broadcast."""
    return t.reshape(t.shape + (1,) * (like.ndim - t.ndim)) if t.ndim else t
