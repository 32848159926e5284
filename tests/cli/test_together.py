"""Commands in several processes: started once, joined by each, and carried out as one process would."""

import socket
import sys

import pytest
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import ALONE, Team
from agentic_diffusion_cli import together
from agentic_diffusion_cli.workshop import make_planner
from agentic_diffusion_worlds.maze.planner import load_network


@pytest.fixture
def started(monkeypatch):
    """Make this process look as if torchrun had started it alone."""
    with socket.socket() as door:
        door.bind(("localhost", 0))
        port = str(door.getsockname()[1])
    facts = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    for name, value in facts.items():
        monkeypatch.setenv(name, value)


def test_a_command_is_started_again_in_each_process(monkeypatch):
    asked = []
    monkeypatch.setattr(together, "launch", lambda words, *, processes: asked.append((words, processes)))
    monkeypatch.setattr(sys, "argv", ["agentic-diffusion", "train", "maze"])
    assert not together.distribute(None, processes=2, compute=Compute("cpu"))
    assert together.distribute("ddp", processes=3, compute=Compute("cpu"))
    assert together.distribute("fsdp", processes=0, compute=Compute("cpu"))
    words = ["-m", "agentic_diffusion_cli", "train", "maze"]
    assert asked == [(words, 3), (words, 2)]


def test_what_was_started_joins_and_what_was_not_is_alone(monkeypatch, started):
    monkeypatch.setattr(together, "launch", lambda words, *, processes: pytest.fail("started twice"))
    assert not together.distribute("ddp", processes=2, compute=Compute("cpu"))
    with together.together(None, compute=Compute("cpu")) as (team, _):
        assert team is ALONE
    with together.together("tensor", compute=Compute("cpu", threads=1)) as (team, compute):
        assert team == Team("tensor", 0, 1)
        assert compute == Compute("cpu", threads=1)


def test_a_team_trains_the_planner_that_one_process_trains(order, trained, started, tmp_path):
    with together.together("fsdp", compute=Compute("cpu", threads=1)) as (team, compute):
        card = make_planner(order(tmp_path, team=team, compute=compute, episodes=0))
    assert (card["strategy"], card["processes"]) == ("fsdp", 1)
    assert not (tmp_path / "checkpoint").exists()
    ours, theirs = store.load(tmp_path), store.load(trained.folder)
    assert ours.tensors.keys() == theirs.tensors.keys()
    assert all((v.float() - theirs.tensors[k].float()).abs().max() < 1e-3 for k, v in ours.tensors.items())
    load_network(tmp_path)


def test_the_command_trains_in_a_team(cli, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(together, "launch", lambda words, *, processes: asked.append(processes))
    done = cli(
        "train", "maze", "--out", tmp_path, "--distributed", "ddp", "--processes", 4, "--device", "cpu"
    )
    assert done.exit_code == 0, done.output
    assert asked == [4]
