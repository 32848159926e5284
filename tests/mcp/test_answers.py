import runpy
from pathlib import Path

from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion_mcp import Answer, Explanation
from agentic_diffusion_mcp.answers import answer, explanation

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
PLAN = HOUSE["make_planner"](count=5).plan(Reach.model_validate(HOUSE["REQUEST"]), seed=1)


def test_an_answer_goes_through_json_and_back():
    told = answer("p", PLAN, withhold=False)
    assert Answer.model_validate_json(told.model_dump_json()).value == told.value
    assert told.evidence["top"] == PLAN.chosen.verdict.evidence["top"]


def test_an_abstention_is_withheld_and_told():
    plan = PLAN.model_copy(update={"abstained": True, "unfamiliar": 2.5, "ending": "deadline"})
    told = answer("p", plan, withhold=True)
    assert (told.value, told.abstained, told.unfamiliar) == (None, True, 2.5)
    story = explanation("p", plan)
    assert "advises against" in story.summary
    assert "ended early" in story.summary


def test_the_chosen_one_comes_first_and_the_rest_by_merit():
    story = explanation("p", PLAN, most=3)
    assert story.ranked[0] == PLAN.chosen.verdict
    scores = [verdict.score for verdict in story.ranked]
    assert len(scores) == 3
    assert scores == sorted(scores, reverse=True)
    assert story.passing == sum(one.verdict.passed for one in PLAN.considered)
    assert Explanation.model_validate_json(story.model_dump_json()).candidates == 5
