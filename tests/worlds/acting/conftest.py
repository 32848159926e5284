"""A lamp with a loose switch: the smallest place with consequences."""

from dataclasses import dataclass, field

import pytest
from agentic_diffusion.records import Candidate, Outcome, Plan, Verdict
from agentic_diffusion_worlds.acting.situation import Call, Situation


@dataclass
class Lamp:
    """It is on after `plug` and `push`, in this order; `push` works from the second time on if it sticks."""

    sticks: bool = False
    done: list[str] = field(default_factory=list)
    pushes: int = 0
    given_up: bool = False

    def observe(self):
        return Situation(goal=("on",), facts={"plugged": str("plug" in self.done)})

    def act(self, plan):
        made = []
        for name in plan.chosen.value:
            self.pushes += name == "push"
            works = name == "plug" or ("plug" in self.done and not (self.sticks and self.pushes == 1))
            made.append(Call(name=name, result="ok" if works else "failed"))
            self.done += [name] if works else []
        self.given_up = not plan.chosen.value
        evidence = {"calls": [call.model_dump(mode="json") for call in made]}
        return Outcome(request=plan.request, value=plan.chosen.value, reward=0.0, evidence=evidence)

    @property
    def over(self):
        return self.given_up or "push" in self.done

    def verdict(self):
        return float("push" in self.done)


@dataclass
class Script:
    """Plans what it is told to, one after the other."""

    plans: list

    def plan(self, request, *, seed=0, budget=None, watch=None):
        chosen = Candidate(value=self.plans.pop(0), verdict=Verdict(passed=True, score=1.0))
        return Plan(
            request=request,
            chosen=chosen,
            confidence=0.5,
            considered=(chosen,),
            steps_done=1,
            steps_asked=1,
            batch=1,
            seconds=0.0,
            seed=seed,
        )


@pytest.fixture
def lamp():
    return Lamp


@pytest.fixture
def script():
    return lambda *plans: Script(list(plans))
