"""A person approves, edits or rejects; a bad answer leaves the question open."""

import asyncio
import json

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_agentic_diffusion import (
    ApprovalNode,
    Decision,
    create_planner_graph,
    is_approved,
    needs_replan,
    read_plan,
)
from pydantic import ValidationError

CONFIG = {"configurable": {"thread_id": "1"}}
VALUE = {"states": [[-1.0, 0.0], [1.0, 0.0]], "actions": [], "seconds": 0.5, "arrival": 1}


@pytest.fixture(params=["sync", "async"])
def graph(request, planner):
    """A compiled graph with approval, called in both ways."""
    compiled = create_planner_graph(planner(), approve=True).compile(checkpointer=InMemorySaver())

    class Either:
        def __call__(self, value):
            if request.param == "sync":
                return compiled.invoke(value, CONFIG)
            return asyncio.run(compiled.ainvoke(value, CONFIG))

        def waiting(self):
            return compiled.get_state(CONFIG).next

    return Either()


def test_the_question_shows_the_plan_and_the_form_of_the_answer(graph, request_):
    state = graph({"request": request_})
    (question,) = state["__interrupt__"]
    assert question.value["type"] == "agentic_diffusion.approval"
    assert question.value["plan"] == {
        key: value for key, value in state["plan"].items() if key != "considered"
    }
    json.dumps(question.value)
    assert question.response_schema["properties"]["action"]["enum"] == ["approve", "edit", "reject"]
    assert {"Reach", "Trajectory"} <= set(question.response_schema["$defs"])
    assert not is_approved(state)
    assert graph.waiting() == ("approval",)


def test_approve(graph, request_):
    asked = graph({"request": request_})
    state = graph(Command(resume={"action": "approve", "reason": "fine"}))
    assert state["decision"] == {"action": "approve", "reason": "fine", "approved": True}
    assert is_approved(state)
    assert not needs_replan(state)
    assert state["plan"] == asked["plan"]
    assert graph.waiting() == ()


def test_reject(graph, request_):
    graph({"request": request_})
    state = graph(Command(resume={"action": "reject", "reason": "too high"}))
    assert state["decision"]["reason"] == "too high"
    assert not is_approved(state)
    assert not needs_replan(state)
    assert graph.waiting() == ()


def test_an_edited_request_is_planned_again_and_asked_about_again(graph, request_):
    first = graph({"request": request_})
    edited = {**request_, "goal": [None, 0.5]}
    second = graph(Command(resume={"action": "edit", "request": edited}))
    assert second["request"] == edited
    assert second["plan"]["request"] == edited
    assert second["plan"]["chosen"] != first["plan"]["chosen"]
    assert second["decision"] is None
    assert graph.waiting() == ("approval",)
    assert is_approved(graph(Command(resume={"action": "approve"})))


def test_an_edited_value_is_the_plan_on_the_word_of_a_person(graph, request_):
    asked = graph({"request": request_})
    state = graph(Command(resume={"action": "edit", "value": VALUE, "reason": "straight"}))
    assert is_approved(state)
    assert not needs_replan(state)
    plan = read_plan(state, Plan[Reach, Trajectory])
    assert plan.chosen.value == Trajectory.model_validate(VALUE)
    assert plan.chosen.verdict.evidence == {"judge": "person", "reason": "straight"}
    assert plan.confidence == 1.0
    assert state["plan"]["considered"] == asked["plan"]["considered"]


@pytest.mark.parametrize(
    "answer",
    [
        "yes",
        {"action": "maybe"},
        {"action": "edit"},
        {"action": "edit", "request": {"start": [0.0, 0.0]}, "value": VALUE},
        {"action": "approve", "request": {"start": [0.0, 0.0]}},
        {"action": "edit", "request": {"begin": [0.0, 0.0]}},
        {"action": "edit", "value": {"states": []}},
        {"action": "approve", "because": "why not"},
    ],
)
def test_a_bad_answer_leaves_the_question_open(graph, request_, answer):
    graph({"request": request_})
    with pytest.raises(ValidationError):
        graph(Command(resume=answer))
    assert graph.waiting() == ("approval",)
    assert is_approved(graph(Command(resume={"action": "approve"})))


def test_a_new_plan_on_the_same_thread_is_not_approved_yet(graph, request_):
    graph({"request": request_})
    assert is_approved(graph(Command(resume={"action": "approve"})))
    state = graph({"request": request_, "seed": 1})
    assert not is_approved(state)
    assert graph.waiting() == ("approval",)


def test_other_types_and_keys(request_, planner):
    node = ApprovalNode(
        schema=Decision[str, int], plan_type=Plan[str, int], plan_key="number", decision_key="said"
    )
    with pytest.raises(InvalidStateError, match="without 'number'"):
        node.invoke({"plan": {}})
    assert is_approved({"said": {"action": "approve", "approved": True}}, key="said")
    assert needs_replan({"said": {"action": "edit", "approved": False}}, key="said")
    assert Decision[str, int].model_validate({"action": "edit", "value": 3}).value == 3
