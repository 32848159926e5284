"""Observations become facts and what is done, and decide what is next."""

import pytest
from agentic_diffusion.planning.domains.toolplan import ToolRequest, chain
from agentic_diffusion.records import Candidate, Plan, PlanStep, ToolSpec, Verdict
from langchain_core.messages import AIMessage, ToolMessage
from langgraph_agentic_diffusion import Avoid, ObserveNode, given_facts

SPECS = (ToolSpec(name="a", gives=("x",)), ToolSpec(name="b", gives=("y", "z")), ToolSpec(name="c"))
STEP = PlanStep(tool="a")


def state(answers, *, done=(), tools=("a", "b", "c"), **more):
    """The state after calls to all steps that `answers` names: place to (content, status), or None for no answer."""
    value = chain(*tools)
    chosen = Candidate(value=value, verdict=Verdict(passed=True, score=1.0))
    request = ToolRequest(goal="go", done=value.steps[: len(done)])
    plan = Plan[ToolRequest, type(value)](
        request=request,
        chosen=chosen,
        confidence=1.0,
        considered=(chosen,),
        steps_done=1,
        steps_asked=1,
        batch=1,
        seconds=0.0,
        seed=4,
    )
    calls = [{"name": tools[place], "args": {}, "id": f"c{place}"} for place in answers]
    messages = [AIMessage("", tool_calls=calls)]
    for place, answer in answers.items():
        if answer is not None:
            messages.append(ToolMessage(answer[0], tool_call_id=f"c{place}", status=answer[1]))
    return {
        "request": request.model_dump(mode="json"),
        "plan": plan.model_dump(mode="json"),
        "messages": messages,
        "steps_of": {f"c{place}": {"step": place} for place in answers},
        **more,
    }


def observe(state, **options):
    return ObserveNode(SPECS, revise=options.pop("revise", Avoid(("a", "b", "c"))), **options).invoke(state)


def test_what_went_well_is_done_and_known():
    update = observe(state({0: ("7", "success")}))
    assert [step["tool"] for step in update["request"]["done"]] == ["a"]
    assert update["request"]["facts"] == {"x": 7}
    assert (update["results"], update["failures"]) == ({"0": 7}, {})
    assert (update["next"], update["done"]) == ("go on", False)


async def test_the_end_of_the_plan_is_the_end():
    asked = state({2: ("ok", "success")}, done="ab", results={"0": 1})
    update = await ObserveNode(SPECS, revise=Avoid(())).ainvoke(asked)
    assert (update["next"], update["done"], update["results"]) == ("over", True, {"0": 1, "2": "ok"})


def test_a_failure_is_counted_and_planned_around():
    answers = {0: ("no", "error"), 1: ('{"y": 2}', "success"), 2: None}
    update = observe(state(answers, failures={"a": 1}))
    assert [step["tool"] for step in update["request"]["done"]] == ["b"]
    assert update["results"] == {"0": {"y": 2}}
    assert update["request"]["facts"] == {"y": 2, "z": True}
    assert update["failures"] == {"a": 2, "c": 1}
    assert update["request"]["tools"] == ["b", "c"]
    assert (update["next"], update["done"]) == ("plan again", False)


def test_a_plan_that_was_carried_out_is_not_enough_where_its_goals_do_not_hold():
    def asked(content, *goals):
        told = state({2: (content, "success")}, done="ab")
        told["plan"]["chosen"]["verdict"]["evidence"] = {"goals": goals}
        return told

    specs = (*SPECS[:2], ToolSpec(name="c", gives=("letter",)))
    node = ObserveNode(specs, revise=Avoid(("a", "b", "c")))
    for content, goals, done in (
        ('{"letter": "L1"}', ["letter"], True),
        ('{"letter": null}', ["letter"], False),
        ("sent", ["letter"], True),
        ("sent", ["letter", "receipt"], False),
        ('{"letter": null}', [], True),
    ):
        update = node.invoke(asked(content, *goals))
        assert (update["done"], update["next"]) == (done, "over" if done else "plan again")


def test_whether_it_is_reached_may_be_asked():
    early = observe(state({0: ("7", "success")}), reached=lambda request: "x" in request.facts)
    assert (early["next"], early["done"]) == ("over", True)
    never = observe(state({2: ("7", "success")}, done="ab"), reached=lambda request: False)
    assert (never["next"], never["done"]) == ("plan again", False)


def test_plans_are_settled_and_a_broken_learner_is_only_logged(caplog):
    class Plans:
        def __init__(self):
            self.settled = []

        def settle(self, *, thread):
            self.settled.append(thread)
            raise OSError("full")

    plans = Plans()
    node = ObserveNode(SPECS, revise=Avoid(("a", "b", "c")), plans=plans)
    config = {"configurable": {"thread_id": "7"}}
    node.invoke(state({0: ("7", "success")}), config)
    assert plans.settled == []
    node.invoke(state({0: ("7", "error")}), config)
    node.invoke(state({2: ("7", "success")}, done="ab"))
    assert plans.settled == ["7", None]
    assert "was not settled" in caplog.text


@pytest.mark.parametrize(
    ("gives", "result", "facts"),
    [
        (("x",), 7, {"x": 7}),
        (("x",), {"x": 7, "y": 8}, {"x": 7}),
        (("x",), {"y": 8}, {"x": True}),
        (("x",), "", {"x": True}),
        (("x", "y"), "text", {"x": True, "y": True}),
        ((), "text", {}),
    ],
)
def test_given_facts(gives, result, facts):
    assert given_facts(ToolSpec(name="t", gives=gives), STEP, result) == facts


def test_tools_that_fail_too_often_are_avoided_as_long_as_any_are_left():
    avoid = Avoid(("a", "b"), patience=1)
    assert avoid(ToolRequest(), {"a": 1}).tools == ("b",)
    assert avoid(ToolRequest(tools=("a", "b", "c")), {"a": 1, "b": 1}).tools == ("c",)
    assert avoid(ToolRequest(tools=("a",)), {"a": 5}).tools == ("a",)
