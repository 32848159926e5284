"""The demo: one command, a score, two pictures."""

import time

from agentic_diffusion.compute import Compute
from agentic_diffusion_cli import demo as home
from agentic_diffusion_cli.demo import watcher
from agentic_diffusion_cli.journey import DRIVE
from agentic_diffusion_cli.progress import bars
from langgraph_agentic_diffusion import PROGRESS
from PIL import Image


def test_it_plans_drives_scores_and_paints(cli, trained, tmp_path):
    started = time.process_time()
    done = cli("demo", "--size", "umaze", "--planner", trained.folder, "--out", tmp_path, "--threads", 1)
    assert done.exit_code == 0, done.output
    assert time.process_time() - started < 60
    assert Image.open(tmp_path / "maze.gif").n_frames > 50
    assert Image.open(tmp_path / "maze.png").size[0] == 900
    assert f"{tmp_path}/maze.gif" in done.stdout
    assert "of 300" in done.stdout
    last = done.stdout.strip().splitlines()[-1]
    assert last.startswith("Next: agentic-diffusion demo --size umaze --planner")
    assert "--seed 1" in last


def test_a_maze_of_ones_own_is_told_on(cli, trained, travelled, tmp_path, monkeypatch):
    path = tmp_path / "mine.txt"
    path.write_text("#####\n#...#\n###.#\n#..G#\n#####")
    seen = {}

    def run(maze, planner, **more):
        seen.update(more, maze=maze, planner=planner)
        return travelled.journey, tmp_path / "maze.gif", tmp_path / "maze.png"

    monkeypatch.setattr(home, "run", run)
    how = ("--device", "cpu", "--precision", "bf16", "--threads", 1)
    done = cli("demo", "--map", path, "--planner", trained.folder, "--seed", 4, *how)
    assert done.exit_code == 0, done.output
    assert seen["maze"].goal == (3, 3)
    assert seen["seed"] == 4
    assert seen["compute"] == Compute("cpu", "bf16", threads=1)
    assert f"--map {path}" in done.stdout.strip().splitlines()[-1]
    assert "--seed 5" in done.stdout


def test_a_maze_without_a_planner_is_refused(cli, tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("#####\n#...#\n#####")
    done = cli("demo", "--map", path)
    assert done.exit_code == 2
    assert "train maze" in done.stderr


def test_events_become_bars():
    with bars() as shown:
        watch = watcher(shown)
        for step in (1, 2, 1):
            watch({"type": PROGRESS, "step": step, "total": 2, "time": 0.5, "seconds": 0.01})
        watch({"type": DRIVE, "step": 300, "limit": 300})
        denoising, driving = shown.tasks
        assert denoising.completed == 1
        assert "plan 2" in denoising.fields["note"]
        assert driving.finished
        assert driving.fields["note"].startswith("3.0 s")
