"""An apprentice: a planner of calls that practises, remembers, tunes itself, and changes only through a gate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, final

import torch
from agentic_diffusion.denoising.state import Rng
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.records import Outcome, Verdict
from agentic_diffusion_evolve.encoded import Encoded, encode
from agentic_diffusion_evolve.evict import Recent
from agentic_diffusion_evolve.gate import Trial, judge
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.shift import Drift
from agentic_diffusion_evolve.tune import FineTune
from agentic_diffusion_worlds.acting.deciding import fit_trust
from agentic_diffusion_worlds.acting.domain import Acting, bucket
from agentic_diffusion_worlds.acting.hindsight import calls_of, hindsight
from agentic_diffusion_worlds.acting.planner import CallPlanner, trainable
from agentic_diffusion_worlds.acting.pursue import Pursuit
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.acting.trust import Report, Trust, Trusting

Tried = Outcome[Situation, Calls]
Pursue = Callable[[CallPlanner, int], Pursuit[Situation, Calls]]
"""Pursues one held-out task, by its number, with a planner."""


SAME = 50
"""Reports by which the moment of one and the same change may be dated differently, when more is known of it."""


@final
@dataclass(frozen=True)
class Habits:
    """How an apprentice learns.

    Args:
        memory: Lessons that are remembered; older ones are let go.
        steps: Optimiser steps of one tuning.
        rate: Learning rate of a tuning.
        reports: Reports of calls that are remembered.
        margin: The loss of reward that the gate overlooks.
    """

    memory: int = 600
    steps: int = 120
    rate: float = 1e-3
    reports: int = 4000
    margin: float = 0.05


@final
@dataclass
class Apprentice:
    """A planner with a memory of lessons, reports of calls and a watch for drift.

    Args:
        planner: The active planner.
        old: What it was first trained on, so that a tuning does not forget it; drawn from by number of rows.
        habits: How it learns.
    """

    planner: CallPlanner
    old: Callable[[Rng, int], Encoded]
    habits: Habits = field(default_factory=Habits)
    verdicts: list[Verdict] = field(default_factory=list)
    alarms: int = 0

    def __post_init__(self) -> None:
        self.first = self.planner
        self.memory: ListMemory[Situation, Calls] = ListMemory(evict=Recent(self.habits.memory))
        self.reports: list[Report] = []
        self.drift = Drift()
        self.changed = 0
        self.let_go = 0

    @property
    def domain(self) -> Acting:
        """The calls that it plans with."""
        domain: Any = self.planner.domain
        assert isinstance(domain, Acting)
        return domain

    def take_in(self, pursuits: Iterable[Pursuit[Situation, Calls]]) -> None:
        """Remember what pursuits teach, renew the trust in calls, and watch for drift."""
        for pursuit in pursuits:
            self.memory.add_many(hindsight(pursuit))
            for turn in pursuit.rounds:
                self.reports += reports(self.domain, turn.outcome)
            self.drift = self.drift.after(pursuit.reward)
            if self.drift.alarmed:
                self._start_over()
        self._renew()

    def tune(self, trial: Pursue, *, trials: int, seed: int) -> bool:
        """Tune a candidate on the lessons and let the gate decide; returns whether it took over."""
        if not len(self.memory):
            return False
        recipe = Recipe(steps=self.habits.steps, learning_rate=self.habits.rate, warmup=10, average=0.98)
        tuner: FineTune = FineTune(self.old, recipe, batch=64, share=1.0, seed=seed)
        candidate = tuner(self.planner, self.memory)
        told = [paired(candidate, self.planner, trial=trial, number=number) for number in range(trials)]
        self.verdicts.append(judge(told, margin=self.habits.margin, alpha=0.2))
        if self.verdicts[-1].passed:
            self.planner = candidate
        return self.verdicts[-1].passed

    def _renew(self) -> None:
        """Fit the trust anew; where reports say that tools have changed since it was last fitted, start over."""
        self.let_go += max(0, len(self.reports) - self.habits.reports)
        del self.reports[: -self.habits.reports]
        if not self.reports:
            return
        domain = self.domain
        own = [bucket(f"tried {call}=failed", domain.width) for call in domain.calls]
        trust = fit_trust(self.reports, calls=len(domain.calls), width=domain.width, own=own)
        moment = self.let_go + trust.since if trust.since else 0
        if moment > self.changed + SAME:
            self._start_over()
        self.changed = max(moment, self.changed)
        self.planner = trusting(self.planner, trust)

    def _start_over(self) -> None:
        """Forget what no longer holds: lessons and tuned weights; the watch begins anew.

        Reports stay: which of them no longer hold is for the trust to find out, tool by tool.
        """
        self.alarms += 1
        self.planner = self.first
        self.memory = ListMemory(evict=Recent(self.habits.memory))
        self.drift = Drift()


def reports(domain: Acting, outcome: Tried) -> list[Report]:
    """Return what each call of an outcome says about the trust in it; a refusal is no fault of the tool."""
    context = domain.read([outcome.request])[0]
    place = {call: index for index, call in enumerate(domain.calls)}
    return [
        Report(context, place[call.name], call.result == "ok")
        for call in calls_of(outcome)
        if call.result != "refused"
    ]


def paired(candidate: CallPlanner, incumbent: CallPlanner, *, trial: Pursue, number: int) -> Trial:
    """Return what became of one task with both planners."""
    return Trial(
        source="world",
        candidate=trial(candidate, number).reward,
        incumbent=trial(incumbent, number).reward,
    )


def trusting(planner: CallPlanner, trust: Trust | None) -> CallPlanner:
    """Return a planner with the same weights and another trust in calls."""
    old = trainable(planner)
    denoiser: Any = Trusting(old.denoiser, trust, scale=old.scale, sharpness=old.sharpness).eval()
    return replace(planner, denoiser=denoiser)


def rehearsed(planner: CallPlanner, lessons: Sequence[Tried]) -> Callable[[Rng, int], Encoded]:
    """Return a source of old data: rows of lessons, drawn evenly."""
    known = encode(lessons, planner.domain)

    def draw(rng: Rng, count: int) -> Encoded:
        return known[torch.randint(len(known), (count,), generator=rng)]

    return draw
