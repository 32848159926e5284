"""The planner as a node: both ways in, progress, heartbeat, gentle stop, cancellation, retries and bad requests."""

import asyncio
import threading
import time
from contextlib import aclosing
from itertools import count, pairwise

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langchain_core.runnables import RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.errors import GraphDrained, NodeError, NodeTimeoutError
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import RunControl
from langgraph.types import RetryPolicy, TimeoutPolicy
from langgraph_agentic_diffusion import PROGRESS, DiffusionPlannerNode, PlannerState, read_plan
from pydantic import BaseModel

TYPE = Plan[Reach, Trajectory]


def graph_of(node, schema=PlannerState, **options):
    builder = StateGraph(schema)
    builder.add_node("planner", node, **options)
    builder.add_edge(START, "planner")
    builder.add_edge("planner", END)
    return builder.compile()


def steady(plan):
    """Return what the seed decides."""
    return {key: value for key, value in plan.items() if key not in {"seconds", "memory"}}


class Counter:
    """A hook that counts the denoising steps, and pauses in each."""

    def __init__(self, pause=0.0, at=None, then=lambda: None):
        self.made = 0
        self.pause, self.at, self.then = pause, at, then
        self.threads = set()

    def __call__(self):
        self.made += 1
        self.threads.add(threading.current_thread())
        if self.made == self.at:
            self.then()
        time.sleep(self.pause)


async def test_one_node_serves_both_ways_and_the_seed_decides(planner, request_):
    node = DiffusionPlannerNode(planner(), seed=5)
    graph = graph_of(node)
    sync = await asyncio.to_thread(graph.invoke, {"request": request_})
    later = await graph.ainvoke({"request": request_})
    assert steady(sync["plan"]) == steady(later["plan"])
    assert sync["request"] == request_
    plan = read_plan(sync, TYPE)
    assert plan.seed == 5
    assert plan.complete
    assert plan.chosen.value.states[0] == pytest.approx((-1.0, 0.0))
    other = await graph.ainvoke({"request": request_, "seed": 6})
    assert other["plan"]["seed"] == 6
    assert steady(other["plan"]) != steady(sync["plan"])


def test_the_loop_is_left_free_and_sync_stays_in_the_caller(planner, request_):
    hook = Counter()
    node = DiffusionPlannerNode(planner(hook))
    asyncio.run(node.ainvoke({"request": request_}))
    assert threading.main_thread() not in hook.threads
    hook.threads.clear()
    node.invoke({"request": request_})
    assert hook.threads == {threading.main_thread()}


def test_outside_of_a_graph_it_plans_without_a_stream(planner, request_):
    node = DiffusionPlannerNode(planner())
    bare = node.invoke({"request": Reach(**request_)})
    chained = RunnableLambda(node.invoke).invoke({"request": request_})
    assert steady(bare["plan"]) == steady(chained["plan"])
    assert "planner=" not in repr(node)
    assert list(StateGraph(PlannerState).add_node(node).nodes) == ["DiffusionPlannerNode"]


def check_progress(events, steps):
    assert {event["type"] for event in events} == {PROGRESS}
    assert [events[0]["step"], events[-1]["step"]] == [1, steps]
    assert events[-1]["time"] == 0.0
    assert all(a["step"] < b["step"] and a["time"] > b["time"] for a, b in pairwise(events))
    assert len(events) <= min(steps - 1, 3 + events[-1]["seconds"] * 20)  # test_progress measures it exactly
    assert set(events[0]) == {"type", "step", "total", "time", "seconds"}


async def test_progress_streams_throttled_and_in_order(planner, request_):
    graph = graph_of(DiffusionPlannerNode(planner(Counter(0.01), steps=30)))
    check_progress(list(graph.stream({"request": request_}, stream_mode="custom")), 30)
    arrivals = []
    events = []
    async for event in graph.astream({"request": request_}, stream_mode="custom"):
        arrivals.append(time.monotonic())
        events.append(event)
    check_progress(events, 30)
    assert arrivals[-1] - arrivals[0] > 0.2  # live, not all at the end


async def test_progress_also_comes_beside_other_stream_modes(planner, request_):
    graph = graph_of(DiffusionPlannerNode(planner(), interval=0.0))
    parts = [
        part
        async for part in graph.astream({"request": request_}, stream_mode=["messages", "custom", "updates"])
    ]
    assert [mode for mode, _ in parts] == ["custom"] * 10 + ["updates"]


class Silent:
    """A planner that tells nobody about its steps."""

    def __init__(self, planner):
        self.planner = planner

    def plan(self, request, *, seed=0, budget=None, watch=None):
        return self.planner.plan(request, seed=seed, budget=budget)


async def test_heartbeats_keep_a_slow_plan_alive(planner, request_):
    policy = TimeoutPolicy(idle_timeout=0.6, refresh_on="heartbeat")
    slow = planner(Counter(0.06), steps=18)
    graph = graph_of(DiffusionPlannerNode(slow, interval=10.0), timeout=policy)
    plan = read_plan(await graph.ainvoke({"request": request_}), TYPE)
    assert plan.complete
    assert plan.seconds > 1.0
    silent = graph_of(DiffusionPlannerNode(Silent(slow)), timeout=policy)
    with pytest.raises(NodeTimeoutError, match="idle"):
        await silent.ainvoke({"request": request_})


async def test_a_timeout_stops_the_thread(planner, request_):
    hook = Counter(0.02)
    graph = graph_of(DiffusionPlannerNode(planner(hook, steps=500)), timeout=0.2)
    with pytest.raises(NodeTimeoutError):
        await graph.ainvoke({"request": request_})
    await check_stopped(hook)


