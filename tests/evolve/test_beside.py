"""Planners beside one another: every candidate is considered, and the best of all is chosen."""

from dataclasses import dataclass

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.select import first
from agentic_diffusion.records import Candidate, Plan, Verdict
from agentic_diffusion_evolve.beside import Beside


@dataclass(frozen=True)
class Says:
    """Answers with values that pass or not; the score is the value."""

    values: tuple[tuple[int, bool], ...]
    ending: str = "complete"

    def plan(self, request, *, seed=0, budget=None, watch=None):
        considered = tuple(
            Candidate(value=(value, seed), verdict=Verdict(passed=passed, score=float(value)))
            for value, passed in self.values
        )
        return Plan(
            request=request,
            chosen=considered[0],
            confidence=0.0,
            considered=considered,
            ending=self.ending,
            steps_done=4,
            steps_asked=4,
            batch=len(considered),
            seconds=0.5,
            seed=seed,
            notes=(str(self.values[0][0]),),
        )


OLD, NEW = Says(((9, False), (1, True))), Says(((3, True), (2, True)))


def test_the_best_of_all_candidates_is_chosen():
    plan = Beside((OLD, NEW)).plan("go", seed=7)
    assert plan.chosen.value == (3, 7)
    assert [candidate.value[0] for candidate in plan.considered] == [9, 1, 3, 2]
    assert plan.confidence == pytest.approx(4 / 6)  # three of four, as `share_passed` counts
    assert (plan.steps_done, plan.steps_asked, plan.seconds, plan.seed) == (8, 8, 1.0, 7)
    assert plan.notes == ("9", "3")
    assert plan.ending == "complete"


def test_what_the_old_planner_knew_is_still_there():
    lost = Says(((0, False), (0, False)))
    assert Beside((OLD, lost)).plan("go").chosen.verdict.passed


def test_the_selector_is_an_argument_and_an_early_ending_is_told():
    plan = Beside((OLD, Says(((5, True),), ending="deadline")), first).plan("go")
    assert plan.chosen.value == (9, 0)
    assert plan.ending == "deadline"


def test_nobody_to_ask_is_refused():
    with pytest.raises(InvalidConfigError):
        Beside(())
