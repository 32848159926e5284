"""Acting hands the plan to the user's callable and writes what it returns as plain JSON."""

import asyncio
import threading

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
from agentic_diffusion.records import Plan
from langgraph_agentic_diffusion import ActNode, DiffusionPlannerNode


@pytest.fixture
def state(planner, request_):
    return {"request": request_, **DiffusionPlannerNode(planner()).invoke({"request": request_})}


def go(plan):
    assert isinstance(plan, Plan)
    assert isinstance(plan.chosen.value, Trajectory)
    return {"request": Reach(start=plan.chosen.value.states[-1]), "observation": {"at": (1.0, 2.0)}}


async def go_later(plan):
    return go(plan)


class Goer:
    async def __call__(self, plan):
        return {"done": True}


@pytest.mark.parametrize("act", [go, go_later])
async def test_an_update_is_plain_and_counted(state, act):
    node = ActNode(act)
    update = await node.ainvoke(state)
    assert update["request"]["start"] == pytest.approx([1.0, 0.0])
    assert update["observation"] == {"at": [1.0, 2.0]}
    assert (update["done"], update["rounds"]) == (False, 1)
    assert (await node.ainvoke({**state, "rounds": 4}))["rounds"] == 5
    if act is go:
        assert node.invoke(state) == update


async def test_functions_run_in_a_thread_and_coroutine_functions_in_the_loop(state):
    seen = []

    def note(plan):
        seen.append(threading.current_thread() is threading.main_thread())
        return {}

    async def note_later(plan):
        return note(plan)

    await ActNode(note).ainvoke(state)
    await ActNode(note_later).ainvoke(state)
    assert seen == [False, True]
    assert (await ActNode(Goer()).ainvoke(state))["done"] is True


@pytest.mark.parametrize("act", [go_later, Goer()])
def test_a_coroutine_function_needs_the_async_way(state, act):
    with pytest.raises(InvalidConfigError, match="ainvoke"):
        ActNode(act).invoke(state)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (None, "a NoneType from acting"),
        ([("done", True)], "a list from"),
        ({"x": torch.ones(2)}, "not plain JSON"),
    ],
)
def test_what_is_not_a_plain_mapping_is_refused(state, seen, words):
    node = ActNode(lambda plan: seen)
    with pytest.raises(InvalidStateError, match=words):
        node.invoke(state)
    with pytest.raises(InvalidStateError, match=words):
        asyncio.run(node.ainvoke(state))


def test_without_a_plan_there_is_nothing_to_do():
    with pytest.raises(InvalidStateError, match="without 'plan'"):
        ActNode(go).invoke({})
