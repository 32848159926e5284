"""What programs on their way are worth, so that candidates can compete while they are written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from torch import Tensor

from .domain import CodeRequest, keeps
from .grammar import Parses, trouble
from .language import by_name
from .sandbox.base import Sandbox
from .verify import verify

Reward: TypeAlias = Callable[[CodeRequest, str, bool], float]
"""From a request, a text, and whether it is finished to what it is worth, in [0, 1]."""


@final
@dataclass(frozen=True)
class Soundness:
    """What a text is worth: on its way the share of it that lies in no syntax error, finished the tests that it passes.

    A finished program that does not parse, or does not keep what was given, is worth nothing; one that does is worth a
    half, and a half more by the share of its tests. Without tests or a sandbox the second half is not to be had.

    Args:
        sandbox: Where the shown tests run.
        parses: The parser of each language.
    """

    sandbox: Sandbox | None = None
    parses: Parses = trouble

    def __call__(self, request: CodeRequest, source: str, finished: bool) -> float:
        """Return what a text is worth."""
        if not finished:
            return 0.5 * by_name(request.language).score(source)
        whole = source + "\n" + request.suffix if request.suffix.strip() else source
        if not source.strip() or self.parses(whole, request.language) or not keeps(source, request):
            return 0.0
        if self.sandbox is None or not request.tests:
            return 0.5
        judged = verify(whole, request.task(), sandbox=self.sandbox, limits=request.limits)
        return 0.5 + 0.5 * judged.score


def scored(
    reward: Reward, request: CodeRequest, *, text: Callable[[Tensor], str], end: int, weight: float
) -> Callable[[Tensor], Tensor]:
    """Return the scores of rows of tokens: what each is worth, times a weight; no text is asked about twice.

    Args:
        reward: What a text is worth.
        request: What it is for.
        text: From a row to its text.
        end: Ends a program.
        weight: How much better a candidate of worth 1 is than one of worth 0, in nats.
    """
    known: dict[tuple[str, bool], float] = {}

    def of(rows: Tensor) -> Tensor:
        worth = []
        for row in rows:
            asked = text(row), bool((row == end).any())
            if asked not in known:
                known[asked] = reward(request, *asked)
            worth.append(weight * known[asked])
        return torch.tensor(worth)

    return of
