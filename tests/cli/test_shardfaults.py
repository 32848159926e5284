"""Faults while shards are written: each trial holds, and says so when a promise is broken."""

import os
import signal

import pytest
from agentic_diffusion_cli import shardfaults
from agentic_diffusion_cli.bench_faults import SHARDS
from agentic_diffusion_cli.drill import Ended, warm
from agentic_diffusion_cli.shardfaults import TRIALS, full_for_one, killed_while_saving

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")


def test_a_process_killed_while_saving_loses_nothing(tmp_path) -> None:
    warm(tmp_path / "warm")
    told = killed_while_saving(0, tmp_path)
    assert told.held, told.why
    assert "another one is gone" in told.said


def test_a_disk_that_is_full_for_one_loses_nothing(tmp_path) -> None:
    told = full_for_one(0, tmp_path)
    assert told.held, told.why
    assert told.said.startswith("StoreError")
    assert "(process " in told.said


def test_broken_promises_are_found(tmp_path, monkeypatch) -> None:
    assert set(TRIALS) == set(SHARDS)
    for ends in ([Ended(0), Ended(0)], [Ended(-signal.SIGKILL, None, "KeyError: 1")] * 2):
        monkeypatch.setattr(shardfaults, "forked", lambda bodies, ends=ends: ends)
        told = [trial(0, tmp_path) for trial in TRIALS.values()]
        assert [trial.held for trial in told] == [False, False]
        assert told[0].why
        assert told[1].why
