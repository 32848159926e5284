"""Small data, small networks, and planners that need no training."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
import torch
from agentic_diffusion_worlds.maze.dataset import Recipe, generate
from agentic_diffusion_worlds.maze.map import UMAZE
from agentic_diffusion_worlds.maze.planner import Design


@pytest.fixture(scope="session")
def routes():
    """Return the module of the exact denoiser."""
    spec = spec_from_file_location("routes", Path(__file__).with_name("routes.py"))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def umaze_data():
    """Return a little data of the U-maze."""
    return generate(Recipe(UMAZE, size=4000, seed=0))


@pytest.fixture(scope="session")
def tiny():
    """Return the design of a network that is quick and knows nothing."""
    return Design(horizon=16, stride=16, width=16, depth=1, heads=2, patch=8, waves=0)


@pytest.fixture(scope="session")
def tiny_network(tiny):
    """Return a network of it with random weights; a fresh one would answer the same to everything."""
    network, rng = tiny.network(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=rng))
    return network
