"""The ready graphs: alone, inside another, with every checkpointer, killed and resumed, planning and acting."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypedDict

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan import ToolRequest
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Candidate, Plan, Verdict
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import RunControl
from langgraph.types import Command, TimeoutPolicy
from langgraph_agentic_diffusion import (
    PROGRESS,
    ActNode,
    ApprovalNode,
    Decision,
    DiffusionPlannerNode,
    PlanActState,
    create_plan_act_graph,
    create_planner_graph,
    create_tool_plan_graph,
    is_approved,
    read_plan,
)
from pydantic import BaseModel

TYPE = Plan[Reach, Trajectory]
CONFIG = {"configurable": {"thread_id": "1"}}
HERE = Path(__file__).parent


def steady(plan):
    return {key: value for key, value in plan.items() if key not in {"seconds", "memory"}}


async def test_a_planner_graph_runs_both_ways_and_under_default_timeouts(planner, request_):
    policy = TimeoutPolicy(idle_timeout=20, refresh_on="heartbeat")
    graph = create_planner_graph(planner()).compile()
    timed = create_planner_graph(planner()).set_node_defaults(timeout=policy).compile()
    once = graph.invoke({"request": request_})
    assert steady(once["plan"]) == steady((await timed.ainvoke({"request": request_}))["plan"])
    for builder in (
        create_planner_graph(planner(), approve=True),
        create_plan_act_graph(planner(), lambda plan: {"done": True}),
    ):
        builder.set_node_defaults(timeout=policy).compile()


class Errand(TypedDict, total=False):
    """The state of a bigger graph, which has more on its mind than planning."""

    request: dict
    plan: dict
    decision: dict | None
    cargo: str
    length: int


def errand(planner, approve=False):
    """Return a bigger graph with the planner graph inside."""
    builder = StateGraph(Errand)
    builder.add_node("load", lambda state: {"cargo": "tea", "request": {"start": [-1, 0], "goal": [1, 0]}})
    builder.add_node("route", create_planner_graph(planner, approve=approve).compile())
    builder.add_node("drive", lambda state: {"length": len(state["plan"]["chosen"]["value"]["states"])})
    for edge in ((START, "load"), ("load", "route"), ("route", "drive"), ("drive", END)):
        builder.add_edge(*edge)
    return builder


async def test_a_planner_graph_inside_a_bigger_one(planner):
    graph = errand(planner()).compile()
    state = graph.invoke({})
    assert (state["cargo"], state["length"]) == ("tea", 16)
    assert set(state) == {"request", "plan", "cargo", "length"}
    assert steady((await graph.ainvoke({}))["plan"]) == steady(state["plan"])
    inner = [part async for part in graph.astream({}, stream_mode="custom", subgraphs=True)]
    assert {event["type"] for _, event in inner} == {PROGRESS}
    assert inner[0][0][0].startswith("route:")
    assert [inner[0][1]["step"], inner[-1][1]["step"]] == [1, 10]


def test_approval_and_drain_reach_into_a_subgraph(planner):
    graph = errand(planner(), approve=True).compile(checkpointer=InMemorySaver())
    assert "__interrupt__" in graph.invoke({}, CONFIG)
    state = graph.invoke(Command(resume={"action": "approve"}), CONFIG)
    assert is_approved(state)
    assert state["length"] == 16
    control = RunControl()
    builder = StateGraph(Errand)
    slow = create_planner_graph(planner(lambda: control.request_drain("enough"), steps=50)).compile()
    builder.add_node("route", slow)
    builder.add_edge(START, "route")
    state = builder.compile().invoke({"request": {"start": [-1, 0]}}, control=control)
    assert (state["plan"]["ending"], state["plan"]["steps_done"]) == ("stopped", 1)


def resume_errand(errands, database):
    """Go on with the tool plan that was killed while it was made again; it is the one that would have been made."""
    tools = errands.make_tools(log=(log := []))
    planner = errands.make_planner(tools)
    with SqliteSaver.from_conn_string(database) as saver:
        graph = create_tool_plan_graph(replace(planner, likelihood=None), tools).compile(checkpointer=saver)
        config = {"configurable": {"thread_id": "errand"}}
        waiting = graph.get_state(config)
        assert waiting.next == ("planner",)
        assert [step["tool"] for step in waiting.values["request"]["done"]] == ["search"]
        resumed = graph.invoke(None, config)
    asked = ToolRequest.model_validate(waiting.values["request"])
    assert resumed["plan"]["chosen"] == replace(planner, likelihood=None).plan(
        asked, seed=6
    ).chosen.model_dump(mode="json")
    assert (resumed["done"], resumed["rounds"], log) == (True, 2, ["book", "send"])


def test_strict_sqlite_and_a_plan_killed_in_the_middle(planner, request_, errands, tmp_path, caplog):
    database = str(tmp_path / "checkpoints.sqlite")
    done = subprocess.run(
        [sys.executable, HERE / "strict.py", database],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "LANGGRAPH_STRICT_MSGPACK": "true"},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stderr == ""  # not one warning about types that are blocked or not registered
    approved, acted = json.loads(done.stdout)
    expected = steady(DiffusionPlannerNode(planner()).invoke({"request": request_})["plan"])
    assert is_approved(approved)
    assert steady(approved["plan"]) == expected
    assert (acted["rounds"], acted["done"]) == (3, False)
    assert steady(acted["plan"]) == expected

    whole = DiffusionPlannerNode(planner()).invoke({"request": request_, "seed": 11})["plan"]
    with SqliteSaver.from_conn_string(database) as saver:
        graph = create_planner_graph(planner()).compile(checkpointer=saver)
        config = {"configurable": {"thread_id": "killed"}}
        assert graph.get_state(config).next == ("planner",)
        resumed = graph.invoke(None, config)
    assert steady(resumed["plan"]) == steady(whole)
    resume_errand(errands, database)
    assert "unregistered" not in caplog.text


class Town:
    """A place where a plan is followed for five moments at a time."""

    def __init__(self, arrive_after=3):
        self.rounds = 0
        self.arrive_after = arrive_after
        self.seeds = []

    def __call__(self, plan):
        self.rounds += 1
        self.seeds.append(plan.seed)
        place = plan.chosen.value.states[5]
        return {
            "request": plan.request.model_copy(update={"start": place}),
            "observation": {"place": place},
            "done": self.rounds == self.arrive_after,
        }


async def test_plan_and_act_until_done(planner, request_):
    town = Town()
    state = create_plan_act_graph(planner(), town).compile().invoke({"request": request_})
    assert (state["done"], state["rounds"], town.rounds) == (True, 3, 3)
    assert state["request"]["start"] == state["observation"]["place"]
    assert state["request"]["goal"] == request_["goal"]
    assert state["plan"]["request"]["start"] != request_["start"]
    later = await create_plan_act_graph(planner(), Town()).compile().ainvoke({"request": request_})
    assert steady(later["plan"]) == steady(state["plan"])


async def test_rounds_run_out_and_start_again_on_the_same_thread(planner, request_):
    town = Town(arrive_after=99)
    graph = create_plan_act_graph(planner(), town, max_rounds=2).compile(checkpointer=InMemorySaver())
    state = graph.invoke({"request": request_}, CONFIG)
    assert (state["done"], state["rounds"], town.rounds) == (False, 2, 2)
    state = graph.invoke({"request": request_}, CONFIG)
    assert (state["done"], state["rounds"], town.rounds) == (False, 2, 4)
    with pytest.raises(InvalidConfigError, match="max_rounds=0"):
        create_plan_act_graph(planner(), town, max_rounds=0)


def test_more_state_and_a_node_of_ones_own(planner, request_):
    class Log(PlanActState, total=False):
        places: Annotated[list[list[float]], lambda old, new: (old or []) + new]

    def act(plan):
        return {"places": [plan.chosen.value.states[-1]]}

    node = DiffusionPlannerNode(planner(), seed=7, keep=1)
    state = create_plan_act_graph(node, act, max_rounds=2, state=Log).compile().invoke({"request": request_})
    assert len(state["places"]) == 2
    assert state["plan"]["seed"] == 7
    assert len(state["plan"]["considered"]) == 1


class Guess(BaseModel):
    """A request of another kind."""

    digits: int


class Guesser:
    """A planner without a network: the protocol is all that counts."""

    def plan(self, request, *, seed=0, budget=None, watch=None):
        chosen = Candidate(value="7" * request.digits, verdict=Verdict(passed=True, score=1.0))
        return Plan(
            request=request, chosen=chosen, confidence=0.5, considered=(chosen,), steps_done=1, steps_asked=1,
            batch=1, seconds=0.0, seed=seed,
        )  # fmt: skip


def test_requests_and_values_of_another_kind():
    node = DiffusionPlannerNode(Guesser(), request_type=Guess)
    with pytest.raises(InvalidConfigError, match="requests of type Guess"):
        create_planner_graph(node, approve=True)
    approval = ApprovalNode(schema=Decision[Guess, str], plan_type=Plan[Guess, str])
    graph = create_planner_graph(node, approve=approval).compile(checkpointer=InMemorySaver())
    graph.invoke({"request": {"digits": 2}}, CONFIG)
    state = graph.invoke(Command(resume={"action": "edit", "request": {"digits": 3}}), CONFIG)
    assert state["plan"]["chosen"]["value"] == "777"
    state = graph.invoke(Command(resume={"action": "edit", "value": "42"}), CONFIG)
    assert read_plan(state, Plan[Guess, str]).chosen.value == "42"
    act = create_plan_act_graph(
        node, lambda plan: {"done": plan.chosen.value == "7"}, plan_type=Plan[Guess, str]
    )
    assert act.compile().invoke({"request": {"digits": 1}})["done"] is True


def test_act_node_reads_the_plan_where_the_planner_put_it(planner, request_):
    class State(TypedDict, total=False):
        request: dict
        route: dict
        done: bool
        rounds: int

    node = DiffusionPlannerNode(planner(), plan_key="route")
    state = (
        create_plan_act_graph(node, lambda plan: {"done": True}, state=State)
        .compile()
        .invoke({"request": request_})
    )
    assert state["done"] is True
    assert ActNode(lambda plan: {}, plan_key="route").invoke(state)["rounds"] == 2
