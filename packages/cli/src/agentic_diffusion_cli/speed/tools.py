"""Planners of tool calls to measure: one that has read the toolbox's manual, and one over a catalogue of many tools."""

from __future__ import annotations

from functools import cache
from itertools import count as numbers
from itertools import islice

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner, tool_planner
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest
from agentic_diffusion.records import ToolSpec
from agentic_diffusion_worlds.acting.planner import CallPlanner
from agentic_diffusion_worlds.acting.situation import Situation
from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.manual import demonstrations
from agentic_diffusion_worlds.toolbox.score import driven
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.tasks import tasks
from agentic_diffusion_worlds.toolbox.training import lessons, read_manual

LESSONS, STEPS = 1000, 300
VERBS = ("read", "write", "send", "find", "count", "sort", "merge", "check")
NOUNS = ("letters", "invoices", "maps", "orders", "photos", "tables", "songs", "routes")


@cache
def reader(known: int = LESSONS, steps: int = STEPS) -> CallPlanner:
    """Return a planner that has read a part of the toolbox's manual: enough to know most of it."""
    recipe = Recipe(steps=steps, learning_rate=5e-3, warmup=20, weight_decay=0.01, average=0.99)
    return read_manual(lessons(known), recipe=recipe)


def situations(count: int) -> list[Situation]:
    """Return situations of the toolbox that the reader has not seen."""
    drawn = (situation for seed in numbers(1) for situation, _ in demonstrations(count, seed=seed))
    return list(islice(drawn, count))


def exam(planner: CallPlanner, count: int) -> list[float]:
    """Return for each case of the toolbox whether it is treated well; the same cases for everyone."""
    drive, cases = driven(planner), []
    for number, task in enumerate(tasks(count, seed=2)):
        case = Case(task, Behaviour(seed=0), seed=number)
        drive(case, number)
        cases.append(float(case.solved))
    return cases


def catalogued(compute: Compute) -> tuple[ToolPlanner, list[ToolRequest]]:
    """Return a planner over 64 tools that nobody has trained, and a request for each of them."""
    names = [(verb, noun) for verb in VERBS for noun in NOUNS]
    tools = [ToolSpec(name=f"{verb}_{noun}", description=f"{verb} the {noun}") for verb, noun in names]
    asked = [
        ToolRequest(goal=f"please {verb} my {noun}, then count the {NOUNS[-1 - k % 8]}")
        for k, (verb, noun) in enumerate(names)
    ]
    return tool_planner(tools, slots=4, compute=compute), asked
