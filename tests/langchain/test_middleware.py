"""The middleware tells of an agent's tools: retries, errors, interrupts, parallel calls and whole plans."""

import asyncio
import builtins
import runpy
import sys
from pathlib import Path

import pytest
from agentic_diffusion.errors import MissingExtraError
from agentic_diffusion.planning.domains.toolplan import ToolTrust, tool_planner
from agentic_diffusion.planning.shelf import PlanShelf
from langchain.agents import create_agent
from langchain.agents.middleware import ToolRetryMiddleware
from langchain_agentic_diffusion import DiffusionPlanTool, Goal, OutcomeFeedbackMiddleware, goal_request
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command, interrupt
from langgraph_agentic_diffusion import Background, PlanOutcomes, ToolFeedback, tool_specs

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
ASKED = {"messages": [HumanMessage("a cake, please")]}


@tool
def look(of: str) -> str:
    """Look."""
    return "seen"


@tool
def mix(of: str) -> str:
    """Mix."""
    return "dough"


@tool
async def bake(of: str) -> str:
    """Bake."""
    await asyncio.sleep(0.05)
    return "cake"


@tool
def ask() -> str:
    """Ask a person."""
    return interrupt("really?")


def flaky(fail):
    tries = []

    @tool("flaky")
    def work() -> str:
        """Work the fourth time."""
        tries.append(1)
        if len(tries) <= fail:
            raise ConnectionError("again")
        return "at last"

    return work


def says(*calls):
    """An answer that calls tools: pairs of a name and an id."""
    made = [
        {"name": n, "args": {} if n in ("ask", "flaky") else {"of": "cake"}, "id": i, "type": "tool_call"}
        for n, i in calls
    ]
    return AIMessage("", tool_calls=made)


def agent(*middleware, tools, script, saver=None):
    model = ScriptedChatModel(script=[*script, "done"])
    return create_agent(model, tools, middleware=middleware, checkpointer=saver)


async def test_parallel_calls_are_told_under_their_ids(notebook):
    middleware = OutcomeFeedbackMiddleware(ToolFeedback(notebook))
    app = agent(middleware, tools=[bake, look], script=[says(("bake", "slow"), ("look", "quick"))])
    state = await app.ainvoke(ASKED)
    assert state["messages"][-1].content == "done"
    assert [told.value.call for told in notebook.outcomes] == ["quick", "slow"]


@pytest.mark.parametrize("inside", [False, True])
def test_retries_are_one_outcome_or_several(notebook, inside):
    feedback = ToolFeedback(notebook, granularity="attempt" if inside else "call")
    order = [OutcomeFeedbackMiddleware(feedback), ToolRetryMiddleware(max_retries=3, initial_delay=0.0)]
    app = agent(*reversed(order) if inside else order, tools=[flaky(2)], script=[says(("flaky", "a"))])
    app.invoke(ASKED)
    expected = [(1, 0.0), (2, 0.0), (3, 1.0)] if inside else [(1, 1.0)]
    assert [(told.value.attempt, told.reward) for told in notebook.outcomes] == expected


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_an_error_is_told_and_ends_the_run_as_before(notebook, way):
    app = agent(
        OutcomeFeedbackMiddleware(ToolFeedback(notebook)), tools=[flaky(9)], script=[says(("flaky", "a"))]
    )
    with pytest.raises(ConnectionError):
        app.invoke(ASKED) if way == "invoke" else asyncio.run(app.ainvoke(ASKED))
    assert [told.evidence["error"] for told in notebook.outcomes] == ["ConnectionError"]


def test_a_call_with_wrong_arguments_counts_against_nobody(notebook):
    trust, wrong = ToolTrust(), AIMessage("", tool_calls=[{"name": "look", "args": {"off": 1}, "id": "w"}])
    for learner in (trust, notebook):
        app = agent(OutcomeFeedbackMiddleware(ToolFeedback(learner)), tools=[look], script=[wrong, wrong])
        assert app.invoke(ASKED)["messages"][-2].status == "error"
    assert (trust.chances(), notebook.outcomes) == ({}, [])


