"""The summary: every figure in it is the journey's."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from agentic_diffusion_cli.summary import DOTS, dots, plan_line, rounds_line, scores, sketch, still, tell
from agentic_diffusion_worlds.maze.map import LARGE, Maze
from agentic_diffusion_worlds.maze.score import normalised
from PIL import Image
from rich.console import Console


def said(journey, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=stream, width=108, highlight=False)
    tell(console, journey, gif=Path("a/maze.gif"), png=Path("a/maze.png"))
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)


def test_the_story(travelled):
    journey = travelled.journey
    text = said(journey)
    ours = journey.ours
    for part in (
        str(ours.steps_to_goal),
        f"{ours.raw:.0f} of 800",
        f"{normalised(ours.raw, LARGE):.1f}",
        str(journey.oracle.steps_to_goal),
        str(journey.ceiling.steps_to_goal),
        "a/maze.gif",
        "a/maze.png",
        "5 candidates in 2 denoising steps",
        f"confidence {journey.rounds[0].plan.confidence:.2f}",
        f"{len(journey.rounds)} plans in one LangGraph run",
    ):
        assert part in text
    assert "★" in text


def test_a_terminal_without_unicode_gets_no_sketch(travelled):
    assert "★" not in said(travelled.journey, "ascii")


def test_a_goal_that_was_not_reached_and_a_maze_without_references(travelled):
    plain = Maze("mine", LARGE.map, goal=LARGE.goal, limit=800)
    journey = replace(
        travelled.journey,
        maze=plain,
        ours=replace(travelled.journey.ours, raw=0.0, steps_to_goal=None),
    )
    table = scores(journey)
    cells = [next(iter(column.cells)) for column in table.columns]
    assert cells[:4] == ["ours", "not reached", "0 of 800", "–"]


def test_what_is_said_of_a_plan_that_touches_a_wall(travelled):
    journey = travelled.journey
    first = journey.rounds[0]
    considered = tuple(
        each.model_copy(update={"verdict": each.verdict.model_copy(update={"passed": False})})
        for each in first.plan.considered
    )
    plan = first.plan.model_copy(update={"considered": considered, "confidence": 0.0})
    bad = replace(journey, rounds=(replace(first, plan=plan),))
    assert "all touch a wall" in plan_line(bad).plain
    assert "1 plan in one" in rounds_line(bad)
    assert "touch no wall, the fastest" in plan_line(journey).plain


def test_the_sketch_shows_walls_plan_drive_and_both_ends(travelled):
    rows = sketch(travelled.journey).plain.splitlines()
    height, width = LARGE.map.shape
    picture = [row[2:] for row in rows[: 2 * height]]
    assert all(len(row) == 4 * width for row in picture)
    assert "".join(picture).count("●") == 1
    assert "".join(picture).count("★") == 1
    for i, j in np.ndindex(LARGE.map.shape):
        wall = LARGE.map.walls[i, j]
        block = picture[2 * i][4 * j : 4 * j + 4] + picture[2 * i + 1][4 * j : 4 * j + 4]
        assert (block == "█" * 8) == wall


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((-0.49, -0.49), DOTS[0][0]),
        ((-0.49, -0.49 + 1 / 8), DOTS[0][1]),
        ((-0.49 + 3 / 8, -0.49), DOTS[3][0]),
    ],
)
def test_a_dot_is_where_it_belongs(place, code):
    codes = dots(np.array([place]), (2, 4))
    assert codes[0, 0] == code
    assert codes.sum() == code
    assert dots(np.array([[9.0, 9.0]]), (2, 4)).sum() == 0


def test_the_still_is_a_picture(travelled, tmp_path):
    path = still(travelled.journey, tmp_path / "maze.png")
    assert Image.open(path).size[0] == 900
