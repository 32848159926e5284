"""The learning curve: levels in the units of the maze, and a picture of them."""

import pytest
from agentic_diffusion.records import Verdict
from agentic_diffusion_cli.evolve_curve import curve, levels
from agentic_diffusion_evolve.lineage import Ancestor, Tree
from agentic_diffusion_worlds.maze.map import UMAZE, Maze

EVIDENCE = {"candidate": 0.7, "incumbent": 0.6, "gain": 0.1, "lower": 0.05, "upper": 0.15}


def ancestor(number, fate, evidence=None):
    verdict = None if evidence is None else Verdict(passed=fate == "promoted", score=0.1, evidence=evidence)
    return Ancestor(number=number, parent=None, fate=fate, verdict=verdict, folder="f", time=0.0)


TREE = Tree(
    active=1,
    generations=(
        ancestor(0, "founded"),
        ancestor(1, "promoted", EVIDENCE),
        ancestor(2, "rejected", EVIDENCE),
    ),
)


def test_levels_are_normalised_scores():
    first, second, _ = levels(TREE, UMAZE)
    assert first["candidate"] is None
    assert second["candidate"] == pytest.approx(100 * (0.7 * 300 - 23.85) / (161.86 - 23.85))
    assert second["candidate"] - second["incumbent"] == pytest.approx(second["gain"])
    plain = Maze(name="plain", map=UMAZE.map, goal=(1, 1), limit=300)
    assert levels(TREE, plain)[1]["candidate"] == pytest.approx(0.7 * 300)
    assert levels(TREE, plain)[1]["gain"] == pytest.approx(0.1 * 300)


def test_a_picture_of_every_candidate(tmp_path):
    figure = curve(levels(TREE, UMAZE), title="umaze")
    axes = figure.axes[0]
    assert len(axes.containers) == 2
    (line,) = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert line.get_ydata()[1] == line.get_ydata()[2]  # a rejected candidate changes nothing
    assert axes.get_title(loc="left") == "umaze"
    empty = curve(levels(Tree(active=0, generations=TREE.generations[:1]), UMAZE), title="none yet")
    assert not empty.axes[0].containers