def test_an_interrupt_is_no_failure(notebook):
    app = agent(
        OutcomeFeedbackMiddleware(ToolFeedback(notebook)),
        tools=[ask, look],
        script=[says(("look", "a"), ("ask", "b"))],
        saver=InMemorySaver(),
    )
    config = {"configurable": {"thread_id": "1"}}
    app.invoke(ASKED, config)
    assert [told.value.call for told in notebook.outcomes] == ["a"]
    app.invoke(Command(resume="yes"), config)
    assert [(told.value.call, told.reward) for told in notebook.outcomes] == [("a", 1.0), ("b", 1.0)]


def kitchen(notebook, *, follow, tools, saver=None, outcomes=None, then=()):
    """An agent that asks for a plan, carries out its steps in order up to `follow`, and says it is done."""
    outcomes = outcomes or PlanOutcomes(notebook, PlanShelf())
    shelf = outcomes.shelf
    plan = DiffusionPlanTool(planner=HOUSE["Cook"](), args_schema=HOUSE["Wish"], shelf=shelf)
    call = {"name": "plan", "args": {"goal": "cake"}, "id": "p", "type": "tool_call"}

    def step(number):
        def line(messages):
            (artifact,) = [m.artifact for m in messages if m.type == "tool" and m.name == "plan"]
            made = artifact["chosen"]["value"]["steps"][number]
            return AIMessage(
                "", tool_calls=[{"name": made["tool"], "args": made["arguments"], "id": f"s{number}"}]
            )

        return line

    script = [AIMessage("", tool_calls=[call]), *(step(n) for n in range(follow)), *then]
    middleware = OutcomeFeedbackMiddleware(ToolFeedback(outcomes))
    return agent(middleware, tools=[plan, *tools], script=script, saver=saver)


async def test_a_plan_that_the_agent_follows_becomes_one_outcome(notebook):
    app = kitchen(notebook, follow=3, tools=[look, mix, bake])
    await app.ainvoke(ASKED)
    (told,) = notebook.outcomes
    assert told.request == HOUSE["Wish"](goal="cake")
    assert told.value == HOUSE["Cook"]().plan(told.request).chosen.value
    assert (told.reward, told.plan_seed, told.evidence["tried"]) == (1.0, 0, 3)


async def test_a_plan_that_is_left_is_settled_at_the_end_of_the_turn(notebook):
    await kitchen(notebook, follow=2, tools=[look, mix, bake]).ainvoke(ASKED)
    (told,) = notebook.outcomes
    assert told.reward == pytest.approx(2 / 3)
    assert (told.evidence["tried"], told.evidence["of"]) == (2, 3)


