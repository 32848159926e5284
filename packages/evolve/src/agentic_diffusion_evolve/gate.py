"""The gate: a candidate takes the incumbent's place only where paired trials say it is not worse."""

from __future__ import annotations

import logging
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.records import Outcome, Record, Verdict
from pydantic import Field, JsonValue

from agentic_diffusion_evolve.measure import Bound, student, weighted_median
from agentic_diffusion_evolve.world import World, tried

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)


class Trial(Record):
    """What one source says of one task, tried with both planners from the same seed.

    Args:
        source: Who says so.
        trust: How far it is believed, in [0, 1].
        candidate: The reward of the candidate's plan.
        incumbent: The reward of the incumbent's plan.
    """

    source: str
    trust: float = Field(default=1.0, ge=0.0, le=1.0)
    candidate: float
    incumbent: float


@final
@dataclass(frozen=True)
class Gate(Generic[Q, V]):
    """Tries both planners on held-out tasks from the same seeds and decides by a confidence interval.

    A candidate passes where the lower bound of its mean gain lies above `-margin`; a true loss of `margin` or more
    then passes in at most a share `alpha` of cases.

    No source decides alone. Each gets a bound of its own, at alpha divided by the number of sources, and the lower
    median of the bounds is taken, weighted by trust and by how many trials a source has seen. While those who lie
    hold less than half of the weight, a bound of an honest source lies at or above the one that decides.

    Args:
        tasks: Held-out tasks; none of them may have been trained on.
        world: Tries plans; many at once where it can (see `Spread`).
        seeds: Each task is tried once with each.
        margin: The loss of reward that may be overlooked; 0 asks for a gain.
        alpha: The share of bad candidates that may pass.
        bound: How the lower bound of a mean is computed; Student's t when left out.
    """

    tasks: Sequence[Q]
    world: World[Q, V]
    seeds: Sequence[int] = (0, 1, 2, 3)
    margin: float = 0.0
    alpha: float = 0.05
    bound: Bound = student

    def __post_init__(self) -> None:
        if len(self.tasks) * len(self.seeds) < 2 or not 0 < self.alpha < 0.5 or not self.margin >= 0:
            raise InvalidConfigError(
                f"Gate of {len(self.tasks)} tasks, {len(self.seeds)} seeds, alpha={self.alpha}, margin={self.margin}",
                "at least two trials, 0 < alpha < 0.5 and margin >= 0",
                "Hold out 20 tasks or more; a bound from few trials is wide.",
            )

    def __call__(self, candidate: Plans[Q, V], incumbent: Plans[Q, V]) -> Verdict:
        """Return whether the candidate may take the incumbent's place, and why."""
        return self.verdict(self.trials(candidate, incumbent, self.pairs()))

    def pairs(self) -> list[tuple[Q, int]]:
        """Return each task with each seed."""
        return [(task, seed) for task in self.tasks for seed in self.seeds]

    def trials(
        self, candidate: Plans[Q, V], incumbent: Plans[Q, V], pairs: Sequence[tuple[Q, int]]
    ) -> list[Trial]:
        """Try both planners on some of the pairs; trials of parts, one after the other, are those of the whole."""
        plans = (planner.plan(task, seed=seed) for task, seed in pairs for planner in (candidate, incumbent))
        told = tried(self.world, plans)
        return [trial for new, old in zip(told, told, strict=True) for trial in _paired(new, old)]

    def verdict(self, trials: Sequence[Trial]) -> Verdict:
        """Return what all trials together say."""
        verdict = judge(trials, margin=self.margin, alpha=self.alpha, bound=self.bound)
        log.info("gate passed=%s gain=%.4g trials=%d", verdict.passed, verdict.score, len(trials))
        return verdict


def _paired(new: Sequence[Outcome[Q, V]], old: Sequence[Outcome[Q, V]]) -> list[Trial]:
    """Return one trial a source that judged both plans."""
    told = []
    for outcomes in (new, old):
        by_source: dict[str, list[Outcome[Q, V]]] = defaultdict(list)
        for outcome in outcomes:
            by_source[outcome.source].append(outcome)
        told.append(by_source)
    return [
        Trial(
            source=source,
            trust=min(o.trust for o in (*told[0][source], *told[1][source])),
            candidate=fmean(o.reward for o in told[0][source]),
            incumbent=fmean(o.reward for o in told[1][source]),
        )
        for source in sorted(told[0].keys() & told[1].keys())
    ]


def judge(
    trials: Sequence[Trial], *, margin: float = 0.0, alpha: float = 0.05, bound: Bound = student
) -> Verdict:
    """Return the verdict of paired trials; the score is the robust mean gain.

    Evidence: the means, the gain with its bounds `lower` and `upper`, the number of trials, and the same for each
    source. Where nobody is trusted, nothing passes.
    """
    groups: dict[str, list[Trial]] = defaultdict(list)
    for trial in sorted(trials, key=lambda t: t.source):
        if trial.trust > 0:
            groups[trial.source].append(trial)
    if not groups:
        return Verdict(passed=False, score=0.0, evidence={"trials": 0, "why": "no trusted trial"})
    share = alpha / len(groups)
    gains = {s: [t.candidate - t.incumbent for t in group] for s, group in groups.items()}
    weights = [sum(t.trust for t in group) for group in groups.values()]
    lows = [bound(gain, share) for gain in gains.values()]
    highs = [-bound([-g for g in gain], share) for gain in gains.values()]
    lower = weighted_median(lows, weights)
    upper = -weighted_median([-high for high in highs], weights)
    gain = weighted_median([fmean(gain) for gain in gains.values()], weights)
    sources: dict[str, JsonValue] = {
        source: {
            "trials": len(gains[source]),
            "gain": fmean(gains[source]),
            "lower": _plain(low),
            "weight": weight,
        }
        for source, low, weight in zip(groups, lows, weights, strict=True)
    }
    known = [t for group in groups.values() for t in group]
    evidence: dict[str, JsonValue] = {
        "candidate": fmean(t.candidate for t in known),
        "incumbent": fmean(t.incumbent for t in known),
        "gain": gain,
        "lower": _plain(lower),
        "upper": _plain(upper),
        "margin": margin,
        "alpha": alpha,
        "trials": len(known),
        "sources": sources,
    }
    return Verdict(passed=lower > -margin, score=gain, evidence=evidence)


def _plain(number: float) -> float | None:
    """Return a finite number, or None where there were too few trials for a bound."""
    return number if math.isfinite(number) else None
