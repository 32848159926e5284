"""A tiny trained planner, an exact one, and a journey that is travelled once."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest
from agentic_diffusion.denoising.train import Recipe
from typer.testing import CliRunner

ROUTES = Path(__file__).parents[1] / "worlds" / "maze" / "routes.py"


@pytest.fixture
def cli():
    """Return a function that runs the command with words."""
    from agentic_diffusion_cli.main import app

    return lambda *words, **more: CliRunner().invoke(app, [str(word) for word in words], **more)


@pytest.fixture(scope="session")
def routes():
    """Return the module of the exact denoiser."""
    spec = spec_from_file_location("routes", ROUTES)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def order():
    """Return the maker of orders for a planner that is trained in no time and knows nothing."""
    from agentic_diffusion_cli.workshop import Order
    from agentic_diffusion_worlds.maze.map import UMAZE
    from agentic_diffusion_worlds.maze.planner import Design
    from agentic_diffusion_worlds.maze.training import Run

    def make(out, *, steps=4, **more):
        design = Design(horizon=16, stride=16, width=16, depth=1, heads=2, patch=8, waves=0)
        run = Run(UMAZE, design, Recipe(steps=steps, warmup=1), batch=4)
        settings = {"transitions": 1500, "episodes": 1, "command": "agentic-diffusion train maze", **more}
        return Order(run, out=out, **settings)

    return make


@pytest.fixture(scope="session")
def trained(order, tmp_path_factory):
    """Return a tiny planner: its folder and its card."""
    from agentic_diffusion_cli.workshop import make_planner

    folder = tmp_path_factory.mktemp("trained") / "umaze"
    return SimpleNamespace(folder=folder, card=make_planner(order(folder)))


@pytest.fixture(scope="session")
def travelled(routes):
    """Return a journey with the exact planner and the events that were heard."""
    from agentic_diffusion_cli.journey import travel
    from agentic_diffusion_worlds.maze.map import LARGE

    heard = []
    journey = travel(LARGE, routes.make_planner(LARGE, count=5), seed=0, watch=heard.append)
    return SimpleNamespace(journey=journey, heard=heard)
