"""How far each tool can be trusted: learned from what became of calls and plans, and told to the planner."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from itertools import product
from typing import Any, Final, final

import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Guidance
from agentic_diffusion.denoising.state import Condition, Time
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.credit import Call, calls_of
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.leaning import (
    Heard,
    Leanings,
    Places,
    goal_of,
    places,
    told_words,
)
from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner
from agentic_diffusion.records import Outcome, Q, V

RECENT: Final = 4096
"""How many outcomes are remembered by name, so that each counts once."""

SCALE: Final = 3.0
"""How strongly trust tilts the planner, where nobody says otherwise."""


HEARS, LEAST, MOST = 300, 0.02, 0.98
"""Calls whose goals are remembered, and how far the words of a goal can lower and raise a chance."""


@final
@dataclass(frozen=True)
class Tally:
    """What was seen of one tool, as it weighed when it was last told of.

    Args:
        worked: Calls that worked, each counting as far as it is trusted.
        failed: Calls that did not.
        at: How many calls of all tools had been told by then.
    """

    worked: float
    failed: float
    at: int


class Kept(BaseModel):
    """A trust as plain JSON."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    prior: tuple[float, float]
    memory: float | None = Field(description="None for infinity")
    half_life: float | None = Field(description="None for infinity")
    room: int
    told: int = Field(ge=0)
    tools: dict[str, tuple[float, float, int]]
    recent: list[str]
    hears: int = HEARS
    heard: list[tuple[tuple[int, ...], str, float, float, int]] = Field(default=[], description="see `Heard`")


