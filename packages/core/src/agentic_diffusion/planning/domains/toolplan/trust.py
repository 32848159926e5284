"""How far each tool can be trusted: learned from what became of calls and plans, and told to the planner."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from typing import Any, Final, final

import torch
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from torch import Tensor

from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.state import Time
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.planning.domains.toolplan.catalogue import Catalogue
from agentic_diffusion.planning.domains.toolplan.credit import Call, calls_of
from agentic_diffusion.planning.domains.toolplan.domain import ToolPlanDomain
from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner
from agentic_diffusion.records import Outcome, Q, V

RECENT: Final = 4096
"""How many outcomes are remembered by name, so that each counts once."""

SCALE: Final = 3.0
"""How strongly trust tilts the planner, where nobody says otherwise."""


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

    Args:
        prior: a and b: calls that worked and failed, as if seen before the first.
        memory: How many of its last calls a tool is mainly judged by; infinity weighs all alike. More tell small
            differences apart, fewer notice a change sooner.
        half_life: Calls of all tools after which what was seen counts half; infinity for never.
        room: Tools to remember; beyond it the one that was told of longest ago is forgotten.
    """

    def __init__(
        self,
        *,
        prior: tuple[float, float] = (1.0, 1.0),
        memory: float = 10.0,
        half_life: float = 1000.0,
        room: int = 10_000,
    ) -> None:
        if not (min(prior) > 0 and memory > 1 and half_life > 0 and room >= 1):
            raise InvalidConfigError(
                f"ToolTrust(prior={prior}, memory={memory}, half_life={half_life}, room={room})",
                "two numbers above 0, memory above 1, a half-life above 0 and room for at least one tool",
                "The defaults are (1, 1), 10 calls, 1,000 calls and 10,000 tools.",
            )
        self.prior, self.memory, self.half_life, self.room = prior, memory, half_life, room
        self.told = 0
        self._tools: OrderedDict[str, Tally] = OrderedDict()
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.RLock()

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in what became of a call or of a plan; rewards are read as shares of success, from 0 to 1."""
        with self._lock:
            for call in calls_of(outcome):
                if call.name not in self._recent:
                    self._count(call)
                    self._recent[call.name] = None
            while len(self._recent) > RECENT:
                self._recent.popitem(last=False)

    def _count(self, call: Call) -> None:
        self.told += 1
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

    def chance(self, tool: str) -> float:
        """Return the chance that a call of this tool works; the mean of the prior where nothing is known of it."""
        with self._lock:
            seen = self._now(tool)
        good, bad = self.prior
        return (good + seen.worked) / (good + bad + seen.worked + seen.failed)

    def chances(self, tools: Sequence[str] | None = None) -> dict[str, float]:
        """Return the chance of each of these tools; of all that were told of where they are left out."""
        with self._lock:
            return {name: self.chance(name) for name in (list(self._tools) if tools is None else tools)}

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
        return replace(planner, guides=(*planner.guides, Trusted(self, domain.catalogue, scale)))

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
            trust = cls(prior=kept.prior, memory=memory, half_life=half_life, room=kept.room)
        except (ValidationError, InvalidConfigError) as error:
            raise StoreError(
                f"a trust that cannot be read ({error})"[:300],
                "what `ToolTrust.packed` returns",
                "Save it again with this version.",
            ) from error
        trust.told = kept.told
        trust._tools.update((name, Tally(*seen)) for name, seen in kept.tools.items())
        trust._recent.update(dict.fromkeys(kept.recent))
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
    other. Tools of which nobody has said what they give are that.

    Args:
        trust: What was learned; it may go on learning.
        catalogue: The tools of the planner.
        scale: Strength of the tilt.
    """

    trust: ToolTrust
    catalogue: Catalogue
    scale: float = SCALE
    _last: list[tuple[int, Tensor]] = field(default_factory=list, init=False, repr=False)

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

    def _tilt(self) -> Tensor:
        """Return scale · log trust of each tool; made anew when something was learned."""
        told = self.trust.told
        if not self._last or self._last[0][0] != told:
            chances = self.trust.chances([tool.name for tool in self.catalogue.tools])
            self._last[:] = [(told, self.scale * torch.tensor(list(chances.values())).log())]
        return self._last[0][1]

    def __call__(self, belief: Categorical, x: Tensor, t: Time) -> Categorical:
        """Return the tilted belief."""
        count, logits = len(self.catalogue), belief.logits
        kind, (ones, others), tilt = (part.to(logits.device) for part in (*self.rivals, self._tilt()))
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
