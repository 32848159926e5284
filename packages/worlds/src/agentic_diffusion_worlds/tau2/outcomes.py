"""Learning the telecom desk from own outcomes alone: attempts, what they show, a planner taught by successes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from agentic_diffusion.denoising.train import Recipe

from agentic_diffusion_worlds.acting.explore import CHAIN, Knowledge
from agentic_diffusion_worlds.acting.planner import CallPlanner
from agentic_diffusion_worlds.acting.situation import Calls, Situation
from agentic_diffusion_worlds.tau2.desk import CALLS, TRANSFER, Desk, Twist, same
from agentic_diffusion_worlds.tau2.manner import Manner
from agentic_diffusion_worlds.tau2.score import LENGTH, ROUNDS
from agentic_diffusion_worlds.tau2.tickets import Office
from agentic_diffusion_worlds.tau2.training import Lesson, teach

ACTING = tuple(call for call in CALLS if call != TRANSFER)


@final
@dataclass(frozen=True)
class Attempt:
    """One executed plan: what was the case before each call and at the end, and the official judgement."""

    calls: Calls
    states: tuple[Situation, ...]
    success: bool


@final
@dataclass
class SelfTaught:
    """Works on tickets and learns from nothing but what tools show and whether a ticket was solved.

    Every judged execution counts as one plan: the planner's own attempts, exploring ones, those that leave a call out
    to see whether it was needed, and those in another order. What is asserted, and the benchmark's plans, are
    not looked at. Tickets with few issues come first, but for a share that is drawn evenly; that is all that is
    used of a ticket beyond its words.

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
        self.solved: set[str] = set()
        self.changed: list[str] = []
        self._visits: Counter[str] = Counter()
        self._tried: dict[str, set[str]] = {}
        self._strange: dict[str, deque[bool]] = {}
        self._rng = np.random.default_rng([self.seed, 17])
        self._trained = 0
        self._turn = 0
        self._doing = "exploring"
        self.spent: Counter[str] = Counter()
        self._lately: deque[bool] = deque(maxlen=40)
        looked = self._rng.permutation(len(self.ids))[: self.manner.looks]
        for index in looked:
            self._desk(self.ids[index])

    def practise(self, plans: int) -> None:
        """Work on tickets until so many plans have been executed in all, then train once more."""
        while self.plans < plans:
            self._ticket(self._next(), plans)
            due = self._trained + self.manner.anew <= self.plans or self.planner is None
            if due and len(self.lessons) >= self.manner.first:
                self._train()
        if self.lessons and self._trained < self.plans:
            self._train()

    def _next(self) -> str:
        """Return the next ticket: kinds take turns, each drawing from as many issues as its solved tickets allow."""
        unsolved = [name for name in self.ids if name not in self.solved] or list(self.ids)
        solved = Counter(_kind(name) for name in self.solved)
        ready = [
            name
            for name in unsolved
            if issues_in(name) <= 1 + solved[_kind(name)] // self.manner.level and self._visits[name] < 12
        ] or unsolved
        kinds = sorted({_kind(name) for name in ready})
        self._turn += 1
        mine = [name for name in ready if _kind(name) == kinds[self._turn % len(kinds)]]
        ranks = [self._visits[name] + self._rng.random() * 2 for name in mine]
        return mine[int(np.argmin(ranks))]

    @property
    def skill(self) -> float:
        """The share of the planner's latest attempts, up to 40, that solved their ticket."""
        return sum(self._lately) / 40

    def _ticket(self, name: str, most: int) -> None:
        """Work on one ticket until it is solved, its attempts are used up or no plan is left."""
        self._visits[name] += 1
        useful = self.planner is not None and self._rng.random() < 0.1 + self.skill
        for number in range(0 if useful else 1, self.manner.attempts):
            if self.plans >= most:
                return
            by_plan = number == 0
            if by_plan:
                self._doing = "planner"
                found = self._planned(name)
                self._lately.append(found.success)
            elif self._visits[name] > 1 and TRANSFER not in self._tried.setdefault(name, set()):
                self._doing = "transfer"
                self._tried[name].add(TRANSFER)
                found = self._execute(name, (TRANSFER,))
            else:
                self._doing = "exploring"
                found = self._explored(name, noise=0.02 + 0.05 * (self._visits[name] - 1))
            if found.success:
                self.solved.add(name)
                self._doing = "leaving out, other orders"
                self._learn(name, found, by_plan=by_plan, most=most)
                return

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
        strange = self._strange.setdefault(call, deque(maxlen=5))
        strange.append(self.knowledge.surprised(now, call, after))
        self.knowledge.credit(path, after)
        if not strange[-1]:  # a surprise is not taken for knowledge until it is clear what changed
            self.knowledge.saw(now, call, after)
        if sum(strange) >= self.manner.flagged:
            self._has_changed(call)
        return after

    def _has_changed(self, call: str) -> None:
        """Forget a call that does something else now, and every lesson with it."""
        self.changed.append(call)
        self._strange[call].clear()
        self.knowledge.forget(call)
        kept = [lesson for lesson in self.lessons if call not in lesson[1]]
        self.lessons = deque(kept, maxlen=self.manner.memory)
        self._trained = min(self._trained, self.plans - self.manner.anew)  # train as soon as may be

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
        desk, now = self._desk(name)
        path: list[tuple[Situation, str]] = []
        known, tried = self.knowledge, self._tried.setdefault(name, set())
        while len(path) < LENGTH:
            fresh = [call for call in ACTING if call not in {made for _, made in path}]
            if known.knows(now.goal):
                if not known.odd(now) and path:
                    break
                chosen = known.choose(now, [*fresh, *known.rows], rng=self._rng, noise=noise)
                if chosen is None:
                    break
                before = now
                for call in chosen.split(CHAIN):
                    now = self._make(desk, path, now, call)
                if CHAIN in chosen:
                    known.saw(before, chosen, now)
                continue
            left = [call for call in fresh if call not in tried] or fresh
            call = str(self._rng.choice(left))
            tried.add(call)
            before, now = now, self._make(desk, path, now, call)
            if known.new(before, now):
                break
            if before.facts != now.facts:
                now = self._make(desk, path, now, call)  # a switch is put back
        return self._judged(desk, path, now)

    def _learn(self, name: str, found: Attempt, *, by_plan: bool, most: int) -> None:
        """Leave out what was not needed, and make lessons of what is left."""
        if TRANSFER in found.calls:
            self.lessons.append((found.states[0], (TRANSFER,)))
            return
        self.knowledge.went_well(found.states[-1])
        if not by_plan or len(set(found.calls)) < len(found.calls):
            found = self._pruned(name, found, most)
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
                if self._certain(found, place - 1):
                    options = []
                    continue
            tried = self._execute(name, options.pop())
            if tried.success:
                place = max(0, place - 1) if len(tried.calls) == len(found.calls) - 1 else 0
                found = tried
                self.knowledge.went_well(found.states[-1])
        return found

    def _certain(self, found: Attempt, place: int) -> bool:
        """Whether something odd that the call put right never went well without it, in several lessons."""
        call, before = found.calls[place], found.states[place]
        after = found.states[place + 1]
        fixed = {(fact, value) for fact, value in before.facts.items() if after.facts.get(fact) != value} & {
            (fact, before.facts[fact]) for fact in self.knowledge.odd(before) if fact in before.facts
        }
        for fact in fixed:
            needed = [
                call in left
                for situation, left in self.lessons
                if situation.goal == before.goal and fact in situation.facts.items()
            ]
            if len(needed) >= 4 and all(needed):
                return True
        return False

    def _lessons(self, found: Attempt) -> None:
        for place, situation in enumerate(found.states):
            self.lessons.append((situation, found.calls[place:]))

    def _train(self) -> None:
        """Teach a planner what has worked so far."""
        recipe = Recipe(
            steps=self.manner.steps, learning_rate=3e-3, warmup=20, weight_decay=0.01, average=0.99
        )
        *_, self.planner = teach(list(self.lessons), recipe=recipe, seed=self.seed)
        self._trained = self.plans


def practice(office: Office) -> tuple[str, ...]:
    """Return the published tickets that are not among the 114 of `base`, which are for examinations."""
    base = set(office.splits["base"])
    return tuple(name for name in office.splits["full"] if name not in base)


def issues_in(name: str) -> int:
    """Return how many issues a ticket combines, by its name."""
    return name.count("|") + 1


def _kind(name: str) -> str:
    return name.split("]")[0]