async def check_stopped(hook):
    await asyncio.sleep(0.1)
    made = hook.made
    await asyncio.sleep(0.1)
    assert 0 < hook.made == made < 100


async def test_cancellation_stops_the_thread(planner, request_):
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    hook = Counter(0.02, at=3, then=lambda: loop.call_soon_threadsafe(begun.set))
    graph = graph_of(DiffusionPlannerNode(planner(hook, steps=500)))
    task = asyncio.create_task(graph.ainvoke({"request": request_}))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await check_stopped(hook)


async def test_a_client_that_leaves_stops_the_thread(planner, request_):
    hook = Counter(0.02)
    graph = graph_of(DiffusionPlannerNode(planner(hook, steps=500)))
    async with aclosing(graph.astream({"request": request_}, stream_mode="custom")) as stream:
        async for _ in stream:
            break
    await check_stopped(hook)


@pytest.mark.parametrize("way", ["sync", "async"])
def test_a_drain_gives_the_best_plan_so_far(planner, request_, way):
    control = RunControl()
    hook = Counter(at=5, then=lambda: control.request_drain("user stop"))
    graph = graph_of(DiffusionPlannerNode(planner(hook, steps=100)))
    if way == "sync":
        state = graph.invoke({"request": request_}, control=control)
    else:
        state = asyncio.run(graph.ainvoke({"request": request_}, control=control))
    plan = read_plan(state, TYPE)
    assert (plan.ending, plan.steps_done, plan.steps_asked) == ("stopped", 5, 100)
    assert hook.made == 5


def test_after_a_drain_the_rest_of_the_graph_resumes_from_the_checkpoint(planner, request_):
    control = RunControl()
    node = DiffusionPlannerNode(
        planner(Counter(at=5, then=lambda: control.request_drain("deploy")), steps=100)
    )
    builder = StateGraph(PlannerState)
    builder.add_node("planner", node)
    builder.add_node("next", lambda state: {"seed": state["plan"]["steps_done"]})
    builder.add_edge(START, "planner")
    builder.add_edge("planner", "next")
    graph = builder.compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    with pytest.raises(GraphDrained, match="deploy"):
        graph.invoke({"request": request_}, config, control=control)
    state = graph.invoke(None, config)
    assert state["plan"]["ending"] == "stopped"
    assert state["seed"] == 5


def test_the_budget_of_the_node_counts(planner, request_):
    late = DiffusionPlannerNode(planner(Counter(0.02), steps=100), budget=Budget(milliseconds=150))
    assert late.invoke({"request": request_})["plan"]["ending"] == "deadline"
    asked = count()
    stop = Budget(stop=lambda: next(asked) >= 2)
    plan = DiffusionPlannerNode(planner(), budget=stop).invoke({"request": request_})["plan"]
    assert (plan["ending"], plan["steps_done"]) == ("stopped", 3)


def test_keys_few_candidates_and_resets(planner, request_):
    node = DiffusionPlannerNode(
        planner(), request_key="job", plan_key="route", seed_key="luck", keep=2, resets={"said": None}
    )
    update = node.invoke({"job": request_, "luck": 9})
    assert set(update) == {"route", "said"}
    assert len(update["route"]["considered"]) == 2
    assert update["route"]["seed"] == 9


async def test_a_pydantic_state_will_do(planner, request_):
    class State(BaseModel):
        request: Reach
        plan: dict | None = None

    state = await graph_of(DiffusionPlannerNode(planner()), State).ainvoke({"request": request_})
    assert read_plan(state, TYPE).complete


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, "a state without 'request'"),
        ({"request": {"goal": [float("inf"), 0.0]}}, r"goal\[0\] = inf"),
        ({"request": {"start": [0.0, 0.0], "end": [1.0, 0.0]}}, "request.end"),
        ({"request": {"start": [0.0, 7.0]}}, r"start\[1\] = 7.0"),
        ({"request": {"start": [0.0]}}, "a start of 1 numbers"),
        ({"request": {}, "seed": "lucky"}, "'seed' = 'lucky'"),
        ({"request": {}, "seed": True}, "'seed' = True"),
    ],
)
async def test_bad_requests_raise_before_any_step(planner, state, words):
    hook = Counter()
    graph = graph_of(DiffusionPlannerNode(planner(hook)))
    with pytest.raises(InvalidStateError, match=words):
        graph.invoke({"plan": {}, **state})
    with pytest.raises(InvalidStateError, match=words):
        await graph.ainvoke({"plan": {}, **state})
    assert hook.made == 0


async def test_retries_and_error_handlers(planner, request_):
    def fall():
        raise ConnectionError("the simulator is away")

    quick = RetryPolicy(initial_interval=0.01, jitter=False)
    hook = Counter(at=2, then=fall)
    graph = graph_of(DiffusionPlannerNode(planner(hook)), retry_policy=quick)
    state = await graph.ainvoke({"request": request_})
    assert read_plan(state, TYPE).complete
    assert hook.made == 2 + 10

    def fall_back(state: PlannerState, error: NodeError) -> PlannerState:
        return {"plan": {"failed": type(error.error).__name__}}

    hook = Counter()
    graph = graph_of(DiffusionPlannerNode(planner(hook)), retry_policy=quick, error_handler=fall_back)
    state = await graph.ainvoke({"request": {"start": [9.0, 9.0]}})
    assert state["plan"] == {"failed": "InvalidStateError"}
    assert hook.made == 0


@pytest.mark.parametrize("options", [{"keep": 0}, {"interval": -1.0}, {"interval": float("nan")}])
def test_impossible_settings_are_refused(planner, options):
    with pytest.raises(InvalidConfigError, match="DiffusionPlannerNode"):
        DiffusionPlannerNode(planner(), **options)
