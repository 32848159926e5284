"""Calls of tools are told with status, attempt and step; nothing that goes wrong in telling reaches the run."""

import asyncio
import json
from types import SimpleNamespace

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.records import Outcome, Verdict
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, RetryPolicy, interrupt
from langgraph_agentic_diffusion import StepOf, ToolFeedback, ToolUse
from langgraph_agentic_diffusion import telling as room


class Notebook:
    def __init__(self):
        self.outcomes = []

    def learn(self, outcome):
        assert Outcome[object, ToolUse].model_validate_json(outcome.model_dump_json()).id == outcome.id
        self.outcomes.append(outcome)


class Broken:
    def learn(self, outcome):
        raise OSError("the disk is full")


@pytest.fixture
def notebook():
    return Notebook()


def request(name="mix", number="c1", *, thread="t", task="k", state=None, **arguments):
    info = SimpleNamespace(thread_id=thread, task_id=task)
    call = {"name": name, "args": arguments, "id": number, "type": "tool_call"}
    return SimpleNamespace(tool_call=call, state=state or {}, runtime=SimpleNamespace(execution_info=info))


def fine(request):
    return ToolMessage("fine", tool_call_id=request.tool_call["id"])


def fail(request):
    raise ValueError("the oven is cold")


@pytest.fixture(params=["sync", "async"])
def go(request):
    """Carry out a call in both ways."""

    def go(feedback, asked, execute):
        if request.param == "sync":
            return feedback.wrap_tool_call(asked, execute)

        async def later(asked):
            return execute(asked)

        return asyncio.run(feedback.awrap_tool_call(asked, later))

    return go


def test_success_is_told_and_the_result_is_untouched(go, notebook):
    feedback = ToolFeedback(notebook, planner="v2")
    asked = request(flour=2)
    assert go(feedback, asked, fine).content == "fine"
    (told,) = notebook.outcomes
    assert (told.reward, told.source, told.trust, told.planner) == (1.0, "tool", 1.0, "v2")
    assert told.evidence.keys() == {"status", "seconds", "passed"}
    use = told.value
    assert (use.tool, use.call, use.attempt, use.thread, use.of) == ("mix", "c1", 1, "t", None)
    assert use.arguments is None
    assert "flour" not in told.model_dump_json()


def test_failure_is_told_and_raised_again(go, notebook):
    with pytest.raises(ValueError, match="oven"):
        go(ToolFeedback(notebook), request(), fail)
    (told,) = notebook.outcomes
    assert (told.reward, told.evidence["error"], told.evidence["passed"]) == (0.0, "ValueError", False)
    assert "oven" not in told.model_dump_json()


def test_a_broken_learner_judge_or_attribution_does_not_break_the_run(go, notebook, caplog):
    def broken(*_):
        raise KeyError("x")

    assert go(ToolFeedback(Broken()), request(), fine).content == "fine"
    assert "was not told" in caplog.text
    assert go(ToolFeedback(notebook, judge=broken, attribute=broken), request(), fine).content == "fine"
    assert notebook.outcomes[0].evidence["judge_failed"] == "KeyError"
    assert notebook.outcomes[0].reward == 1.0
    assert notebook.outcomes[0].value.of is None
    odd = request()
    odd.tool_call = 5
    assert go(ToolFeedback(notebook), odd, lambda asked: "fine") == "fine"
    assert "is not watched" in caplog.text
    assert len(notebook.outcomes) == 1


def test_a_judge_decides(notebook):
    def short(use, result):
        return Verdict(passed=False, score=0.5, evidence={"length": len(result.content), "of": use.tool})

    ToolFeedback(notebook, judge=short, source="tests", trust=0.75).wrap_tool_call(request(), fine)
    (told,) = notebook.outcomes
    assert (told.reward, told.source, told.trust) == (0.5, "tests", 0.75)
    assert told.evidence.items() >= {"length": 4, "of": "mix", "passed": False}.items()


def test_arguments_are_hashed_unless_asked_for_and_bounded(notebook):
    ToolFeedback(notebook).wrap_tool_call(request(a=1, b=2), fine)
    ToolFeedback(notebook).wrap_tool_call(request(b=2, a=1), fine)
    ToolFeedback(notebook, salt=b"s").wrap_tool_call(request(a=1, b=2), fine)
    one, two, salted = (told.value.digest for told in notebook.outcomes)
    assert one == two != salted
    plain = ToolFeedback(notebook, plain=True, limit=20)
    plain.wrap_tool_call(request(a=[1]), fine)
    assert notebook.outcomes[3].value.arguments == {"a": [1]}
    with pytest.raises(ValueError, match="oven"):
        plain.wrap_tool_call(request(a="x" * 1000), fail)
    big = notebook.outcomes[4]
    assert big.value.arguments is None
    assert big.evidence["arguments_begin"] == '{"a": "' + 13 * "x"
    assert big.evidence["message"] == "the oven is cold"
    assert len(big.model_dump_json()) < 800
    odd = request(a=object())
    odd.tool_call["name"] = "n" * 1000
    plain.wrap_tool_call(odd, fine)
    assert len(notebook.outcomes[5].value.tool) == 200


