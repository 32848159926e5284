"""The data of D4RL maze2d, made on the spot: one endless drive from target to target.

The drive is cut into chunks of `CHUNK` steps, each with a random stream of its own, so that the
result depends on the seed alone and not on how many processes share the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import mujoco
import numpy as np
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_worlds.maze.controller import WaypointController
from agentic_diffusion_worlds.maze.geometry import Array, Geometry
from agentic_diffusion_worlds.maze.map import Cell
from agentic_diffusion_worlds.maze.physics import MazePhysics, clip_speed
from agentic_diffusion_worlds.maze.recording import MazeData, Recipe

__all__ = ["CHUNK", "MazeData", "Recipe", "drive", "generate"]

CHUNK = 50_000
"""Steps of a drive that share one random stream."""


def drive(recipe: Recipe, *, workers: int = 1) -> Iterator[MazeData]:
    """Drive and yield one chunk after the other, each with its own episode count.

    Args:
        recipe: What to drive.
        workers: Processes; with more than one, call from a module that is safe to import.
    """
    if workers < 1:
        raise InvalidConfigError(f"{workers} workers", "at least one", "Pass workers=1.")
    count = -(-recipe.size // CHUNK)
    jobs = [(recipe, index) for index in range(count)]
    if workers == 1 or count == 1:
        yield from map(_chunk, jobs)
        return
    pool = ProcessPoolExecutor(min(workers, count), mp_context=get_context("spawn"))
    try:
        yield from pool.map(_chunk, jobs)
    finally:
        pool.shutdown(cancel_futures=True)


def generate(recipe: Recipe, *, workers: int = 1) -> MazeData:
    """Drive all chunks and join them."""
    return MazeData.join(list(drive(recipe, workers=workers)))


def _chunk(job: tuple[Recipe, int]) -> MazeData:
    """Drive one chunk: a random start, then target after target."""
    recipe, index = job
    rng = np.random.default_rng(np.random.SeedSequence(recipe.seed, spawn_key=(index,)))
    steps = min(CHUNK, recipe.size - index * CHUNK)
    physics = MazePhysics(recipe.maze.map, recipe.profile)
    cells = recipe.maze.start_cells(goal=True)
    physics.reset(
        _spot(physics.geometry, cells, recipe.profile.start_noise, rng=rng),
        rng.normal(0.0, recipe.profile.velocity_noise, 2),
    )
    rows, goals, lengths, expired = _follow(recipe, physics, cells, steps=steps, rng=rng)
    table = np.array(rows, dtype=np.float64).astype(np.float32)
    timeouts = np.zeros(steps, dtype=np.bool_)
    timeouts[np.cumsum(lengths)[expired] - 1] = True
    return MazeData(
        observations=table[:, :4],
        actions=table[:, 4:],
        goals=np.repeat(np.array(goals, dtype=np.float32), lengths, axis=0),
        episodes=np.repeat(np.arange(len(lengths), dtype=np.int32), lengths),
        chunks=np.full(steps, index, dtype=np.int32),
        timeouts=timeouts,
    )


def _follow(
    recipe: Recipe,
    physics: MazePhysics,
    cells: tuple[Cell, ...],
    *,
    steps: int,
    rng: np.random.Generator,
) -> tuple[list[tuple[float, ...]], list[Array], list[int], list[int]]:
    """The loop over steps: rows (state, action), and of each target place, length and if given up.

    Plain floats throughout: numpy costs more than the physics on two numbers.
    """
    controller = WaypointController(physics.geometry, recipe.gains, rng=rng)
    act, step, model, data = controller.act, mujoco.mj_step, physics.model, physics.data
    qpos, qvel, ctrl, limit = data.qpos, data.qvel, data.ctrl, recipe.maze.limit
    noise = rng.normal(0.0, recipe.noise, (steps, 2)).tolist() if recipe.noise else None
    rows: list[tuple[float, ...]] = []
    goals: list[Array] = []
    lengths: list[int] = []
    expired: list[int] = []
    age = limit
    for k in range(steps):
        x, y = place = tuple(qpos.tolist())
        vx, vy = speed = tuple(qvel.tolist())
        if controller.solved or age >= limit:
            if lengths:
                lengths[-1] = age
                if not controller.solved:
                    expired.append(len(lengths) - 1)
            goals.append(_spot(physics.geometry, cells, recipe.profile.goal_noise, rng=rng))
            controller.aim(place, goals[-1])
            lengths.append(0)
            age = 0
        fx, fy = act(place, speed)
        if noise:
            fx = min(1.0, max(-1.0, fx + noise[k][0]))
            fy = min(1.0, max(-1.0, fy + noise[k][1]))
        rows.append((x, y, vx, vy, fx, fy))
        ctrl[0], ctrl[1] = fx, fy
        clip_speed(qvel)
        step(model, data)
        age += 1
    if lengths:
        lengths[-1] = age
        if age >= limit and not controller.solved:
            expired.append(len(lengths) - 1)
    return rows, goals, lengths, expired


def _spot(geometry: Geometry, cells: tuple[Cell, ...], noise: float, *, rng: np.random.Generator) -> Array:
    """A random cell, and a random place near its middle."""
    cell = cells[int(rng.integers(len(cells)))]
    return geometry.cell_to_xy(cell) + rng.uniform(-noise, noise, 2)
