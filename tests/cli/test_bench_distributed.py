"""The command `bench distributed` compares losses and times of several processes with those of one."""

import json

import pytest
from agentic_diffusion.errors import WorkerError
from agentic_diffusion_cli import bench_distributed, drill
from agentic_diffusion_cli.drill import Ended


def test_losses_and_times_are_compared(cli, monkeypatch, tmp_path) -> None:
    def trained(drill, strategy, processes):
        losses = [1.0, 2.0] if strategy is None else [1.0, 2.0 * (1 + 1e-6)]
        many = 0.6 if strategy == "ddp" else 1.0
        wall = 1.0 if strategy is None else many
        return [{"losses": losses, "wall": wall, "cpu": wall / 2}] * processes

    monkeypatch.setattr(drill, "warm", lambda folder: None)
    monkeypatch.setattr(bench_distributed, "_trained", trained)
    target = tmp_path / "distributed.json"
    done = cli("bench", "distributed", "--seeds", 2, "--json", target)
    assert done.exit_code == 0, done.output
    rows = {row["strategy"]: row for row in json.loads(target.read_text())["rows"]}
    assert list(rows) == ["ddp", "fsdp", "tensor"]
    assert rows["ddp"]["gap"]["mean"] == pytest.approx(1e-6)
    assert rows["ddp"]["efficiency"]["mean"] == pytest.approx(1 / 0.6 / 2)
    assert rows["fsdp"]["cpu_efficiency"]["mean"] == pytest.approx(0.5)
    assert rows["ddp"]["efficiency"]["n"] == 2
    assert "83 % (83 to 83)" in done.stdout


def test_a_process_that_fails_is_an_error(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(drill, "forked", lambda bodies, **more: [Ended(1, None, "KeyError: 1")])
    with pytest.raises(WorkerError, match="KeyError"):
        bench_distributed._trained(drill.Drill(tmp_path), None, 1)


def test_one_process_is_timed_after_its_first_step(tmp_path) -> None:
    (told,) = bench_distributed._trained(drill.Drill(tmp_path, steps=3, every=9), None, 1)
    assert len(told["losses"]) == 3
    assert told["wall"] > 0
