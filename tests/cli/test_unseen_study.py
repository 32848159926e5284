"""A study of unseen mazes: rows drive the same errands, are kept part by part, and are not repeated."""

from dataclasses import replace

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.unseen_study import ADAPT, FROZEN, KNOWN, OURS, ROWS, Spend, UnseenStudy
from agentic_diffusion_cli.unseen_suites import Closed

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