@final
class ToolTrust:
    """Learns how often each tool works, forgets slowly, and makes the planner prefer the tools that do.

    The chance that a tool works is the mean of a Beta posterior, (a + worked) / (a + b + worked + failed). A call
    counts as far as its source is trusted. It forgets in two ways. With each call of a tool, the earlier calls of this
    tool count 1 − 1/`memory` as much as before: so a tool that got worse is left soon. And whatever was seen counts
    half after `half_life` further calls, of whatever tool: so one that nobody calls any more is tried again some day.

    It is told of single calls (`watches=` of a tool graph, `ToolFeedback`) or of whole plans (`learns=`,
    `PlanOutcomes`), or of both, as each outcome counts once. A plan that comes with the rewards of its steps is taken
    step by step. Of another, such as a report on a whole plan, what worked speaks for every call, and what failed
    speaks against each for its share. It is safe to tell it in one thread while another plans.

    A tool that works for some goals and fails for others averages out. So goals are heard too: what became of calls for
    goals in like words raises or lowers the chance that the tool has in general (see `Leanings`). Of a goal hashes of
    its words are remembered, nothing else.

    Args:
        prior: a and b: calls that worked and failed, as if seen before the first.
        memory: How many of its last calls a tool is mainly judged by; infinity weighs all alike. More tell small
            differences apart, fewer notice a change sooner.
        half_life: Calls of all tools after which what was seen counts half; infinity for never.
        room: Tools to remember; beyond it the one that was told of longest ago is forgotten.
        hears: Calls whose goals are remembered; 0 for trust that is the same for every goal.
    """

    def __init__(
        self,
        *,
        prior: tuple[float, float] = (1.0, 1.0),
        memory: float = 10.0,
        half_life: float = 1000.0,
        room: int = 10_000,
        hears: int = HEARS,
    ) -> None:
        if not (min(prior) > 0 and memory > 1 and half_life > 0 and room >= 1 and hears >= 0):
            raise InvalidConfigError(
                f"ToolTrust(prior={prior}, memory={memory}, half_life={half_life}, room={room}, hears={hears})",
                "two numbers above 0, memory above 1, a half-life above 0, room for a tool, and hears not below 0",
                "The defaults are (1, 1), 10 calls, 1,000 calls, 10,000 tools and 300 calls.",
            )
        self.prior, self.memory, self.half_life, self.room = prior, memory, half_life, room
        self.told = 0
        self._tools: OrderedDict[str, Tally] = OrderedDict()
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._leanings = Leanings(hears)
        self._lock = threading.RLock()

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in what became of a call or of a plan; rewards are read as shares of success, from 0 to 1."""
        heard = places(goal_of(outcome.request))
        with self._lock:
            for call in calls_of(outcome):
                if call.name not in self._recent:
                    self._count(call, heard)
                    self._recent[call.name] = None
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)

    def _count(self, call: Call, heard: Places) -> None:
        weight, usual = call.worked + call.failed, self.chance(call.tool)
        self.told += 1
        self._leanings.add([Heard(heard, call.tool, call.worked / weight - usual, weight, self.told)])
        before, kept = self._now(call.tool), 1 - 1 / self.memory
        worked, failed = kept * before.worked + call.worked, kept * before.failed + call.failed
        self._tools[call.tool] = Tally(worked, failed, self.told)
        self._tools.move_to_end(call.tool)
        if len(self._tools) > self.room:
            self._tools.popitem(last=False)

    def _now(self, tool: str) -> Tally:
        """Return what was seen of a tool, as far as it is not forgotten."""
        seen = self._tools.get(tool, Tally(0.0, 0.0, self.told))
        kept = 0.5 ** ((self.told - seen.at) / self.half_life)
        return Tally(kept * seen.worked, kept * seen.failed, self.told)

    def chance(self, tool: str, *, goal: str = "") -> float:
        """Return the chance that a call of this tool works, for a goal or in general; that of the prior at first."""
        return self.chances([tool], words=places(goal))[tool]

    def chances(self, tools: Sequence[str] | None = None, *, words: Sequence[int] = ()) -> dict[str, float]:
        """Return the chance of each of these tools; of all that were told of where they are left out.

        Args:
            tools: Their names.
            words: The words of a goal (see `places`); none for goals in general.
        """
        good, bad = self.prior
        with self._lock:
            leans = self._leanings.of(words, self.told) if words else {}
            seen = {name: self._now(name) for name in (self._tools if tools is None else tools)}
        usual = {
            name: (good + one.worked) / (good + bad + one.worked + one.failed) for name, one in seen.items()
        }
        return {
            name: min(MOST, max(LEAST, chance + leans[name])) if name in leans else chance
            for name, chance in usual.items()
        }

    def guide(self, planner: ToolPlanner, *, scale: float = SCALE) -> ToolPlanner:
        """Return the planner with a guide that follows this trust from now on, whatever it learns later.

        Args:
            planner: A planner that `tool_planner` made.
            scale: How strongly trust tilts its belief; 1 multiplies the belief in a tool by the chance that it works.

        Raises:
            InvalidConfigError: It is another planner.
        """
        domain = getattr(planner, "domain", None)
        if not isinstance(domain, ToolPlanDomain):
            raise InvalidConfigError(
                f"a {type(planner).__name__} over {type(domain).__name__}",
                "a planner of tools",
                "Use `tool_planner`; guide the planner first where it goes into a `Batcher`.",
            )
        heard = replace(domain, further=told_words) if self.hears else domain
        return replace(
            planner, domain=heard, guides=(*planner.guides, Trusted(self, domain.catalogue, scale))
        )

    @property
    def hears(self) -> int:
        """Calls whose goals are remembered."""
        return self._leanings.calls.maxlen or 0

    def packed(self) -> dict[str, JsonValue]:
        """Return all that it knows as plain JSON, for a file, a database or the card of a planner."""
        with self._lock:
            kept = Kept(
                prior=self.prior,
                memory=_finite(self.memory),
                half_life=_finite(self.half_life),
                room=self.room,
                told=self.told,
                tools={name: (seen.worked, seen.failed, seen.at) for name, seen in self._tools.items()},
                recent=list(self._recent),
                hears=self.hears,
                heard=[(c.words, c.tool, c.surplus, c.weight, c.at) for c in self._leanings.calls],
            )
        return kept.model_dump(mode="json")

    @classmethod
    def unpacked(cls, card: Mapping[str, Any]) -> ToolTrust:
        """Return the trust that `packed` wrote down.

        Raises:
            StoreError: This is none.
        """
        try:
            kept = Kept.model_validate(card)
            memory, half_life = kept.memory or math.inf, kept.half_life or math.inf
            trust = cls(
                prior=kept.prior, memory=memory, half_life=half_life, room=kept.room, hears=kept.hears
            )
        except (ValidationError, InvalidConfigError) as error:
            raise StoreError(
                f"a trust that cannot be read ({error})"[:300],
                "what `ToolTrust.packed` returns",
                "Save it again with this version.",
            ) from error
        trust.told = kept.told
        trust._tools.update((name, Tally(*seen)) for name, seen in kept.tools.items())
        trust._recent.update(dict.fromkeys(kept.recent))
        trust._leanings.add(Heard(*call) for call in kept.heard)
        return trust

    def __reduce__(self) -> tuple[Any, ...]:
        return ToolTrust.unpacked, (self.packed(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> ToolTrust:
        return self  # a planner that is copied to another device still listens to the same learner


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


@final
@dataclass(frozen=True, eq=False)
class Trusted:
    """A guide: moves belief from tools that fail to their rivals that work.

    log p(k) ← log p(k) + scale · log trust(k) − log Σᵣ p(r) trust(r)ˢᶜᵃˡᵉ / Σᵣ p(r), the sums over the rivals of k: the
    tools that give one of its facts, itself among them. So trust chooses among rivals; how much is believed in them
    together, against other tools and against an end of the plan, stays as it is, where they are all rivals of each
    other. Tools of which nobody has said what they give are that. Where the context tells the words of the goal, it is
    trust for this goal.

    Args:
        trust: What was learned; it may go on learning.
        catalogue: The tools of the planner.
        scale: Strength of the tilt.
    """

    trust: ToolTrust
    catalogue: Catalogue
    scale: float = SCALE
    _last: list[tuple[int, int, Tensor | None, Tensor]] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.scale >= 0:
            raise InvalidConfigError(f"scale={self.scale}", "a number from 0", f"{SCALE} is a fair start.")

    @cached_property
    def rivals(self) -> tuple[Tensor, Tensor]:
        """The kind of each tool, for tools that give the same are alike; and pairs of kinds that share a fact."""
        given = [frozenset(spec.gives or ("",)) for spec in self.catalogue.tools]
        kinds = {gives: kind for kind, gives in enumerate(dict.fromkeys(given))}
        giving: dict[str, list[int]] = {}
        for gives, kind in kinds.items():
            for fact in gives:
                giving.setdefault(fact, []).append(kind)
        pairs = sorted({pair for some in giving.values() for pair in product(some, some)})
        return torch.tensor([kinds[gives] for gives in given]), torch.tensor(pairs).T

    def under(self, condition: Condition[Tensor]) -> Guidance[Tensor, Categorical]:
        """Return the guide for what is asked."""
        words = condition.context.get("words")
        return self if words is None else partial(self._tilted, words)

    def __call__(self, belief: Categorical, x: Tensor, t: Time) -> Categorical:
        """Return the tilted belief, whatever is asked."""
        return self._tilted(None, belief, x, t)

    def _tilt(self, words: Tensor | None) -> Tensor:
        """Return scale · log trust of each tool, for each row of words; made anew when something was learned."""
        told, names = self.trust.told, [tool.name for tool in self.catalogue.tools]
        for last, _, about, kept in self._last[:1]:
            if last == told and about is words:
                return kept
        goals = [()] if words is None else [tuple(w for w in row if w >= 0) for row in words.tolist()]
        known = {goal: [*self.trust.chances(names, words=goal).values()] for goal in dict.fromkeys(goals)}
        tilt = self.scale * torch.tensor([[known[goal]] for goal in goals]).log()
        self._last[:] = [(told, id(words), words, tilt)]  # other threads keep theirs in the same place
        return tilt

    def _tilted(self, words: Tensor | None, belief: Categorical, x: Tensor, t: Time) -> Categorical:
        count, logits = len(self.catalogue), belief.logits
        kind, (ones, others), tilt = (part.to(logits.device) for part in (*self.rivals, self._tilt(words)))
        believed = logits.float().softmax(dim=-1)[..., :count]
        shares = torch.stack([believed, believed * tilt.exp()])
        kinds = shares.new_zeros(*shares.shape[:-1], int(kind.max()) + 1)
        alike = kinds.index_add(-1, kind, shares)
        rivals = kinds.index_add(-1, ones, alike[..., others])[..., kind]
        least = torch.finfo(rivals.dtype).tiny
        shift = rivals[1].clamp(min=least).log() - rivals[0].clamp(min=least).log()
        tilted = logits.clone()
        tilted[..., :count] += torch.where(rivals[0] > 0, tilt - shift, tilt).to(logits.dtype)
        return replace(belief, logits=tilted)
