"""Errands: drives to practise and to be examined on, drawn at random in a maze."""

from __future__ import annotations

import numpy as np
from agentic_diffusion.planning.domains.trajectory import Reach

from agentic_diffusion_worlds.maze.domain import reach
from agentic_diffusion_worlds.maze.geometry import D4RL, Geometry, Profile
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.score import starts


def errands(maze: Maze, profile: Profile = D4RL, *, seed: int, count: int, home: float = 0.5) -> list[Reach]:
    """Return so many drives from a random cell to another, the same for the same seed.

    Args:
        maze: Where.
        profile: The noise of starts and goals.
        seed: Which errands.
        count: How many.
        home: The share of errands that lead to the goal of the maze.
    """
    rng = np.random.default_rng(seed)
    geometry, cells = Geometry(maze.map, profile), maze.start_cells(goal=True)
    wanted: list[Reach] = []
    while len(wanted) < count and len(cells) > 1:
        homeward = bool(rng.random() < home)
        start, other = (cells[int(k)] for k in rng.choice(len(cells), 2, replace=False))
        if homeward and start == maze.goal:
            start = other
        place = geometry.cell_to_xy(start) + rng.uniform(-profile.start_noise, profile.start_noise, 2)
        target = geometry.cell_to_xy(maze.goal if homeward else other)
        if not homeward:
            target = target + rng.uniform(-profile.goal_noise, profile.goal_noise, 2)
        wanted.append(reach([*place, *rng.normal(0.0, profile.velocity_noise, 2)], target))
    return wanted


def homeward(maze: Maze, profile: Profile = D4RL, *, seed: int, count: int) -> list[Reach]:
    """Return the drives of the benchmark: from its starts for this seed to the goal of the maze."""
    goal = Geometry(maze.map, profile).cell_to_xy(maze.goal)
    return [reach(start, goal) for start in starts(maze, profile, seed=seed, count=count)]
