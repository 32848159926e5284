"""A planner of plain Python whose plans are steps, and tools that work, fail, interrupt or wait."""

import time
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.records import Candidate, DenoiseEvent, Plan, Record, Verdict
from pydantic import Field


class Wish(Record):
    """What is wished for."""

    goal: str
    hurry: bool = False


class Step(Record):
    """One step."""

    tool: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class Recipe(Record):
    """Steps."""

    steps: tuple[Step, ...] = ()


class Cook:
    """Plans `look, mix, bake` in an order that the seed decides, one denoising step every `pause` seconds."""

    def __init__(self, pause: float = 0.0, rounds: int = 3) -> None:
        self.pause, self.rounds = pause, rounds
        self.made = 0
        self.told: list[Any] = []

    def plan(self, request, *, seed=0, budget=None, watch=None):
        if request.goal == "the moon":
            raise InvalidStateError("the moon", "something to eat", "Ask for a cake.")
        budget, done = budget or Budget(), 0
        for done in range(1, self.rounds + 1):
            self.made += 1
            time.sleep(self.pause)
            if watch is not None:
                watch(DenoiseEvent(step=done, total=self.rounds, time=1 - done / self.rounds, seconds=0.0))
            if budget.stop():
                break
        names = ["look", "mix", "bake"]
        Random(f"{seed} {request.goal}").shuffle(names)
        chosen = Candidate(
            value=Recipe(steps=tuple(Step(tool=name, arguments={"of": request.goal}) for name in names)),
            verdict=Verdict(passed=True, score=1.0),
        )
        return Plan[Wish, Recipe](
            request=request,
            chosen=chosen,
            confidence=0.5,
            considered=(chosen,),
            ending="complete" if done == self.rounds else "stopped",
            steps_done=done,
            steps_asked=self.rounds,
            batch=1,
            seconds=0.0,
            seed=seed,
        )


class LearningCook(Cook):
    """A cook that takes in outcomes."""

    def learn(self, outcome):
        self.told.append(outcome)


class Notebook:
    """A learner that writes down what it is told."""

    def __init__(self) -> None:
        self.outcomes: list[Any] = []

    def learn(self, outcome):
        self.outcomes.append(outcome)


@pytest.fixture
def notebook():
    return Notebook()


@pytest.fixture
def cook():
    """Return the classes: `cook.Cook`, `cook.LearningCook`, `cook.Wish`, `cook.Recipe`."""
    return SimpleNamespace(Cook=Cook, LearningCook=LearningCook, Wish=Wish, Recipe=Recipe)
