"""Turns begin with what is asked for now, and end with words that say why."""

import pytest
from agentic_diffusion.planning.domains.toolplan import ToolRequest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph_agentic_diffusion.turns import begin, what_next, written

WORDS = {"messages": [HumanMessage("in words")]}
LEFT = {**written(ToolRequest(goal="left", tools=("a",))), "allowed": ["a", "b"]}


@pytest.mark.parametrize(
    ("state", "goal", "tools"),
    [
        (WORDS, "in words", []),
        ({**WORDS, "request": {"goal": "asked"}}, None, None),
        ({**WORDS, "request": {"tools": ["a"]}}, "in words", ["a"]),
        ({**WORDS, **LEFT, "rounds": 1}, "in words", ["a", "b"]),
        ({**WORDS, **LEFT, "rounds": 1, "request": {"goal": "new"}}, None, None),
        ({**WORDS, "request": {"goal": "old"}, "rounds": 1}, "in words", []),
        ({"messages": [AIMessage("x")], **LEFT, "rounds": 1}, None, None),
    ],
)
def test_the_newest_word_is_what_is_asked(state, goal, tools):
    update = begin(state)
    if goal is None:
        assert "request" not in update
        assert update["written"] == begin({**state, **update, "messages": []})["written"]
    else:
        assert (update["request"]["goal"], update["request"]["tools"]) == (goal, tools)
    assert (update["rounds"], update["missing"], update["ending"]) == (0, [], "")


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        ({"request": {"goal": "x", "tools": ["a"]}}, ["a"]),
        ({"request": ToolRequest(goal="x", tools=("a",))}, ["a"]),
        ({**LEFT, "rounds": 1, "request": {"goal": "new"}}, []),
        ({**LEFT, "rounds": 1}, None),
        ({**WORDS, **LEFT, "rounds": 1}, None),
    ],
)
def test_what_may_be_called_is_kept_until_another_request_is_given(state, allowed):
    assert begin(state).get("allowed") == allowed


def test_plans_run_out():
    again = {"next": "plan again", "rounds": 2}
    assert (what_next(again, 3), what_next(again, 2)) == ("plan again", "over")
    assert what_next({"next": "go on", "rounds": 9}, 2) == "go on"
