"""Leanings: how much better or worse than usual a tool works for goals in words like these."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, final
from zlib import crc32

import torch
from jaxtyping import Int
from torch import Tensor

from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import words

PLACES, STEM, SPREAD = 32, 5, 1 << 24
"""Words of a goal that are heard, letters that tell a word, and the numbers they are hashed into."""

NEAR, DOUBT, HALF = 2.0, 0.5, 60.0
"""The power of likeness, the weight that believes half of what was heard, and calls after which it counts half."""

Places: TypeAlias = tuple[int, ...]
"""The words of a goal as sorted hashes."""


def places(goal: str) -> Places:
    """Return the different words of a goal as hashes of their first letters, so that forms of a word are one."""
    told = dict.fromkeys(crc32(word[:STEM].encode()) % SPREAD for word in words(goal))
    return tuple(sorted([*told][:PLACES]))


def goal_of(request: Any) -> str:
    """Return the goal of a request, also where it is plain JSON; nothing where it has none."""
    goal = request.get("goal") if isinstance(request, Mapping) else getattr(request, "goal", None)
    return goal if isinstance(goal, str) else ""


def told_words(request: ToolRequest) -> Mapping[str, Int[Tensor, "one places"]]:
    """Return the words of a request for a denoiser's context; -1 fills what is left."""
    heard = places(request.goal)
    return {"words": torch.tensor([[*heard, *[-1] * (PLACES - len(heard))]])}


class Heard(NamedTuple):
    """What became of one call.

    Args:
        words: The words of the goal.
        tool: The tool.
        surplus: How much better it went than the tool usually did by then, from -1 to 1.
        weight: How far that is believed.
        at: How many calls had been told by then.
    """

    words: Places
    tool: str
    surplus: float
    weight: float
    at: int


@final
class Leanings:
    """Remembers calls with the words of their goals, and says how far like words raise or lower the chance of a tool.

    leaning = Σᵢ wᵢ sᵢ / (d + Σᵢ wᵢ) over the calls of the tool, sᵢ the surplus over what the tool did in general by
    then, wᵢ = trust · likenessᵖ · ½^(age / half). Likeness is a cosine of rare words, so that what all goals say tells
    nothing. With little evidence nothing leans; a tool that gets worse for all goals has no surplus and no leaning.

    Args:
        room: Calls to remember, the newest ones.
    """

    def __init__(self, room: int) -> None:
        self.calls: deque[Heard] = deque(maxlen=room)

    def add(self, calls: Iterable[Heard]) -> None:
        """Remember calls; goals without words tell nothing."""
        self.calls.extend(call for call in calls if call.words)

    def of(self, goal: Sequence[int], now: int) -> Mapping[str, float]:
        """Return the leaning of each tool that was called for goals with a word of this one.

        Args:
            goal: The words.
            now: How many calls have been told.
        """
        often = Counter(word for call in self.calls for word in call.words)
        rare = {word: math.log((1 + len(self.calls)) / (1 + count)) ** 2 for word, count in often.items()}
        new = math.log(1 + len(self.calls)) ** 2
        wanted, size = set(goal), 1 + sum(rare.get(word, new) for word in goal)
        weights, sums = Counter[str](), Counter[str]()
        for call in self.calls:
            common = sum(rare[word] for word in call.words if word in wanted)
            if common:
                like = common / math.sqrt(size * (1 + sum(rare[word] for word in call.words)))
                weight = call.weight * like**NEAR * 0.5 ** ((now - call.at) / HALF)
                weights[call.tool] += weight
                sums[call.tool] += weight * call.surplus
        return {tool: sums[tool] / (DOUBT + weight) for tool, weight in weights.items()}
