"""Starting and joining: processes learn who they are, and one that dies is named."""

import signal
import sys

import pytest
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import is_launched, joined, launch
from agentic_diffusion.errors import InvalidConfigError, WorkerError

SPEAK = """
import os, pathlib, sys
pathlib.Path(sys.argv[1], os.environ['RANK']).write_text(os.environ['WORLD_SIZE'] + os.environ['LOCAL_RANK'])
"""
DIE = "import os, signal, time; os.environ['RANK'] == '1' and os.kill(os.getpid(), 9); time.sleep(60)"


def test_processes_are_started_and_told_who_they_are(tmp_path) -> None:
    before = signal.getsignal(signal.SIGINT)
    launch(["-c", SPEAK, str(tmp_path)], processes=2)
    assert sorted((path.name, path.read_text()) for path in tmp_path.iterdir()) == [("0", "20"), ("1", "21")]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_killed_process_is_named_and_the_others_are_ended() -> None:
    with pytest.raises(WorkerError, match=r"process 1 of 2 that was ended by SIGKILL.*last checkpoint"):
        launch(["-c", DIE], processes=2)


def test_failures_and_interruptions_are_told_apart(monkeypatch) -> None:
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
    from torch.distributed.launcher import api

    asked = []

    class Elastic:
        error: Exception

        def __init__(self, config, program):
            asked.append((config.nproc_per_node, config.max_restarts, program))

        def __call__(self, *words):
            asked.append(words)
            raise self.error

    monkeypatch.setattr(api, "elastic_launch", Elastic)
    Elastic.error = ChildFailedError("train", {1: ProcessFailure(1, 99, 2, "nowhere")})
    with pytest.raises(WorkerError, match="process 1 of 3 that ended with exit code 2"):
        launch(["-m", "train"], processes=3)
    assert asked == [(3, 0, sys.executable), ("-m", "train")]
    Elastic.error = SignalException("stop", signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="All 2 processes"):
        launch([], processes=2)
    with pytest.raises(InvalidConfigError, match="at least one"):
        launch([], processes=0)


def test_only_a_process_that_was_started_so_can_join(monkeypatch, single) -> None:
    assert is_launched()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 6)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    with joined("ddp", compute=Compute("cpu")) as (team, compute):
        assert (team.size, compute.threads) == (1, 2)
    with (
        pytest.raises(InvalidConfigError, match="not compiled"),
        joined("fsdp", compute=Compute("cpu", compile=True)),
    ):
        pass
    monkeypatch.delenv("MASTER_PORT")
    with pytest.raises(InvalidConfigError, match="torchrun"), joined("ddp"):
        pass


def test_others_that_do_not_come_are_missed(monkeypatch, single) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with (
        pytest.raises(WorkerError, match="process 0 of 2 alone"),
        joined("ddp", compute=Compute("cpu"), patience=0.2),
    ):
        pass
