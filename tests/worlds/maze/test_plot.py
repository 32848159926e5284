"""The still: what was asked for is in the picture, and a lost extra says how to get it."""

import sys

import numpy as np
import pytest
from agentic_diffusion.errors import InvalidStateError, MissingExtraError
from agentic_diffusion_worlds.maze.geometry import D4RL, ROBOTICS_V3, Geometry
from agentic_diffusion_worlds.maze.map import LARGE, UMAZE
from agentic_diffusion_worlds.maze.plot import CANDIDATE, CHOSEN, DRIVE, plot_plan


def pixels(figure):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def has(picture, colour):
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return bool(np.any(np.abs(picture.astype(int) - rgb).max(axis=-1) <= 2))


def plans():
    line = np.linspace((1.0, 1.0), (1.0, 3.0), 8)
    return np.stack([line, line + np.array([0.1, 0.0]), line - np.array([0.2, 0.0])])


def test_lines_of_all_kinds_are_drawn():
    figure = plot_plan(
        UMAZE, candidates=plans(), chosen=1, start=(1.0, 3.0), drive=plans()[2] - 0.1, title="Hello"
    )
    picture = pixels(figure)
    assert has(picture, CHOSEN)
    assert has(picture, DRIVE)
    assert not has(picture, "#123456")
    lines = figure.axes[0].lines
    assert [line.get_color() for line in lines[:4]] == [CANDIDATE, CANDIDATE, CHOSEN, DRIVE]
    assert figure.texts[0].get_text() == "Hello"


def test_only_what_was_given_is_drawn():
    figure = plot_plan(LARGE, candidates=plans())
    assert not has(pixels(figure), CHOSEN)
    assert len(figure.axes[0].lines) == 4  # three candidates and the star of the goal
    assert figure.texts[0].get_text() == "large"


def test_both_frames_give_the_same_picture():
    there, here = Geometry(UMAZE.map, ROBOTICS_V3), Geometry(UMAZE.map, D4RL)
    ends = [(geometry, np.array([geometry.cell_to_xy((1, k)) for k in (1, 2, 3)])) for geometry in (
        here, there)]  # fmt: skip
    one = plot_plan(UMAZE, candidates=[ends[0][1] - 0.2], chosen=0, goal=ends[0][1][0] - 0.2)
    other = plot_plan(UMAZE, ROBOTICS_V3, candidates=[ends[1][1]], chosen=0, goal=ends[1][1][0])
    for first, second in zip(one.axes[0].lines, other.axes[0].lines, strict=True):
        np.testing.assert_allclose(first.get_xydata(), second.get_xydata(), atol=1e-12)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"candidates": np.zeros((3, 8, 4))}, "Cut off velocities"),
        ({"candidates": np.zeros((3, 8, 2)), "chosen": 3}, "0 to 2"),
        ({"candidates": np.zeros((3, 8, 2)), "drive": np.zeros((5, 4))}, "drive of shape"),
    ],
)
def test_wrong_shapes_are_refused(bad, words):
    with pytest.raises(InvalidStateError, match=words):
        plot_plan(UMAZE, **bad)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"agentic-diffusion-worlds\[plot\]"):
        plot_plan(UMAZE, candidates=plans())
