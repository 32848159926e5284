"""A film of a plan: noise becomes candidates, one is chosen, the ball drives it.

Needs the extra ``plot``. Frames are drawn with Pillow at twice the size and shrunk.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from agentic_diffusion.errors import InvalidConfigError
from numpy.typing import ArrayLike

from agentic_diffusion_worlds.maze.geometry import D4RL, RADIUS, Array, Geometry, Profile
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.plot import (
    CANDIDATE,
    CHOSEN,
    DRIVE,
    FAINT,
    FLOOR,
    GOAL,
    INK,
    WALL,
    Dot,
    column_row,
    need,
    plans_of,
    way_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw


def animate(
    maze: Maze,
    profile: Profile = D4RL,
    *,
    denoising: Sequence[ArrayLike],
    chosen: int,
    drive: ArrayLike,
    path: Path,
    goal: ArrayLike | None = None,
    fps: int = 20,
    frames: int = 120,
) -> Path:
    """Write a GIF: noise becomes plans, one of them is chosen, the ball drives.

    Args:
        maze: Where.
        profile: The frame of all positions.
        denoising: Candidates ``(n, horizon, 2)``: the noise, then what each step made of it.
        chosen: Index of the chosen candidate.
        drive: Positions after each step, ``(t, 2)``.
        path: The file to write.
        goal: A position; by default the maze's goal.
        fps: Frames a second, at most 50.
        frames: About how many frames in all; longer inputs are thinned out.

    Raises:
        MissingExtraError: If Pillow is not installed.
        InvalidStateError: If an array has the wrong shape or the index is out of range.
    """
    if not 1 <= fps <= 50 or frames < 20 or not len(denoising):
        raise InvalidConfigError(
            f"{fps} frames a second, {frames} frames, {len(denoising)} denoising steps",
            "1 to 50 a second, at least 20 frames, at least one step",
            "Correct the settings.",
        )
    plain = need("PIL.Image").Dither.NONE
    geometry = Geometry(maze.map, profile)
    target = geometry.cell_to_xy(maze.goal) if goal is None else np.asarray(goal, dtype=np.float64)
    film = _Film(maze, geometry, target)
    states = [plans_of(step, chosen) for step in denoising]
    pictures = [
        *film.denoising(states, chosen, count=frames // 3),
        *film.driving(states[-1][chosen], way_of(drive, "drive"), count=frames - frames // 3),
    ]
    palette = film.palette(states[0], chosen)
    small = [picture.quantize(palette=palette, dither=plain) for picture in pictures]
    times = [1000 // fps] * len(small)
    times[-1] = 2000
    small[0].save(path, save_all=True, append_images=small[1:], duration=times, loop=0)
    return path


@dataclass(frozen=True)
class _Film:
    """Draws the frames of one maze."""

    maze: Maze
    geometry: Geometry
    goal: Array
    size: int = 480
    bar: int = 32
    zoom: int = 2

    @cached_property
    def cell(self) -> float:
        """Pixels of a cell in the large drawing."""
        height, width = self.maze.map.shape
        return self.zoom * min(self.size / width, 0.75 * self.size / height)

    @cached_property
    def font(self) -> Any:
        """The typeface that comes with Pillow, sized to the width of the maze."""
        wide = self.cell * self.maze.map.shape[1]
        return need("PIL.ImageFont").load_default(size=min(15 * self.zoom, wide / 27))

    @cached_property
    def floor(self) -> Image:
        """Walls and goal, drawn once."""
        height, width = self.maze.map.shape
        area = (round(width * self.cell), round(height * self.cell) + self.bar * self.zoom)
        image: Image = need("PIL.Image").new("RGB", area, FLOOR)
        pen = pen_of(image)
        for i, j in np.argwhere(self.geometry.map.walls):
            pen.rectangle((*self.dot((j - 0.5, i - 0.5)), *self.dot((j + 0.5, i + 0.5))), fill=WALL)
        centre = column_row(self.geometry, self.goal)
        self.disc(pen, centre, self.geometry.profile.goal_radius, outline=GOAL, width=4)
        self.disc(pen, centre, 0.09, fill=GOAL)
        return image

    def denoising(self, states: Sequence[Array], chosen: int, *, count: int) -> Iterator[Image]:
        """The candidates glide from noise to plans; the chosen one shows its colour in the last third."""
        last = len(states) - 1
        picks = np.linspace(0, last, 2 * count // 3)
        for pick in picks:
            image = self.floor.copy()
            step = int(pick)
            glide = (pick - step) ** 2 * (3 - 2 * (pick - step))
            self.shade(image, (1 - glide) * states[step] + glide * states[min(step + 1, last)])
            yield self.finish(image, self.title(states), f"step {round(pick)} of {last}")
        image = self.floor.copy()
        self.shade(image, states[-1])
        self.line(pen_of(image), states[-1][chosen], color=CHOSEN, width=6)
        picture = self.finish(image, "The chosen plan", f"1 of {len(states[-1])}")
        yield from [picture] * (count - len(picks))

    def driving(self, plan: Array, drive: Array, *, count: int) -> Iterator[Image]:
        """The ball on its way, with the plan below, its trail and its score.

        Three frames out of four are spent before the first arrival.
        """
        there = np.hypot(*(drive - self.goal).T) <= self.geometry.profile.goal_radius
        score, last = np.cumsum(there), len(drive) - 1
        arrival = int(there.argmax()) if there.any() else last
        picks = np.concatenate(
            [np.linspace(0, arrival, 3 * count // 4), np.linspace(arrival, last, count // 4)]
        )
        for index in np.unique(picks.round().astype(int)):
            image = self.floor.copy()
            pen = pen_of(image)
            self.line(pen, plan, color=CHOSEN, width=4)
            self.line(pen, drive[: index + 1], color=DRIVE, width=5)
            ball = column_row(self.geometry, drive[index])
            self.disc(pen, ball, RADIUS * 1.9, fill="white")
            self.disc(pen, ball, RADIUS * 1.5, fill=DRIVE)
            text = f"step {index + 1} of {len(drive)}    reward {score[index]}"
            yield self.finish(image, "Driving", text)

    def palette(self, plans: Array, chosen: int) -> Image:
        """One palette for all frames, from a picture that shows every colour."""
        image = self.floor.copy()
        self.shade(image, plans)
        pen = pen_of(image)
        self.line(pen, plans[chosen], color=CHOSEN, width=6)
        self.line(pen, plans[chosen] + 0.1, color=DRIVE, width=5)
        self.disc(pen, column_row(self.geometry, self.goal), RADIUS * 1.5, fill=DRIVE)
        return self.finish(image, "Palette", "0123456789").quantize(96)

    def title(self, states: Sequence[Array]) -> str:
        """What the first part is called."""
        return f"Denoising {len(states[0])} plans" if len(states[0]) > 1 else "Denoising a plan"

    def shade(self, image: Image, plans: Array) -> None:
        """All candidates as a veil through which the maze is seen."""
        veil = need("PIL.Image").new("L", image.size, 0)
        pen = pen_of(veil)
        for plan in plans:
            self.line(pen, plan, color=150, width=3)
        image.paste(CANDIDATE, (0, 0, *image.size), veil)

    def finish(self, image: Image, title: str, text: str) -> Image:
        """Write the line above and shrink to the size of the film."""
        pen, bar = pen_of(image), self.bar * self.zoom
        pen.rectangle((0, 0, image.width, bar), fill="white")
        font, edge = self.font, 10 * self.zoom
        pen.text((edge, bar / 2), title, fill=INK, font=font, anchor="lm")
        pen.text((image.width - edge, bar / 2), text, fill=FAINT, font=font, anchor="rm")
        return image.reduce(self.zoom)

    def dot(self, column_row: Dot) -> Dot:
        """From column and row to pixels."""
        v, u = column_row
        return (v + 0.5) * self.cell, (u + 0.5) * self.cell + self.bar * self.zoom

    def line(self, pen: ImageDraw, places: Array, *, color: str | int, width: int) -> None:
        """A polyline through positions."""
        dots = [self.dot((float(v), float(u))) for u, v in self.geometry.to_grid(places)]
        if len(dots) > 1:
            pen.line(dots, fill=color, width=width, joint="curve")

    def disc(self, pen: ImageDraw, centre: Dot, radius: float, **style: Any) -> None:
        """A circle of a radius in cells."""
        (x, y), r = self.dot(centre), radius * self.cell
        pen.ellipse((x - r, y - r, x + r, y + r), **style)


def pen_of(image: Image) -> ImageDraw:
    """What draws on an image."""
    pen: ImageDraw = need("PIL.ImageDraw").Draw(image)
    return pen
