"""What a model thinks of a finished program: of tokens and lines, and the numbers that confidence is fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from .model.reading import Reads

STRIDE = 4
DOUBTED = 0.5
"""The probability of its least sure token under which a line is told to be doubted."""
TOLD = 3
"""Lines that are told at most."""


@runtime_checkable
class Scans(Protocol):
    """A model that can look back at a finished program."""

    def scan(
        self, prompt: Sequence[int], program: Sequence[int], *, block: int
    ) -> Float[Tensor, "length vocabulary"]:
        """Return the log-probabilities of every token at each place, given only what is before the place."""
        ...


@runtime_checkable
class ScansMany(Scans, Protocol):
    """A model that can look back at several programs in one call."""

    def scans(
        self, prompt: Sequence[int], programs: Sequence[Sequence[int]], *, block: int
    ) -> list[Float[Tensor, "length vocabulary"]]:
        """Return what `scan` says of each."""
        ...


def chances(
    model: Reads, prompt: Sequence[int], ids: Sequence[int], *, mask: int, block: int
) -> Float[Tensor, " length"]:
    """Return the log-probability of each token of a program.

    A model that can look back tells it given all before the token; another is asked with each token hidden once, every
    fourth at a time, and all others in view.
    """
    row = torch.tensor(ids)
    if isinstance(model, Scans):
        return model.scan(prompt, ids, block=block).gather(1, row[:, None])[:, 0]
    hidden = torch.arange(len(row))[None] % STRIDE == torch.arange(STRIDE)[:, None]
    logp = model.open(prompt).look(torch.where(hidden, mask, row)).float().cpu().log_softmax(-1)
    own = logp.gather(-1, row.expand(STRIDE, -1)[..., None])[..., 0][hidden.nonzero(as_tuple=True)]
    return torch.zeros(len(row)).scatter(0, hidden.nonzero()[:, 1], own)


def by_line(
    chance: Float[Tensor, " length"], places: Sequence[tuple[int, int]], text: str, *, fixed: int
) -> tuple[float, ...]:
    """Return the probability of the least sure token of each line; 1 where all were given.

    Args:
        chance: The log-probability of each token.
        places: Where in the text each token lies.
        text: The program.
        fixed: How many of the first tokens were given.
    """
    lines = [1.0] * (text.count("\n") + 1 if text else 0)
    for index, (start, end) in enumerate(places):
        if index >= fixed and start < end:
            line = text.count("\n", 0, start)
            lines[line] = min(lines[line], float(chance[index].exp()))
    return tuple(lines[: len(text.rstrip().split("\n"))])


def doubted(source: str, lines: Sequence[object]) -> tuple[str, ...]:
    """Return in words which lines of a program a model doubts most, the most doubtful first; none that it is sure of.

    Args:
        source: The program.
        lines: The probability of the least sure token of each line.
    """
    chances = [(float(str(chance)), number) for number, chance in enumerate(lines)]
    texts = source.split("\n")
    worst = [(c, n) for c, n in sorted(chances) if c < DOUBTED and n < len(texts)][:TOLD]
    return tuple(f"doubts line {n + 1} ({c:.2f}): {texts[n].strip()}" for c, n in worst)


def features(chance: Float[Tensor, " length"], *, strange: bool) -> tuple[float, ...]:
    """Return the logarithms of the total and of the mean surprise, in nats, and whether something is strange.

    Chances to be right fall with the logarithm of surprise about evenly; with surprise itself they do not.

    Args:
        chance: The log-probability of each token that was written.
        strange: Whether the program uses a name that nothing binds.
    """
    surprise = -chance.clamp(min=-20.0)
    return math.log(float(surprise.sum()) + 1e-2), math.log(float(surprise.mean()) + 1e-4), float(strange)
