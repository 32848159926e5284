"""Run by test_graphs in a process of its own under LANGGRAPH_STRICT_MSGPACK: every graph, and deaths in mid-plan.

The database is the only argument. What was planned is printed as JSON; the last thing done is to be killed.
"""

import asyncio
import json
import logging
import os
import runpy
import signal
import sys
import warnings
from dataclasses import replace
from itertools import count
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.types import Command
from langgraph_agentic_diffusion import create_plan_act_graph, create_planner_graph, create_tool_plan_graph

house = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
make_planner, REQUEST, Hooked = house["make_planner"], house["REQUEST"], house["Hooked"]
errands = runpy.run_path(str(Path(__file__).with_name("errands.py")))


def config(thread):
    return {"configurable": {"thread_id": thread}}


def approved(path):
    """Plan, close the database, open it again and approve."""
    graph = create_planner_graph(make_planner(), approve=True)
    with SqliteSaver.from_conn_string(path) as saver:
        graph.compile(checkpointer=saver).invoke({"request": REQUEST}, config("sync"))
    graph = create_planner_graph(make_planner(), approve=True)
    with SqliteSaver.from_conn_string(path) as saver:
        return graph.compile(checkpointer=saver).invoke(Command(resume={"action": "approve"}), config("sync"))


async def acted(path):
    """Plan and act for three rounds, and read the state back from the database."""
    graph = create_plan_act_graph(
        make_planner(), lambda plan: {"observation": {"at": plan.chosen.value.states[3]}}, max_rounds=3
    )
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        await graph.compile(checkpointer=saver).ainvoke({"request": REQUEST}, config("async"))
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        return (await graph.compile(checkpointer=saver).aget_state(config("async"))).values


def die(path):
    """Be killed in the fifth denoising step."""
    steps = count(1)

    def hook():
        if next(steps) == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    with SqliteSaver.from_conn_string(path) as saver:
        graph = create_planner_graph(make_planner(hook)).compile(checkpointer=saver)
        graph.invoke({"request": REQUEST, "seed": 11}, config("killed"), durability="sync")


def errand(path):
    """Fail once, plan again, and be killed in the fifth denoising step, which belongs to the second plan."""
    steps = count(1)

    def hook():
        if next(steps) == 5:
            os.kill(os.getpid(), signal.SIGKILL)

    tools = errands["make_tools"](broken=("book",))
    planner = errands["make_planner"](tools)
    planner = replace(planner, denoiser=Hooked(planner.denoiser, hook), likelihood=None)
    with SqliteSaver.from_conn_string(path) as saver:
        graph = create_tool_plan_graph(planner, tools).compile(checkpointer=saver)
        graph.invoke({"request": {"goal": "go"}, "seed": 5}, config("errand"), durability="sync")


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    warnings.simplefilter("error")
    database = sys.argv[1]
    if (child := os.fork()) == 0:
        errand(database)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    sys.stdout.write(json.dumps([approved(database), asyncio.run(acted(database))]) + "\n")
    sys.stdout.flush()
    die(database)
