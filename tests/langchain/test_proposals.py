"""What a chat model says is read as plans, and nothing in it is believed that nobody told."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.domains.toolplan import Catalogue, ToolRequest
from agentic_diffusion.records import Given, PlanStep, Quoted, Result, ToolSpec
from langchain_agentic_diffusion.proposals import read_plans
from langchain_core.messages import AIMessage

TEXT, MODE = {"type": "string"}, {"enum": ["soft", "hard"]}
TOOLS = Catalogue.of(
    [
        ToolSpec(name="find_order", arguments={"properties": {"number": TEXT}}, gives=("order",)),
        ToolSpec(name="refund", arguments={"properties": {"order": TEXT, "amount": {"type": "number"}}}),
        ToolSpec(name="Erase", arguments={"properties": {"path": TEXT, "mode": MODE}}),
    ]
)
REQUEST = ToolRequest(goal="Refund 12.5 of order A17", facts={"customer": "Ann Lee"})
ONE = '{"plans": [{"steps": [{"tool": "find_order"}, {"tool": "refund"}]}]}'


@pytest.mark.parametrize(
    "said",
    [
        ONE,
        f"Sure! [1] Here it is:\n```json\n{ONE}\n```\nAnything else?",
        '["find_order", "refund"]',
        f'The goal needs ["refund"] first.\n{ONE}',
        'I read {"plans": []} as "none fits", but here: ' + ONE,
        '[["find_order", "refund"]]',
        '{"steps": ["FIND_ORDER", {"tool": "refund", "after": [7]}]}',
        AIMessage("", tool_calls=[{"name": "x", "args": {"plans": [["find_order", "refund"]]}, "id": "1"}]),
        AIMessage([{"type": "text", "text": "{broken {" + ONE}]),
    ],
)
def test_plans_are_found_in_whatever_stands_around(said):
    found = read_plans(said, REQUEST, TOOLS)
    assert [plan.tools for plan in found.plans] == [("find_order", "refund")]
    assert found.strange == 0


@pytest.mark.parametrize(
    "said", ["", "No idea.", '{"plan": 1}', "[" * 5000, '{"plans": [1, {"steps": []}, [3]]}']
)
def test_what_holds_no_plan_is_refused(said):
    with pytest.raises(InvalidStateError, match="chat model"):
        read_plans(said, REQUEST, TOOLS)


def test_no_plan_may_be_proposed_and_strange_ones_are_counted():
    assert read_plans('{"plans": []}', REQUEST, TOOLS).plans == []
    found = read_plans('{"plans": [5, ["refund"], {"steps": [{"name": "refund"}]}]}', REQUEST, TOOLS)
    assert ([plan.tools for plan in found.plans], found.strange) == ([("refund",)], 2)


def arguments(said, *, free=False):
    text = '{{"steps": [{{"tool": "find_order"}}, {{"tool": "{}", "arguments": {}}}]}}'.format(*said)
    (plan,) = read_plans(text, REQUEST, TOOLS, free=free).plans
    return plan.steps[1].arguments


def test_arguments_are_quoted_from_goal_facts_and_results():
    told = arguments(("refund", '{"order": {"step": 0, "key": "order"}, "amount": 12.5, "more": "A17"}'))
    assert told == {"order": Result(step=0, key="order"), "amount": Quoted(text="12.5", start=7)}
    assert arguments(("refund", '{"order": "A17"}')) == {"order": Quoted(text="A17", start=21)}
    assert arguments(("refund", '{"order": "Ann Lee"}')) == {"order": Quoted(text="Ann Lee", key="customer")}


@pytest.mark.parametrize(
    "said",
    [
        '{"path": "/etc"}',
        '{"mode": "hard"}',
        '{"path": "A1"}',
        '{"path": {"step": 1}}',
        '{"path": ["A17"]}',
        "5",
    ],
)
def test_what_nobody_told_is_left_open(said):
    assert arguments(("Erase", said)) == {}


def test_values_may_be_free_as_long_as_they_fit():
    assert arguments(("Erase", '{"mode": "hard", "path": "/tmp"}'), free=True) == {
        "mode": Given(value="hard"),
        "path": Given(value="/tmp"),
    }
    assert arguments(("Erase", '{"mode": "gently", "path": "a\\u0000b"}'), free=True) == {}


def test_executed_steps_come_first_and_order_is_kept():
    done = PlanStep(tool="find_order", arguments={"number": Given(value="A17")})
    asked = REQUEST.model_copy(update={"done": (done,)})
    said = (
        '{"steps": [{"tool": "refund", "arguments": {"order": {"step": 0, "key": "order"}}, "after": [0]}]}'
    )
    (plan,) = read_plans(said, asked, TOOLS).plans
    assert plan.steps[0] == done
    assert plan.done == 1
    assert plan.steps[1].arguments["order"] == Result(step=0, key="order")
