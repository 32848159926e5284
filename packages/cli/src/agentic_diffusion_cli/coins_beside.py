"""An evolved planner of coins as it is used: the network that learned coins beside the one that it came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentic_diffusion_evolve.beside import Beside
from agentic_diffusion_worlds.maze.coincross import Crossed
from agentic_diffusion_worlds.maze.coindomain import for_coins
from agentic_diffusion_worlds.maze.coinfocus import Focused
from agentic_diffusion_worlds.maze.domain import FastestFree
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.physics import MazePhysics
from agentic_diffusion_worlds.maze.pilot import Pilot
from agentic_diffusion_worlds.maze.score import Episode, run_episode

if TYPE_CHECKING:
    from agentic_diffusion.planning.domains.trajectory import Reach, Trajectory
    from agentic_diffusion.planning.planner import Plans
    from agentic_diffusion_worlds.maze.coinbench import CoinPlans
    from agentic_diffusion_worlds.maze.geometry import Array
    from agentic_diffusion_worlds.maze.map import Maze
    from agentic_diffusion_worlds.maze.planner import MazePlanner

STEPS = 4
PLANS = 1000  # seeds set aside for the plans of one plain drive
OLD = 0.25
"""The share of the candidates past a coin that come from the network as it was."""
OLD_PLAIN = 0.875
"""That share of a plain plan, which the network as it was knows better."""


def of_coins(
    plain: MazePlanner,
    denoiser: Any,
    *,
    candidates: int,
    twice: bool = False,
    crossed: bool = False,
    old: float = OLD,
) -> CoinPlans:
    """Return a planner of coins of which a share of the candidates comes from the network as it was.

    Args:
        plain: The planner of the maze that evolution began with.
        denoiser: The network after evolution; where it is that of `plain` all candidates come from it.
        candidates: Of both together.
        twice: Whether each network looks twice (`Focused`).
        crossed: Whether candidates are crossed where none passes, those of one network with those of the other too
            (`Crossed`).
        old: The share of the network as it was.
    """
    parts = [replace(plain, denoiser=network) for network in _networks(plain, denoiser)]
    planners = [
        for_coins(part, count=count, steps=STEPS, returns=1)
        for part, count in zip(parts, _shares(candidates, len(parts), old), strict=True)
    ]
    drivers: list[CoinPlans] = [Focused(planner) for planner in planners] if twice else [*planners]
    driver: CoinPlans = drivers[0] if len(drivers) == 1 else Beside(drivers)
    return Crossed(driver, planners[0].verify) if crossed else driver  # type: ignore[arg-type]


def of_plain(plain: MazePlanner, denoiser: Any) -> Plans[Reach, Trajectory]:
    """Return the planner of the maze without coins, with as many candidates as before."""
    networks = _networks(plain, denoiser)
    planners = [
        replace(plain, denoiser=network, count=count)
        for network, count in zip(networks, _shares(plain.count, len(networks), OLD_PLAIN), strict=True)
    ]
    return planners[0] if len(planners) == 1 else Beside(planners)


def plain_drives(
    driver: Plans[Reach, Trajectory], maze: Maze, first: Sequence[tuple[Array, int]]
) -> Iterator[Episode]:
    """Drive to the goal of a maze as its benchmark does, from each start with the plans of its seed."""
    physics, judge = MazePhysics(maze.map), FastestFree(Geometry(maze.map))
    goal = physics.cell_to_xy(maze.goal)
    for start, seed in first:
        yield run_episode(physics, Pilot(driver, judge, goal, seed=seed), maze=maze, start=start)


def _networks(plain: MazePlanner, denoiser: Any) -> list[Any]:
    return [plain.denoiser] if denoiser is plain.denoiser else [plain.denoiser, denoiser]


def _shares(count: int, parts: int, old: float) -> list[int]:
    """Return how many candidates the network as it was and the new one have, at least one each."""
    first = min(max(1, round(old * count)), max(1, count - 1))
    return [count] if parts == 1 else [first, max(1, count - first)]
