"""Learning the telecom desk from own outcomes alone: attempts, what they show, a planner taught by successes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from agentic_diffusion.denoising.train import Recipe

from agentic_diffusion_worlds.acting.changed import Changed
from agentic_diffusion_worlds.acting.explore import Knowledge
from agentic_diffusion_worlds.acting.imagine import imagined
from agentic_diffusion_worlds.acting.planner import CallPlanner
from agentic_diffusion_worlds.acting.rows import parts
from agentic_diffusion_worlds.acting.situation import Lesson, Situation
from agentic_diffusion_worlds.tau2.attempts import Attempt, certain
from agentic_diffusion_worlds.tau2.desk import CALLS, TRANSFER, Desk, Twist, same
from agentic_diffusion_worlds.tau2.manner import Manner
from agentic_diffusion_worlds.tau2.score import ROUNDS
from agentic_diffusion_worlds.tau2.tickets import Office
from agentic_diffusion_worlds.tau2.training import balanced, teach
from agentic_diffusion_worlds.tau2.turns import Turns

LONGEST = 20
"""Most calls of an exploring attempt."""

ACTING = tuple(call for call in CALLS if call != TRANSFER)


@final
@dataclass
class SelfTaught:
    """Works on tickets and learns from nothing but what tools show and whether a ticket was solved.

    Every judged execution counts as one plan: the planner's own attempts, exploring ones, those that leave a call out
    to see whether it was needed, and those in another order. What is asserted, and the benchmark's plans, are
    not looked at. Tickets with few issues come first, and kinds are kept in balance; that is all that is used of a
    ticket beyond its words.

    Args:
        office: Where tickets come from.
        ids: Tickets to practise on.
        seed: Draws tickets, calls and first weights.
        manner: How it practises.
        twist: What calls do; may be changed on the way.
    """

    office: Office
    ids: Sequence[str]
    seed: int = 0
    manner: Manner = field(default_factory=Manner)
    twist: Twist = same

    def __post_init__(self) -> None:
        self.knowledge = Knowledge()
        self.planner: CallPlanner | None = None
        self.lessons: deque[Lesson] = deque(maxlen=self.manner.memory)
        self.plans = 0
        self.spent: Counter[str] = Counter()
        self.rejected = 0
        self._turns = Turns(self.ids, self.manner.level)
        self._changes = Changed(self.knowledge, self.manner.flagged)
        self._tried: dict[str, set[str]] = {}
        self._recent: deque[tuple[str, bool]] = deque(maxlen=self.manner.trial)
        self._rng = np.random.default_rng([self.seed, 17])
        self._due = 0
        self._doing = "exploring"
        looked = self._rng.permutation(len(self.ids))[: self.manner.looks]
        for index in looked:
            self._desk(self.ids[index])

    @property
    def solved(self) -> set[str]:
        """The tickets that were solved at least once."""
        return self._turns.solved

    @property
    def changed(self) -> list[str]:
        """The calls that were taken for changed, in order."""
        return self._changes.calls

    def practise(self, plans: int) -> None:
        """Work on tickets until so many plans have been executed in all, a last training and its trial included."""
        if self.plans >= plans:
            return
        while self.plans < plans - self.manner.trial:
            self._ticket(self._turns.next(self._rng), plans - self.manner.trial)
            if self._due <= self.plans and len(self.lessons) >= self.manner.first:
                self._train(plans)
        if self.lessons:
            self._train(plans)
        while self.plans < plans:
            self._ticket(self._turns.next(self._rng), plans)

    def _ticket(self, name: str, most: int) -> None:
        """Work on one ticket until it is solved, its attempts are used up or no plan is left."""
        turns = self._turns
        turns.visits[name] += 1
        proven = set(self.knowledge.rows.proven)
        useful = self.planner is not None and self._rng.random() < 0.1 + turns.skill
        for number in range(0 if useful else 1, self.manner.attempts):
            if self.plans >= most:
                break
            if number == 0:
                found = self._planned(name)
                turns.attempted(name, found.success)
                self._recent.append((name, found.success))
            elif turns.visits[name] > 1 and TRANSFER not in self._tried.setdefault(name, set()):
                self._doing = "transfer"
                self._tried[name].add(TRANSFER)
                found = self._execute(name, (TRANSFER,))
            else:
                self._doing = "exploring"
                found = self._explored(name, noise=0.02 + 0.05 * min(turns.visits[name] - 1, 10))
            if found.success:
                self._learn(name, found, by_plan=number == 0, most=most)
                break
            self._wronged(found)
        if self.knowledge.rows.proven - proven:
            turns.hope()

    def _wronged(self, found: Attempt) -> None:
        """Suspect what was never the case at a good end, where nothing else speaks against this one."""
        end = found.states[-1]
        if TRANSFER not in found.calls and not self.knowledge.odd(end):
            self.knowledge.went_wrong(end)

    def _desk(self, name: str) -> tuple[Desk, Situation]:
        desk = Desk(self.office, self.office.ticket(name), twist=self.twist)
        situation = desk.observe()
        self.knowledge.began(situation)
        return desk, situation

    def _make(self, desk: Desk, path: list[tuple[Situation, str]], now: Situation, call: str) -> Situation:
        """Make one call, look, and remember what it changed."""
        desk.call(call)
        after = desk.observe()
        path.append((now, call))
        name = self.knowledge.rows.prepared({made for _, made in path[:-1]}, call)
        if name != call:
            self.knowledge.saw(now, name, after)
            return after
        self.knowledge.credit(path, after)
        if self._changes.used(now, call, after):
            kept = self._changes.laid_aside(self.lessons)
            self.lessons = deque(kept, maxlen=self.manner.memory)
            self._recent.clear()
            self._due = 0
        return after

    def _judged(self, desk: Desk, path: Sequence[tuple[Situation, str]], end: Situation) -> Attempt:
        self.plans += 1
        self.spent[self._doing] += 1
        states = (*(before for before, _ in path), end)
        return Attempt(tuple(call for _, call in path), states, desk.verdict() == 1)

    def _execute(self, name: str, calls: Sequence[str]) -> Attempt:
        """Execute a plan as it is."""
        desk, now = self._desk(name)
        path: list[tuple[Situation, str]] = []
        for call in calls:
            now = self._make(desk, path, now, call)
        return self._judged(desk, path, now)

    def _planned(self, name: str) -> Attempt:
        """Follow the planner in the closed loop."""
        assert self.planner is not None
        self._doing = "planner"
        desk, now = self._desk(name)
        path: list[tuple[Situation, str]] = []
        for turn in range(ROUNDS):
            plan = self.planner.plan(now, seed=self.plans * ROUNDS + turn).chosen.value
            for call in plan:
                now = self._make(desk, path, now, call)
                if desk.over:
                    break
            if desk.over or not plan:
                break
        return self._judged(desk, path, now)

    def _explored(self, name: str, *, noise: float) -> Attempt:
        """Make one call after the other that should put right what is odd, or that nobody has tried here."""
        if not self.knowledge.knows(self._desk(name)[1].goal):
            return self._wandered(name)
        desk, now = self._desk(name)
        path: list[tuple[Situation, str]] = []
        known, rows = self.knowledge, set[str]()
        bold = self._turns.visits[name] > 1 and self._rng.random() < 0.5
        while len(path) < LONGEST and (known.odd(now) or not path):
            made = [each for _, each in path]
            calls = [
                call for call in (*ACTING, *known.rows.suspected) if call not in rows and call not in made
            ]
            chosen = known.choose(now, calls, rng=self._rng, noise=noise, made=made, again=ACTING, bold=bold)
            if chosen is None:
                break
            before = now
            for call in parts(chosen):
                now = self._make(desk, path, now, call)
            if len(parts(chosen)) > 1:
                rows.add(chosen)
                if chosen not in known.rows.proven:
                    known.saw(before, chosen, now)
        return self._judged(desk, path, now)

    def _wandered(self, name: str) -> Attempt:
        """Make calls that nobody has tried here until something comes about that no task began with."""
        desk, now = self._desk(name)
        path: list[tuple[Situation, str]] = []
        tried = self._tried.setdefault(name, set())
        while len(path) < LONGEST:
            fresh = [call for call in ACTING if call not in {made for _, made in path}]
            left = [call for call in fresh if call not in tried] or fresh
            call = str(self._rng.choice(left))
            tried.add(call)
            before, now = now, self._make(desk, path, now, call)
            if self.knowledge.new(before, now):
                break
            if before.facts != now.facts:
                now = self._make(desk, path, now, call)  # a switch is put back
        found = self._judged(desk, path, now)
        if not found.success:
            self.knowledge.went_wrong(now)
        return found

    def _learn(self, name: str, found: Attempt, *, by_plan: bool, most: int) -> None:
        """Leave out what was not needed, and make lessons of what is left."""
        self.solved.add(name)
        self._doing = "leaving out, other orders"
        if TRANSFER in found.calls:
            self.lessons.append((found.states[0], (TRANSFER,)))
            return
        self.knowledge.went_well(found.states[-1])
        if not by_plan or len(set(found.calls)) < len(found.calls):
            found = self._pruned(name, found, most)
            if self.plans >= most:
                return  # nobody knows what was needed
            self.knowledge.needed(found.states, found.calls)
        self._lessons(found)
        if len(found.calls) > 1 and self.plans < most and self._rng.random() < self.manner.shuffle:
            again = self._execute(name, [str(call) for call in self._rng.permutation(found.calls)])
            if again.success:
                self._lessons(again)

    def _pruned(self, name: str, found: Attempt, most: int) -> Attempt:
        """Return the attempt without what changed nothing, if that does as well, and then without each single call."""
        moved = zip(found.calls, found.states, found.states[1:], strict=False)
        shorter = tuple(call for call, one, two in moved if one.facts != two.facts)
        options = [shorter] if len(shorter) < len(found.calls) else []
        place = 0
        while self.plans < most:
            if not options:
                if place >= len(found.calls) or len(found.calls) == 1:
                    break
                options = [found.calls[:place] + found.calls[place + 1 :]]
                place += 1
                if certain(found, place - 1, lessons=self.lessons, known=self.knowledge):
                    options = []
                    continue
            tried = self._execute(name, options.pop())
            if tried.success:
                place = max(0, place - 1) if len(tried.calls) == len(found.calls) - 1 else 0
                found = tried
                self.knowledge.went_well(found.states[-1])
        return found

    def _lessons(self, found: Attempt) -> None:
        for place, situation in enumerate(found.states):
            self.lessons.append((situation, found.calls[place:]))

    def _train(self, most: int) -> None:
        """Teach a planner what has worked so far; it takes the place of the one before if its trial goes no worse."""
        self.lessons.extend(self._changes.back())
        self._due = self.plans + self.manner.anew
        recipe = Recipe(
            steps=self.manner.steps, learning_rate=3e-3, warmup=20, weight_decay=0.01, average=0.99
        )
        known = list(self.lessons)
        dreamt = imagined(
            known, self.knowledge, count=self.manner.imagined, rng=self._rng, ending=(TRANSFER,)
        )
        *_, candidate = teach(
            [*known, *dreamt], recipe=recipe, seed=self.seed, shares=[*balanced(known), *balanced(dreamt)]
        )
        before, self.planner = self.planner, candidate
        if before is not None and self._worse(most):
            self.planner, self.rejected = before, self.rejected + 1

    def _worse(self, most: int) -> bool:
        """Whether the planner solves fewer of the tickets that were last attempted than the one before did."""
        met, gain = list(self._recent), 0
        self._recent.clear()
        for name, success in met:
            if self.plans >= most:
                break
            found = self._planned(name)
            gain += found.success - success
            self._recent.append((name, found.success))
            if found.success:
                self._learn(name, found, by_plan=True, most=0)
        return gain < 0
