"""A bench of the smallest maze, with as few turns as can be."""

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion_cli.speed.clock import Ceilings, Turns
from agentic_diffusion_cli.speed.planners import Mazes
from agentic_diffusion_worlds.maze.map import UMAZE


@pytest.fixture
def bench():
    turns = Turns(repeats=2, most=0)
    return Mazes(UMAZE, Compute("cpu"), Ceilings(1e10, 1e10), turns, requests=2, scored=2)
