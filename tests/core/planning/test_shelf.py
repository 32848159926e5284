import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.shelf import PlanShelf, plan_id
from agentic_diffusion.records import Candidate, Plan, Verdict


def make(request, *, seed=0):
    one = Candidate(value=[1, 2], verdict=Verdict(passed=True, score=1.0))
    return Plan(
        request=request, chosen=one, confidence=1.0, considered=(one,), steps_done=1, steps_asked=1, batch=1,
        seconds=0.0, seed=seed,
    )  # fmt: skip


def test_a_plan_and_its_fields_have_one_name():
    plan = make({"b": 1, "a": 2})
    assert plan_id(plan) == plan_id(plan.model_dump(mode="json")) == plan_id(make({"a": 2, "b": 1}))
    assert len({plan_id(make("x")), plan_id(make("y")), plan_id(make("x", seed=1))}) == 3


def test_the_oldest_plan_makes_room():
    shelf = PlanShelf(room=2)
    first, second = shelf.put(make("a")), shelf.put(make("b"))
    assert shelf.put(make("a")) == first  # used again, so younger now
    shelf.put(make("c"))
    assert shelf.get(second) is None
    assert shelf.get(first) == make("a")
    with pytest.raises(InvalidConfigError, match="room for at least one"):
        PlanShelf(room=0)
