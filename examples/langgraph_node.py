"""A diffusion planner as a LangGraph node: it finds a way around a lake and streams its denoising.

No training: the denoiser recalls sixty ways from west to east exactly. Run it with `python examples/langgraph_node.py`.
"""

import asyncio
import math

import torch
from agentic_diffusion import (
    Cosine,
    Gaussian,
    GaussianProcess,
    Plan,
    Planner,
    Reach,
    Trajectories,
    Trajectory,
    Verdict,
)
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.planning.domains.trajectory import Limits
from agentic_diffusion.planning.verify import each
from langgraph.graph import END, START, StateGraph
from langgraph_agentic_diffusion import DiffusionPlannerNode, PlannerState, read_plan

HORIZON, LAKE, RADIUS = 32, (0.1, 0.15), 0.3


def recall(count: int = 60) -> torch.Tensor:
    """Return arcs from (-1, 0) to (1, 0), bent by -0.9 to 0.9; most of them get wet."""
    t = torch.linspace(0, 1, HORIZON)
    bends = torch.linspace(-0.9, 0.9, count)
    return torch.stack([torch.stack([2 * t - 1, bend * torch.sin(math.pi * t)], -1) for bend in bends])


def dry(request: Reach, way: Trajectory) -> Verdict:
    """Pass ways that stay out of the lake; shorter ones score higher."""
    shore = min(math.dist(state, LAKE) for state in way.states) - RADIUS
    length = sum(math.dist(a, b) for a, b in zip(way.states, way.states[1:], strict=False))
    return Verdict(passed=shore > 0.05, score=-length, evidence={"shore": round(shore, 3)})


def make_planner() -> Planner[Reach, torch.Tensor, Gaussian, Trajectory]:
    """Return a planner that draws 32 ways in 10 denoising steps and keeps the shortest dry one."""
    schedule = Cosine()
    return Planner(
        domain=Trajectories(
            HORIZON, Limits((-1.0, -1.0), (1.0, 1.0)), state_dim=2, seconds=0.1, tolerance=0.05
        ),
        process=GaussianProcess(schedule),
        denoiser=RecallTrajectories(recall(), schedule),
        verify=each(dry),
        steps=10,
        count=32,
    )


def draw(way: Trajectory, width: int = 61, height: int = 25) -> str:
    """Return a picture of the way (*) around the lake (~)."""
    rows = [[" "] * width for _ in range(height)]
    for row in range(height):
        for column in range(width):
            if math.dist((2 * column / (width - 1) - 1, 1 - 2 * row / (height - 1)), LAKE) < RADIUS:
                rows[row][column] = "~"
    for x, y in way.states:
        rows[round((1 - y) / 2 * (height - 1))][round((x + 1) / 2 * (width - 1))] = "*"
    return "\n".join("".join(row).rstrip() for row in rows if set(row) != {" "})


async def main() -> None:
    """Build the graph, stream its progress, print the plan."""
    builder = StateGraph(PlannerState)
    builder.add_node("planner", DiffusionPlannerNode(make_planner(), interval=0.0))
    builder.add_edge(START, "planner")
    builder.add_edge("planner", END)
    graph = builder.compile()

    state: PlannerState = {"request": {"start": [-1.0, 0.0], "goal": [1.0, 0.0]}, "seed": 1}
    async for part in graph.astream(state, stream_mode=["custom", "values"], version="v2"):
        if part["type"] == "custom":
            event = part["data"]
            print(f"denoising step {event['step']:2d} of {event['total']}, noise level {event['time']:.2f}")
        elif part["type"] == "values":
            state = part["data"]

    plan = read_plan(state, Plan[Reach, Trajectory])
    passed = sum(candidate.verdict.passed for candidate in plan.considered)
    print(draw(plan.chosen.value))
    print(
        f"{passed} of {len(plan.considered)} ways are dry; the shortest is {-plan.chosen.verdict.score:.2f} long"
    )


if __name__ == "__main__":
    asyncio.run(main())