def test_a_turn_that_an_error_ended_is_settled_by_the_next(notebook):
    @tool("bake")
    def cold(of: str) -> str:
        """Fail."""
        raise ValueError("cold")

    @tool("mix")
    def heavy(of: str) -> str:
        """Fail."""
        raise ValueError("heavy")

    app = kitchen(notebook, follow=3, tools=[look, heavy, cold], saver=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    with pytest.raises(ValueError, match=r"cold|heavy"):
        app.invoke(ASKED, config)
    assert notebook.outcomes == []
    with pytest.raises(ValueError, match=r"cold|heavy"):
        app.invoke(ASKED, config)
    assert notebook.outcomes[0].reward < 1.0
    assert any(step["reward"] == 0.0 for step in notebook.outcomes[0].evidence["steps"])


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
@pytest.mark.parametrize("raises", ["the model", "a tool"])
def test_a_run_without_a_thread_that_an_error_ended_is_settled_at_once(notebook, way, raises):
    calls = []

    def work(of: str) -> str:
        """Work, and fail the second time where a tool is to raise."""
        calls.append(of)
        if len(calls) == 2 and raises == "a tool":
            raise ConnectionError(raises)
        return "done"

    def down(messages):
        raise ConnectionError(raises)

    tools = [tool(name)(work) for name in ("look", "mix", "bake")]
    app = kitchen(notebook, follow=2, tools=tools, then=[down])
    with pytest.raises(ConnectionError, match=raises):
        app.invoke(ASKED) if way == "invoke" else asyncio.run(app.ainvoke(ASKED))
    (told,) = notebook.outcomes
    assert [step["reward"] for step in told.evidence["steps"]] == [1.0, float(raises == "the model")]


def test_a_learner_that_fails_does_not_break_the_turn(caplog):
    class Broken:
        def learn(self, outcome):
            raise OSError("full")

    app = kitchen(Broken(), follow=0, tools=[look])
    app.invoke(ASKED)
    outcomes = PlanOutcomes(Broken(), PlanShelf())
    middleware = OutcomeFeedbackMiddleware(ToolFeedback(outcomes))
    plan = HOUSE["Cook"]().plan(HOUSE["Wish"](goal="cake"))
    from langgraph.runtime import Runtime
    from langgraph_agentic_diffusion import StepOf

    name = outcomes.shelf.put(plan)
    middleware.feedback.expect("a", StepOf(plan=name, step=0))
    call = middleware.feedback.begin({"name": "look", "args": {}, "id": "a"})
    middleware.feedback.end(call, "seen")
    middleware.settle(Runtime())
    assert "were not settled" in caplog.text


def test_whole_plans_are_learnt_in_a_thread_of_their_own(notebook):
    shelf = PlanShelf()
    with Background(notebook) as learner:
        outcomes = PlanOutcomes(learner, shelf)
        app = kitchen(notebook, follow=2, tools=[look, mix, bake], outcomes=outcomes)
        asyncio.run(app.ainvoke(ASKED))
        assert learner.flush(seconds=10)
    (told,) = notebook.outcomes
    assert told.reward == pytest.approx(2 / 3)


def server(name, works):
    """A tool that gives the report, as long as it works, and says so as an error where it does not."""

    @tool(name)
    def fetch() -> str:
        """Fetch the report."""
        if not works[name]:
            raise ToolException("down")
        return "the report"

    fetch.handle_tool_error = True
    fetch.metadata = {"agentic_diffusion": {"gives": ["report"], "reads": True}}
    return fetch


def test_what_an_agent_goes_through_makes_its_next_plans_better():
    works = {"north": False, "south": True}
    servers = [server(name, works) for name in works]
    trust, shelf = ToolTrust(), PlanShelf()
    planner = trust.guide(
        tool_planner(tool_specs(servers), slots=1, width=16, depth=1, count=4, goals=("report",))
    )
    plan = DiffusionPlanTool(planner=planner, args_schema=Goal, to_request=goal_request, shelf=shelf)

    def turn(learner):
        def follow(messages):
            (step,) = messages[-1].artifact["chosen"]["value"]["steps"]
            return AIMessage("", tool_calls=[{"name": step["tool"], "args": {}, "id": "s"}])

        asks = AIMessage("", tool_calls=[{"name": "plan", "args": {"goal": "the report"}, "id": "p"}])
        middleware = OutcomeFeedbackMiddleware(ToolFeedback(PlanOutcomes(learner, shelf)))
        app = agent(middleware, tools=[plan, *servers], script=[asks, follow])
        state = app.invoke(ASKED)
        assert learner.flush(seconds=10)
        return state["messages"][-2].name

    with Background(trust) as learner:
        first = [turn(learner) for _ in range(6)]
        works.update(north=True, south=False)
        then = [turn(learner) for _ in range(16)]
    assert set(first[2:]) == {"south"}
    assert then[0] == "south"
    assert set(then[-3:]) == {"north"}


def test_without_langchain_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("langchain.agents"):
            raise ImportError(name)
        return real(name, *rest, **more)

    home = sys.modules["langchain_agentic_diffusion.middleware"].__file__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"\[agents\]"):
        runpy.run_path(home)
