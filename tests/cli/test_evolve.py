"""The command `evolve`: a run, taken up again, told as a table, a summary and a curve."""

import json

import pytest
from agentic_diffusion_evolve.lineage import Lineage

TINY = ("--size", "umaze", "--tasks", 2, "--exams", 2, "--steps", 2, "--transitions", 1000, "--threads", 1)
SCORED = ("--score-episodes", 2)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    from agentic_diffusion_cli.main import app
    from typer.testing import CliRunner

    out = tmp_path_factory.mktemp("evolved")
    words = [str(word) for word in ("evolve", "maze", *TINY, *SCORED, "--out", out)]
    first = CliRunner().invoke(app, [*words, "--rounds", "1"])
    before = Lineage(out / "lineage").tree()
    second = CliRunner().invoke(app, [*words, "--rounds", "2"])
    return out, first, before, second


def test_a_run_is_taken_up_and_told(runs):
    out, first, before, second = runs
    assert first.exit_code == 0, first.output
    assert second.exit_code == 0, second.output
    tree = Lineage(out / "lineage").tree()
    assert len(before.generations) == 2
    assert tree.generations[:2] == before.generations
    assert len(tree.generations) == 3
    summary = json.loads((out / "evolution.json").read_text())
    assert summary["maze"] == "umaze"
    assert summary["active"] == tree.active
    assert [row["fate"] for row in summary["generations"]] == [a.fate for a in tree.generations]
    assert summary["generations"][1]["incumbent"] > 0
    assert (out / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "Generations, judged from 2 held-out starts" in second.stdout
    assert "founded" in second.stdout
    score = summary["score"]
    assert set(score) == {"first", "active", "timed", "gain"}
    assert score["gain"]["mean"] == pytest.approx(score["active"]["mean"] - score["first"]["mean"])
    assert "From 2 starts of the benchmark" in second.stdout


def test_other_settings_do_not_fit_into_the_folder(cli, runs):
    out, *_ = runs
    done = cli("evolve", "maze", *TINY, "--steps", 3, "--out", out)
    assert done.exit_code == 2
    assert "steps=2" in done.stderr


def test_it_can_begin_from_data_and_be_interrupted(cli, tmp_path, monkeypatch):
    from agentic_diffusion_cli import evolve_maze

    def interrupted(place, planner, *, rounds, folder, tick):
        import os
        import signal

        os.kill(os.getpid(), signal.SIGINT)
        tick("practice")
        yield

    monkeypatch.setattr(evolve_maze, "evolution", interrupted)
    words = ("--from", "data", "--start-steps", 2, "--out", tmp_path)
    done = cli("evolve", "maze", *TINY, *words)
    assert done.exit_code == 130
    assert "0 generations are kept" in done.stderr
    assert (tmp_path / "start" / "card.json").is_file()
