"""The learning curve of a lineage: how well each generation drove when the gate examined it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agentic_diffusion_evolve.lineage import Tree
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.plot import CHOSEN, DRIVE, FAINT, INK, need
from agentic_diffusion_worlds.maze.score import normalised

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def levels(tree: Tree, maze: Maze) -> list[dict[str, Any]]:
    """Return one row a generation: its fate, and what the gate measured, as normalised raw scores.

    Mazes without reference returns are told in steps spent in the goal.
    """
    low, high = maze.reference or (0.0, 100.0)
    unit = maze.limit * 100.0 / (high - low)

    def level(share: object) -> float | None:
        if not isinstance(share, int | float):
            return None
        return share * maze.limit if maze.reference is None else normalised(share * maze.limit, maze)

    rows = []
    for ancestor in tree.generations:
        told = ancestor.verdict.evidence if ancestor.verdict is not None else {}
        row: dict[str, Any] = {"number": ancestor.number, "fate": ancestor.fate}
        row |= {name: level(told.get(name)) for name in ("candidate", "incumbent")}
        for name in ("gain", "lower", "upper"):
            value = told.get(name)
            row[name] = value * unit if isinstance(value, int | float) else None
        rows.append(row)
    return rows


def curve(rows: Sequence[dict[str, Any]], *, title: str) -> Figure:
    """Return a picture of the active planner's level, with every candidate as a dot and its interval.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    figure: Figure = need("matplotlib.figure").Figure(figsize=(6.0, 3.6), dpi=150)
    axes = figure.add_axes((0.12, 0.15, 0.85, 0.72))
    judged = [row for row in rows if row["candidate"] is not None]
    active = [judged[0]["incumbent"]] if judged else []
    for row in judged:
        kept = row["fate"] == "promoted"
        active.append(row["candidate"] if kept else active[-1])
        spread = [[row["gain"] - row["lower"]], [row["upper"] - row["gain"]]]
        axes.errorbar(
            row["number"],
            row["candidate"],
            yerr=spread,
            fmt="o",
            color=CHOSEN if kept else DRIVE,
            markerfacecolor=CHOSEN if kept else "white",
            capsize=3,
            zorder=3,
        )
    axes.step(range(len(active)), active, where="post", color=INK, linewidth=2, zorder=2)
    axes.set_xlabel("generation", color=INK)
    axes.set_ylabel("score from held-out starts", color=INK)
    axes.set_title(title, color=INK, loc="left", size=10)
    axes.grid(color=FAINT, alpha=0.25)
    axes.set_xticks(range(len(rows)))
    return figure