def test_attempts_are_one_outcome_or_several(notebook, caplog):
    every = ToolFeedback(notebook, granularity="attempt")
    for execute in (fail, fail, fine):
        try:
            every.wrap_tool_call(request(), execute)
        except ValueError:
            continue
    assert [told.value.attempt for told in notebook.outcomes] == [1, 2, 3]
    assert [told.reward for told in notebook.outcomes] == [0.0, 0.0, 1.0]
    assert len({told.id for told in notebook.outcomes}) == 3
    assert "tried again" not in caplog.text
    again = ToolFeedback(notebook, granularity="attempt")
    again.wrap_tool_call(request(), fine)
    assert notebook.outcomes[3].id == notebook.outcomes[0].id  # replayed in another process
    once = ToolFeedback(notebook)
    once.wrap_tool_call(request(), fine)
    once.wrap_tool_call(request(), fine)
    assert notebook.outcomes[4].id == notebook.outcomes[5].id
    assert "tried again" in caplog.text


def test_without_a_thread_equal_ids_are_told_apart(notebook):
    feedback = ToolFeedback(notebook)
    for task in ("k1", "k2", None, None):
        feedback.wrap_tool_call(request(thread=None, task=task), fine)
    assert len({told.id for told in notebook.outcomes}) == 4
    assert {told.value.attempt for told in notebook.outcomes} == {1}


def test_equal_ids_of_calls_in_two_turns_of_a_thread_are_told_apart(notebook, caplog):
    feedback = ToolFeedback(notebook)
    turns = [
        AIMessage("", id=f"m{n}", tool_calls=[{"name": "mix", "args": {}, "id": "c1"}]) for n in range(2)
    ]
    for upto in (1, 2, 2):
        feedback.wrap_tool_call(request(state={"messages": turns[:upto]}), fine)
    first, second, again = notebook.outcomes
    assert first.id != second.id == again.id
    assert [told.value.message for told in notebook.outcomes] == ["m0", "m1", "m1"]
    assert [told.value.attempt for told in notebook.outcomes] == [1, 1, 2]
    assert caplog.text.count("tried again") == 1


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_call_that_was_cancelled_is_no_outcome_and_no_attempt(notebook, way, kind):
    def cancelled(asked):
        raise kind

    async def later(asked):
        raise kind

    feedback = ToolFeedback(notebook)

    def go():  # without a loop, which would treat these errors in its own way
        if way == "sync":
            feedback.wrap_tool_call(request(), cancelled)
        feedback.awrap_tool_call(request(), later).send(None)

    with pytest.raises(kind):
        go()
    assert notebook.outcomes == []
    feedback.wrap_tool_call(request(), fine)
    assert notebook.outcomes[0].value.attempt == 1


def test_what_is_not_sure_is_believed_by_half(notebook):
    feedback = ToolFeedback(notebook, trust=0.8)
    feedback.end(feedback.begin({"name": "mix", "args": {}, "id": "a"}), "dough", sure=False)
    (told,) = notebook.outcomes
    assert (told.reward, told.trust) == (1.0, 0.4)
    assert "would look the same" in told.evidence["unsure"]


def test_a_step_is_expected_or_found(notebook):
    step = StepOf(plan="p", step=1, request={"goal": "cake"}, seed=7, planner="v3")
    feedback = ToolFeedback(notebook, planner="v2")
    feedback.expect("c1", step)
    feedback.wrap_tool_call(request(), fine)
    state = {"steps_of": {"c2": step.model_dump(mode="json")}}
    feedback.wrap_tool_call(request(number="c2", state=state), fine)
    for told in notebook.outcomes:
        assert told.value.of == step
        assert (told.request, told.plan_seed, told.planner) == ({"goal": "cake"}, 7, "v3")


