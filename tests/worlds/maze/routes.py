"""An exact denoiser of mazes, so that nothing needs training: it believes in the way over the cells."""

import numpy as np
import torch
from agentic_diffusion.denoising.belief import Gaussian
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.planner import Design, assemble


class Route:
    """Believes in the shortest way over cells from the pinned start to the pinned goal, and counts its calls.

    Candidates differ by how far they keep to one side, `spread` apart.
    """

    def __init__(self, maze, design, spread=0.01):
        self.geometry = Geometry(maze.map)
        self.domain = design.trajectories(self.geometry)
        self.spread = spread
        self.calls = 0

    def __call__(self, x, t, condition):
        self.calls += 1
        pinned = self.domain.limits.stretch(condition.pin(x)[0]).double().numpy()
        start, goal = pinned[0, :2], pinned[-1, :2]
        geometry = self.geometry
        cells = geometry.map.path_cells(geometry.xy_to_cell(start), geometry.xy_to_cell(goal))
        corners = np.array([start, *(geometry.cell_to_xy(cell) - 0.1 for cell in cells[1:-1]), goal])
        length = np.concatenate([[0.0], np.linalg.norm(np.diff(corners, axis=0), axis=1).cumsum()])
        even = np.linspace(0.0, length[-1], self.domain.horizon)
        way = np.stack([np.interp(even, length, axis) for axis in corners.T], axis=1)
        ways = np.repeat(way[None], len(x), axis=0)
        ways[:, 1:-1] += self.spread * (np.arange(len(x)) - len(x) // 2)[:, None, None]
        speeds = np.gradient(ways, self.domain.seconds, axis=1)
        speeds[:, 0], speeds[:, -1] = pinned[0, 2:], 0.0
        mean = self.domain.limits.shrink(torch.from_numpy(np.concatenate([ways, speeds], axis=2))).to(x)
        return Gaussian(mean, torch.zeros_like(mean), torch.ones(()))


def make_planner(maze, *, count=4, steps=2, horizon=32, stride=16, spread=0.01):
    """Return a planner around the exact denoiser."""
    design = Design(horizon=horizon, stride=stride)
    return assemble(maze, design, denoiser=Route(maze, design, spread), steps=steps, count=count)
