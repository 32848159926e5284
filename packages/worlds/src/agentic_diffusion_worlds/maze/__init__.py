"""The maze world of D4RL on plain MuJoCo: map, physics, data, oracle and score.

Names are imported when they are first used, so that geometry can be had without a simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.maze.controller import Gains, WaypointController
    from agentic_diffusion_worlds.maze.dataset import drive, generate
    from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3, Geometry, Profile
    from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE, Cell, Maze, MazeMap
    from agentic_diffusion_worlds.maze.physics import MazePhysics
    from agentic_diffusion_worlds.maze.recording import MazeData, Recipe, load, save

_HOMES = {
    "controller": ("Gains", "WaypointController"),
    "dataset": ("drive", "generate"),
    "geometry": ("D4RL", "ROBOTICS_V3", "Geometry", "Profile"),
    "map": ("LARGE", "MAZES", "MEDIUM", "UMAZE", "Cell", "Maze", "MazeMap"),
    "physics": ("MazePhysics",),
    "recording": ("MazeData", "Recipe", "load", "save"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "D4RL",
    "LARGE",
    "MAZES",
    "MEDIUM",
    "ROBOTICS_V3",
    "UMAZE",
    "Cell",
    "Gains",
    "Geometry",
    "Maze",
    "MazeData",
    "MazeMap",
    "MazePhysics",
    "Profile",
    "Recipe",
    "WaypointController",
    "drive",
    "generate",
    "load",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
