"""A picture of plans in a maze: all candidates, the chosen one, the drive.

Needs the extra ``plot``. Rows of the map run downwards, whatever the profile.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from agentic_diffusion.errors import InvalidStateError, MissingExtraError
from numpy.typing import ArrayLike

from agentic_diffusion_worlds.maze.geometry import D4RL, Array, Geometry, Profile
from agentic_diffusion_worlds.maze.map import Maze

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FLOOR, WALL, INK, FAINT = "#f7f6f3", "#343a46", "#343a46", "#8a8f99"
CANDIDATE, CHOSEN, DRIVE, GOAL, START = "#9db4d6", "#2463eb", "#e2533b", "#e8a317", "#2b8a5f"
SIDE, BAR = 6.0, 0.35  # inches
Dot = tuple[float, float]


def plot_plan(
    maze: Maze,
    profile: Profile = D4RL,
    *,
    candidates: ArrayLike,
    chosen: int | None = None,
    start: ArrayLike | None = None,
    goal: ArrayLike | None = None,
    drive: ArrayLike | None = None,
    title: str = "",
) -> Figure:
    """A still: all candidates faint, the chosen one strong, the drive on top.

    Args:
        maze: Where.
        profile: The frame of all positions.
        candidates: Planned positions, ``(n, horizon, 2)``.
        chosen: Index of the chosen candidate.
        start: A position; by default none is drawn.
        goal: A position; by default the maze's goal.
        drive: Driven positions, ``(t, 2)``.
        title: A line above the picture.

    Raises:
        MissingExtraError: If matplotlib is not installed.
        InvalidStateError: If an array has the wrong shape or the index is out of range.
    """
    figure_module = need("matplotlib.figure")
    geometry, plans = Geometry(maze.map, profile), plans_of(candidates, chosen)
    height, width = maze.map.shape
    cell = SIDE / max(width, height)
    tall = height * cell
    figure: Figure = figure_module.Figure(figsize=(width * cell, tall + BAR), dpi=150)
    axes = figure.add_axes((0.0, 0.0, 1.0, tall / (tall + BAR)))
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    axes.axis("off")
    axes.imshow(_tiles(geometry), extent=(-0.5, width - 0.5, height - 0.5, -0.5), zorder=0)
    for index, plan in enumerate(plans):
        if index != chosen:
            _line(axes, geometry, plan, color=CANDIDATE, width=1.1, alpha=0.75)
    if chosen is not None:
        _line(axes, geometry, plans[chosen], color=CHOSEN, width=2.6, dots=True)
    if drive is not None:
        _line(axes, geometry, way_of(drive, "drive"), color=DRIVE, width=1.6)
    _target(axes, geometry, geometry.cell_to_xy(maze.goal) if goal is None else goal)
    if start is not None:
        v, u = column_row(geometry, start)
        axes.plot([v], [u], "o", markersize=8, color=START, markeredgecolor="white", zorder=6)
    figure.text(0.015, 1 - BAR / 2 / (tall + BAR), title or maze.name, va="center", size=11, color=INK)
    return figure


def need(name: str) -> ModuleType:
    """A module of the extra ``plot``, or an error that says how to get it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(
            f"no module {name.split('.')[0]!r}",
            "the extra 'plot'",
            "Install it: pip install 'agentic-diffusion-worlds[plot]'.",
        ) from error


def _tiles(geometry: Geometry) -> Array:
    colours = np.array([[int(c[k : k + 2], 16) / 255 for k in (1, 3, 5)] for c in (FLOOR, WALL)])
    tiles: Array = colours[geometry.map.walls.astype(int)]
    return tiles


def _line(
    axes: Any,
    geometry: Geometry,
    places: Array,
    *,
    color: str,
    width: float,
    alpha: float = 1.0,
    dots: bool = False,
) -> None:
    u, v = geometry.to_grid(places).T
    style = {"color": color, "linewidth": width, "alpha": alpha, "solid_capstyle": "round"}
    axes.plot(v, u, marker="o" if dots else "", markersize=3.4, zorder=3, **style)


def _target(axes: Any, geometry: Geometry, goal: ArrayLike) -> None:
    v, u = column_row(geometry, goal)
    ring = {"fill": False, "edgecolor": GOAL, "linewidth": 2.4, "linestyle": (0, (3, 2))}
    circle = need("matplotlib.patches").Circle
    axes.add_patch(circle((v, u), geometry.profile.goal_radius, zorder=5, **ring))
    axes.plot([v], [u], marker="*", markersize=13, color=GOAL, markeredgecolor="white", zorder=6)


def column_row(geometry: Geometry, place: ArrayLike) -> Dot:
    """Where a position lies in the picture, in cells."""
    u, v = geometry.to_grid(place)
    return float(v), float(u)


def way_of(places: ArrayLike, name: str) -> Array:
    """Positions as an array ``(t, 2)``, checked."""
    array = np.asarray(places, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise InvalidStateError(f"{name} of shape {array.shape}", "(t, 2)", "Cut off velocities.")
    return array


def plans_of(candidates: ArrayLike, chosen: int | None) -> Array:
    """Candidates as an array ``(n, horizon, 2)``, checked with the index of the chosen one."""
    plans = np.asarray(candidates, dtype=np.float64)
    if plans.ndim != 3 or plans.shape[2] != 2:
        raise InvalidStateError(
            f"candidates of shape {plans.shape}", "(n, horizon, 2)", "Cut off velocities."
        )
    if chosen is not None and not 0 <= chosen < len(plans):
        raise InvalidStateError(
            f"chosen {chosen} of {len(plans)}", f"0 to {len(plans) - 1}", "Pass its index."
        )
    return plans
