"""A study of unseen mazes: rows drive the same errands, are kept part by part, and are not repeated."""

from dataclasses import dataclass, replace

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli import unseen_study
from agentic_diffusion_cli.unseen_spend import THOROUGH, Spend
from agentic_diffusion_cli.unseen_study import (
    ADAPT,
    FROZEN,
    KNOWN,
    NOISES,
    OURS,
    ROWS,
    UnseenStudy,
)
from agentic_diffusion_cli.unseen_suites import Closed
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_worlds.maze import practice
from agentic_diffusion_worlds.maze.detour import Detours

SPEND = Spend(rounds=1, tasks=2, exams=2, steps=1, batch=4, candidates=2)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    suite = Closed(candidates=2, compute=Compute(device="cpu", threads=1), transitions=2000)
    made = UnseenStudy(suite, SPEND, 2, (0,), 3, tmp_path_factory.mktemp("unseen"))
    assert len(list(made.run())) == made.parts()
    return made


def test_gains_are_paired_and_intervals_are_over_mazes(study):
    rows = {row["name"]: row for row in study.rows()}
    assert set(rows) == {*ROWS, KNOWN}
    assert rows[FROZEN]["gain"] == {"mean": 0.0, "ci95": [0.0, 0.0], "n": 2}
    for name in ROWS:
        by_map = rows[name]["by_map"]
        assert set(by_map) == {maze.name for maze in study.suite.unseen(2)}
        assert rows[name]["success"]["mean"] == pytest.approx(sum(by_map.values()) / 2)
        gain = rows[name]["success"]["mean"] - rows[FROZEN]["success"]["mean"]
        assert rows[name]["gain"]["mean"] == pytest.approx(gain)
    for name in (ADAPT, OURS):
        assert rows[name]["cpu_seconds"]["mean"] > 0
        assert [len(line) for line in rows[name]["promoted"]] == [1, 1]
    assert rows[ADAPT]["promoted"] == [[True], [True]]


def test_a_generation_that_is_not_promoted_drives_like_the_frozen_planner(study):
    for maze in study.suite.unseen(2):
        ours = study.part(OURS, maze, 0)
        if not any(fate["promoted"] for fate in ours["fates"]):
            assert ours["settled"] == study.part(FROZEN, maze, 0)["settled"]


def test_what_is_finished_is_not_done_again(study, monkeypatch):
    monkeypatch.setattr(UnseenStudy, "drive", lambda *_: pytest.fail("driven again"))
    assert len(list(study.run())) == study.parts()


def test_a_folder_holds_one_study(study):
    with pytest.raises(InvalidConfigError, match="other settings"):
        next(replace(study, spend=Spend(tasks=3)).run())


@dataclass(frozen=True)
class Plain:
    denoiser: list
    count: int = 1


def refused(study, monkeypatch, *, onward):
    """Return what two generations tuned and what the second practised with, where the gate refused the first."""

    class Noted:
        def __init__(self, old, recipe, *, seed, **_):
            self.seed = seed

        def __call__(self, planner, memory):
            return replace(planner, denoiser=[*planner.denoiser, self.seed])

    monkeypatch.setattr(unseen_study, "FineTune", Noted)
    monkeypatch.setattr(Detours, "__call__", lambda self, planner, task, *, seed: planner.denoiser)
    way = replace(study, spend=replace(SPEND, onward=onward)).ours(study.suite.unseen(1)[0], 3, None)
    first = way.tune(Plain([]), ListMemory()).denoiser
    met = way.explore(Plain([]), None, seed=0)
    return first, met, way.tune(Plain([]), ListMemory()).denoiser


def test_a_generation_goes_on_from_the_one_that_was_refused_where_it_is_asked_to(study, monkeypatch):
    assert refused(study, monkeypatch, onward=True) == ([3], [3], [3, 3 + NOISES])
    assert refused(study, monkeypatch, onward=False) == ([3], [], [3])


@pytest.mark.parametrize("spend", [SPEND, replace(THOROUGH, candidates=4)])
def test_both_recipes_drive_as_often(study, monkeypatch, spend):
    drives, real = [], practice.drive
    monkeypatch.setattr(practice, "drive", lambda *a, **k: drives.append(1) or real(*a, **k))
    maze = study.suite.unseen(1)[0]
    some = replace(study, spend=spend)
    plan = replace(study.suite.planner(maze), count=16).plan(study.suite.errands(maze, seed=5, count=1)[0])
    counts = []
    for way in (some.ours(maze, 0, None), some.recipe_of_adaptdiffuser(maze, 0)):
        drives.clear()
        way.world(plan)
        counts.append(len(drives))
    assert 0 < counts[0] <= counts[1] == 2 * len(spend.paces) * spend.drives
