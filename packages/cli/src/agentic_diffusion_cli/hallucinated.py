"""Executable and hallucinated maze plans, and how far the weights of plans tell one from the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.planning.domains.trajectory import Trajectory
from agentic_diffusion_evolve.measure import auroc
from agentic_diffusion_evolve.weigh import ManifoldDistance, RestorationGap, Weigher, calibrate_weigher
from agentic_diffusion_worlds.maze.dataset import generate
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.planner import WEIGHTS, load_network
from agentic_diffusion_worlds.maze.practice import WITHIN, Exam, MazePlan
from agentic_diffusion_worlds.maze.recording import Recipe
from agentic_diffusion_worlds.maze.windows import Windows
from torch import Tensor

from agentic_diffusion_cli.confidence import resampled
from agentic_diffusion_cli.trials import Ground

KNOWN, HELD = 3000, 400  # real plans that the distance looks at, and those that the weights are shares of
NOISE = 0.5  # of what is added to a plan, in units of length and speed
PLANNED, ONE_STEP, NOISED, SHORTCUT = "planned", "one step", "noised", "shortcut"


@final
@dataclass(frozen=True)
class Weighed:
    """A plan with its weight.

    Args:
        kind: Where it comes from: the planner, one denoising step, noise, or a straight line.
        weight: What the weigher says.
        executable: Whether the ball ended in the goal and stayed near the plan.
    """

    kind: str
    weight: float
    executable: bool


def weigher_of(ground: Ground, *, seed: int, transitions: int = 40_000) -> Weigher:
    """Return a weigher that was calibrated on drives that the network has not seen."""
    design, _, _ = load_network(WEIGHTS / ground.maze.name)
    data = generate(Recipe(ground.maze, size=transitions, seed=seed))
    domain = design.trajectories(Geometry(ground.maze.map))
    windows = Windows.of(data, domain, stride=design.stride, roaming=0.0)
    rng, planner = generator(seed), ground.planner
    known, _ = replace(windows, batch=KNOWN)(rng)
    held, condition = replace(windows, batch=HELD)(rng)
    gap = RestorationGap(planner.process, planner.denoiser)
    return calibrate_weigher((gap, ManifoldDistance(known), unsteady), held, condition)


def unsteady(x: Tensor, condition: Condition[Tensor]) -> Tensor:
    """Return how far each plan is from moving as fast as it says: the largest gap between p' - p and the mean v."""
    moved, said = x[:, 1:, :2] - x[:, :-1, :2], (x[:, 1:, 2:] + x[:, :-1, 2:]) / 2
    scale = (moved * said).sum() / said.pow(2).sum().clamp(min=1e-9)
    gap: Tensor = (moved - scale * said).norm(dim=-1).amax(dim=1)
    return gap


def weighed(ground: Ground, weigher: Weigher, *, seed: int, count: int) -> Iterator[Weighed]:
    """Yield plans of all kinds for the same errands, each driven once."""
    exam, rng = Exam(MazePhysics(ground.maze.map), ground.maze.limit), np.random.default_rng(seed)
    domain = ground.planner.domain
    for index, request in enumerate(errands(ground.maze, seed=seed, count=count, home=0.0)):
        plan = ground.planner.plan(request, seed=seed * 100_000 + index)
        for kind, value in _kinds(ground, plan, rng=rng):
            chosen = plan.chosen.model_copy(update={"value": value})
            (outcome,) = exam(plan.model_copy(update={"chosen": chosen}))
            weight = float(weigher(domain.encode([value]), domain.condition(request))[0])
            residual = float(str(outcome.evidence["residual"]))
            yield Weighed(kind, weight, residual <= WITHIN)


def _kinds(ground: Ground, plan: MazePlan, *, rng: np.random.Generator) -> Iterator[tuple[str, Trajectory]]:
    planned = plan.chosen.value
    yield PLANNED, planned
    hasty = replace(ground.planner, steps=1, count=1)
    yield ONE_STEP, hasty.plan(plan.request, seed=plan.seed).chosen.value
    states = np.array(planned.states)
    inner = np.zeros_like(states)
    inner[1:-1] = rng.normal(0.0, NOISE, states[1:-1].shape)
    yield NOISED, _with(planned, states + inner)
    end = max(planned.arrival, 1)
    share = np.minimum(np.arange(len(states)) / end, 1.0)[:, None]
    line, first, last = states.copy(), states[0, :2], states[-1, :2]
    line[:, :2] = (1 - share) * first + share * last
    line[1:-1, 2:] = np.where(share < 1, (last - first) / (end * planned.seconds), 0)[1:-1]
    yield SHORTCUT, _with(planned, line)


def _with(value: Trajectory, states: np.ndarray[Any, Any]) -> Trajectory:
    return value.model_copy(update={"states": tuple(tuple(map(float, row)) for row in states)})


def weight_rows(plans: Sequence[Weighed]) -> list[dict[str, Any]]:
    """Return for each kind of hallucination how well weights tell it from executable plans of the planner.

    A plan that was meant to be impossible and could be driven all the same is no hallucination and does not count.
    """
    real = [plan for plan in plans if plan.executable and plan.kind == PLANNED]
    rows = []
    for name in ("all", ONE_STEP, NOISED, SHORTCUT):
        bad = [p for p in plans if not p.executable and p.kind != PLANNED and name in ("all", p.kind)]
        if not real or not bad:
            continue
        said = [plan.weight for plan in (*real, *bad)]
        marks = [True] * len(real) + [False] * len(bad)
        rows.append({"name": "ours", "hallucinated": name, "weight_auroc": resampled(said, marks, auroc)})
    return rows
