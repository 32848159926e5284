"""The code graph: verifies with tests of its own, refines what failed, and ends with a reason."""

import json

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.planner import Learns
from agentic_diffusion.records import Plan, Verdict
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, Program, asked
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.verify import Judge
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_agentic_diffusion import CodeState, create_code_graph, redraft
from langgraph_agentic_diffusion.codegraph import VerifyNode
from scribe import DOUBLE, SQUARE, Scribe

TYPE = Plan[CodeRequest, Program]
REQUEST = asked("doubles a number", ["f(2) == 4"]).model_dump(mode="json")
HIDDEN = asked("doubles", ["f(3) == 6"])


@pytest.fixture(scope="module")
def fence():
    with ProcessSandbox(concurrency=2) as sandbox:
        yield sandbox


class Notes:
    def __init__(self):
        self.outcomes = []

    def learn(self, outcome):
        self.outcomes.append(outcome)


def hidden(fence, *, tells=True):
    """Judge by a test that the coder does not know, and name it where it fails."""
    judge, (test,) = Judge(fence), HIDDEN.tests

    def verify(request, program):
        verdict = judge(HIDDEN.task(), program.source)
        shown = [test.model_dump(mode="json")] if tells and not verdict.passed else []
        return verdict.model_copy(update={"evidence": {"counterexamples": shown}})

    return verify


async def test_a_program_is_refined_until_it_passes(fence):
    notes = Notes()
    assert isinstance(notes, Learns)
    coder = Coder(Scribe(SQUARE, DOUBLE), fence, count=0, lints=False)
    builder = create_code_graph(coder, hidden(fence), plan_type=TYPE, learns=notes)
    graph = builder.compile(checkpointer=InMemorySaver())
    state = graph.invoke({"request": REQUEST}, {"configurable": {"thread_id": "1"}})
    assert (state["ended"], state["done"], state["rounds"]) == ("passed", True, 2)
    assert state["plan"]["chosen"]["value"]["source"] == DOUBLE
    assert len(state["request"]["tests"]) == 2
    json.dumps(state)
    assert [outcome.reward for outcome in notes.outcomes] == [0.0, 1.0]
    assert (notes.outcomes[0].value.source, notes.outcomes[0].source) == (SQUARE, "verify")
    again = await graph.ainvoke({"request": REQUEST}, {"configurable": {"thread_id": "1"}})
    assert (again["ended"], again["rounds"]) == ("passed", 2)


def test_it_ends_with_a_reason(fence):
    stuck = Coder(Scribe(SQUARE, SQUARE), fence, count=0, lints=False)
    silent = create_code_graph(stuck, hidden(fence, tells=False), plan_type=TYPE, max_rounds=9).compile()
    assert silent.invoke({"request": REQUEST})["ended"] == "stuck"
    once = create_code_graph(stuck, hidden(fence), plan_type=TYPE, max_rounds=1).compile()
    assert once.invoke({"request": REQUEST})["ended"] == "rounds"
    nothing = Coder(Scribe("def f(x):\n    return 0\n"), fence, count=0, rounds=0)
    state = create_code_graph(nothing, hidden(fence), plan_type=TYPE).compile().invoke({"request": REQUEST})
    assert (state["ended"], state["done"]) == ("abstained", False)
    with pytest.raises(InvalidConfigError, match="at least one round"):
        create_code_graph(nothing, hidden(fence), plan_type=TYPE, max_rounds=0)


def test_the_next_request_begins_from_the_program():
    verdict = Verdict(passed=False, score=0.0, evidence={"counterexamples": [{"a": 1}, {"b": 2}]})
    made = redraft({"description": "d", "tests": [{"a": 1}]}, {"source": SQUARE}, verdict)
    assert made == {"description": "d", "tests": [{"a": 1}, {"b": 2}], "draft": SQUARE}
    assert set(CodeState.__annotations__) >= {"verdict", "rounds", "ended"}
    assert VerifyNode(lambda q, v: verdict, plan_type=TYPE).most == 3
