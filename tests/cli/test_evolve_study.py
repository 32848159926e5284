"""A study: every way from the same starts, kept part by part, and not repeated."""

import json

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_cli.evolve_maze import Settings
from agentic_diffusion_cli.evolve_study import ADAPT, FROZEN, OURS, STILL, UNGATED, WAYS, Study
from agentic_diffusion_worlds.maze.map import UMAZE

SETTINGS = Settings(tasks=1, exams=2, steps=1, batch=2, old=1000, candidates=1)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    made = Study(UMAZE, SETTINGS, rounds=1, seeds=(0,), episodes=2, poison=0.5, folder=folder, threads=1)
    notes = list(made.run())
    assert len(notes) == made.parts()
    return made


def test_all_rows_have_paired_gains(study):
    rows = {row["name"]: row for row in study.rows()}
    assert set(rows) == {*STILL, *WAYS}
    assert rows[FROZEN]["gain"]["mean"] == 0
    for name in WAYS:
        row = rows[name]
        assert len(row["generations"]) == 2
        assert row["generations"][0]["mean"] == rows[FROZEN]["raw"]["mean"]
        assert row["raw"] == row["generations"][-1]
        assert row["gain"]["mean"] == pytest.approx(row["raw"]["mean"] - rows[FROZEN]["raw"]["mean"])
        assert row["lowest_step"] == pytest.approx(row["gain"]["mean"])
        assert row["cpu_seconds"] > 0
    assert rows[ADAPT]["promoted"] == rows[UNGATED]["promoted"] == [[True]]
    assert rows[OURS]["raw"]["n"] == 2


def test_what_is_finished_is_not_done_again(study, monkeypatch):
    monkeypatch.setattr(Study, "drive", lambda *_: pytest.fail("driven again"))
    assert len(list(study.run())) == study.parts()


def test_a_folder_holds_one_study(study):
    other = Study(UMAZE, Settings(tasks=2), 1, (0,), 2, 0.5, study.folder)
    with pytest.raises(InvalidConfigError, match="other settings"):
        next(other.run())
    assert json.loads((study.folder / "settings.json").read_text())["poison"] == 0.5