def test_a_later_word_on_a_call(notebook):
    feedback = ToolFeedback(notebook)
    feedback.wrap_tool_call(request(), fine)
    feedback.report("c1", -1.0, source="person", trust=0.9, thread="t", evidence={"why": "cold"})
    first, later = notebook.outcomes
    assert (later.reward, later.source, later.trust, later.evidence) == (-1.0, "person", 0.9, {"why": "cold"})
    assert later.value == first.value
    assert later.id != first.id
    with pytest.raises(InvalidStateError, match="the call 'c9'"):
        feedback.report("c9", 1.0, source="person", trust=1.0)


def test_only_so_much_is_remembered(notebook, monkeypatch):
    monkeypatch.setattr(room, "RECENT", 3)
    feedback = ToolFeedback(notebook)
    for number in range(10):
        feedback.expect(f"e{number}", StepOf(plan="p", step=0))
        feedback.wrap_tool_call(request(number=f"c{number}"), fine)
    assert [len(kept) for kept in (feedback._tries, feedback._told, feedback._steps)] == [3, 3, 3]


@pytest.mark.parametrize("options", [{"trust": 2.0}, {"limit": -1}, {"source": ""}, {"salt": b"x" * 65}])
def test_impossible_settings_are_refused(notebook, options):
    with pytest.raises(InvalidConfigError, match="ToolFeedback"):
        ToolFeedback(notebook, **options)


@tool
def mix(flour: int) -> str:
    """Mix."""
    return "dough"


@tool
async def bake(degrees: int) -> str:
    """Bake: the hotter the sooner."""
    await asyncio.sleep(1 / degrees)
    return "cake"


@tool
def burn() -> str:
    """Fail."""
    raise ToolException("smoke")


burn.handle_tool_error = True


@tool
def ask() -> str:
    """Ask a person."""
    return interrupt("really?")


def kitchen(feedback, tools, *, saver=None, retry=None):
    node = ToolNode(tools, wrap_tool_call=feedback.wrap_tool_call, awrap_tool_call=feedback.awrap_tool_call)
    graph = StateGraph(MessagesState)
    graph.add_node("tools", node, retry_policy=retry)
    graph.add_edge(START, "tools")
    return graph.compile(checkpointer=saver)


def calls(*named):
    return {"messages": [AIMessage("", tool_calls=[{"name": n, "args": a, "id": i} for n, a, i in named])]}


async def test_parallel_calls_in_a_tool_node_are_told_by_their_ids(notebook):
    graph = kitchen(ToolFeedback(notebook, plain=True), [mix, bake, burn], saver=InMemorySaver())
    asked = calls(
        ("bake", {"degrees": 5}, "slow"),
        ("bake", {"degrees": 50}, "fast"),
        ("burn", {}, "bad"),
        ("mix", {"flour": "no"}, "wrong"),
        ("fly", {}, "unknown"),
    )
    await graph.ainvoke(asked, {"configurable": {"thread_id": "7"}})
    told = {outcome.value.call: outcome for outcome in notebook.outcomes}
    assert [call for call in told if call in ("slow", "fast")] == ["fast", "slow"]
    assert {call: outcome.reward for call, outcome in told.items()} == {
        "slow": 1.0,
        "fast": 1.0,
        "bad": 0.0,
        "unknown": 0.0,
    }
    assert told["slow"].value.arguments == {"degrees": 5}
    assert {outcome.value.thread for outcome in told.values()} == {"7"}


def test_an_interrupt_is_no_outcome_and_no_attempt(notebook):
    graph = kitchen(ToolFeedback(notebook), [mix, ask], saver=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    graph.invoke(calls(("mix", {"flour": 1}, "a"), ("ask", {}, "b")), config)
    before = [told.value.call for told in notebook.outcomes]
    graph.invoke(Command(resume="yes"), config)
    assert "b" not in before
    told = {outcome.value.call: outcome for outcome in notebook.outcomes}
    assert told.keys() == {"a", "b"}
    assert told["b"].value.attempt == 1
    assert told["b"].reward == 1.0
    assert len({outcome.id for outcome in notebook.outcomes}) == 2


def test_retries_of_the_node_are_attempts(notebook):
    tries = []

    @tool
    def flaky() -> str:
        """Work the third time."""
        tries.append(1)
        if len(tries) < 3:
            raise ConnectionError("again")
        return "at last"

    retry = RetryPolicy(initial_interval=0.01, max_attempts=3, jitter=False)
    graph = kitchen(ToolFeedback(notebook, granularity="attempt"), [flaky], retry=retry)
    graph.invoke(calls(("flaky", {}, "a")))
    assert [(told.value.attempt, told.reward) for told in notebook.outcomes] == [(1, 0.0), (2, 0.0), (3, 1.0)]
    json.dumps([told.model_dump(mode="json") for told in notebook.outcomes], allow_nan=False)
