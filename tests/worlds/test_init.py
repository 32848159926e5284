"""Importing the package registers the environments."""

import agentic_diffusion_worlds  # noqa: F401
import gymnasium
import pytest


@pytest.mark.parametrize(("name", "limit"), [("UMaze", 300), ("Medium", 600), ("Large", 800)])
def test_environments_are_registered_with_their_limits(name, limit):
    spec = gymnasium.spec(f"agentic_diffusion/Maze-{name}-v1")
    assert spec.max_episode_steps == limit
    assert spec.entry_point == "agentic_diffusion_worlds.maze.env:MazeEnv"


def test_the_toolbox_is_registered():
    spec = gymnasium.spec("agentic_diffusion/Toolbox-v1")
    assert spec.entry_point == "agentic_diffusion_worlds.toolbox.env:ToolboxEnv"
