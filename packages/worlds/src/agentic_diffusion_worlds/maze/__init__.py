"""The maze world of D4RL on plain MuJoCo: map, physics, data, oracle and score.

Names are imported when they are first used, so that geometry can be had without a simulator.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentic_diffusion_worlds.maze.coinbench import (
        CoinBench,
        CoinTick,
        Drawn,
        Unaware,
        coin_drivers,
        told,
    )
    from agentic_diffusion_worlds.maze.coindomain import CoinDomain, CoinPlanner, CoinReward, for_coins
    from agentic_diffusion_worlds.maze.coinjudge import NearestFree
    from agentic_diffusion_worlds.maze.coinlegs import TwoLegs
    from agentic_diffusion_worlds.maze.coins import (
        SUITES,
        CoinSuite,
        CoinTask,
        coin_score,
        practice_tasks,
        spare_cells,
        suite_tasks,
    )
    from agentic_diffusion_worlds.maze.coinworld import (
        CoinDrive,
        CoinPilot,
        CoinPractice,
        CoinWorld,
        drive_coin,
    )
    from agentic_diffusion_worlds.maze.controller import Gains, WaypointController
    from agentic_diffusion_worlds.maze.dataset import drive, generate
    from agentic_diffusion_worlds.maze.env import MazeEnv
    from agentic_diffusion_worlds.maze.film import animate
    from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3, Geometry, Profile
    from agentic_diffusion_worlds.maze.map import LARGE, MAZES, MEDIUM, UMAZE, Cell, Maze, MazeMap
    from agentic_diffusion_worlds.maze.physics import MazePhysics
    from agentic_diffusion_worlds.maze.plot import plot_plan
    from agentic_diffusion_worlds.maze.recording import MazeData, Recipe, load, save
    from agentic_diffusion_worlds.maze.score import (
        Episode,
        Score,
        ceiling_row,
        judge,
        normalised,
        oracle_row,
        random_row,
        report,
        roll,
        run_episode,
        starts,
        summary,
    )

_HOMES = {
    "coinbench": ("CoinBench", "CoinTick", "Drawn", "Unaware", "coin_drivers", "told"),
    "coindomain": (
        "CoinDomain",
        "CoinPlanner",
        "CoinReward",
        "for_coins",
    ),
    "coinjudge": ("NearestFree",),
    "coinlegs": ("TwoLegs",),
    "coins": (
        "SUITES",
        "CoinSuite",
        "CoinTask",
        "coin_score",
        "practice_tasks",
        "spare_cells",
        "suite_tasks",
    ),
    "coinworld": (
        "CoinDrive",
        "CoinPilot",
        "CoinPractice",
        "CoinWorld",
        "drive_coin",
    ),
    "controller": ("Gains", "WaypointController"),
    "dataset": ("drive", "generate"),
    "env": ("MazeEnv",),
    "film": ("animate",),
    "geometry": ("D4RL", "ROBOTICS_V3", "Geometry", "Profile"),
    "map": ("LARGE", "MAZES", "MEDIUM", "UMAZE", "Cell", "Maze", "MazeMap"),
    "physics": ("MazePhysics",),
    "plot": ("plot_plan",),
    "recording": ("MazeData", "Recipe", "load", "save"),
    "score": (
        "Episode",
        "Score",
        "ceiling_row",
        "judge",
        "normalised",
        "oracle_row",
        "random_row",
        "report",
        "roll",
        "run_episode",
        "starts",
        "summary",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "D4RL",
    "LARGE",
    "MAZES",
    "MEDIUM",
    "ROBOTICS_V3",
    "SUITES",
    "UMAZE",
    "Cell",
    "CoinBench",
    "CoinDomain",
    "CoinDrive",
    "CoinPilot",
    "CoinPlanner",
    "CoinPractice",
    "CoinReward",
    "CoinSuite",
    "CoinTask",
    "CoinTick",
    "CoinWorld",
    "Drawn",
    "Episode",
    "Gains",
    "Geometry",
    "Maze",
    "MazeData",
    "MazeEnv",
    "MazeMap",
    "MazePhysics",
    "NearestFree",
    "Profile",
    "Recipe",
    "Score",
    "TwoLegs",
    "Unaware",
    "WaypointController",
    "animate",
    "ceiling_row",
    "coin_drivers",
    "coin_score",
    "drive",
    "drive_coin",
    "for_coins",
    "generate",
    "judge",
    "load",
    "normalised",
    "oracle_row",
    "plot_plan",
    "practice_tasks",
    "random_row",
    "report",
    "roll",
    "run_episode",
    "save",
    "spare_cells",
    "starts",
    "suite_tasks",
    "summary",
    "told",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
