"""Faults on purpose: each trial holds once, and says so when a promise is broken."""

import os

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion_cli import faults
from agentic_diffusion_cli.drill import Ended
from agentic_diffusion_cli.faults import TRIALS, full_disk, half_memory, killed_process

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")


def test_a_full_disk_loses_nothing(tmp_path) -> None:
    told = full_disk(0, tmp_path)
    assert told.held, told.why
    assert told.said.startswith("StoreError")


def test_half_the_memory_is_a_smaller_batch_or_a_clear_error(tmp_path) -> None:
    plan = half_memory(0, tmp_path)
    assert plan.held, plan.why
    assert "in batches of" in plan.said or plan.said.startswith("BudgetError")
    training = half_memory(1, tmp_path)
    assert training.held, training.why
    assert "out of memory in step" in training.said or training.said == "the run was finished"


def test_a_killed_process_loses_nothing(tmp_path) -> None:
    told = killed_process(0, tmp_path)
    assert told.held, told.why
    assert "another one is gone" in told.said


def test_broken_promises_are_found(tmp_path, monkeypatch) -> None:
    assert set(TRIALS) == {"full disk", "half the memory", "killed process"}
    monkeypatch.setattr(faults, "forked", lambda bodies, **more: [Ended(0, {"1": 1.0}) for _ in bodies])
    told = [trial(0, tmp_path) for trial in (full_disk, killed_process)]
    assert [trial.held for trial in told] == [False, False]
    assert "before it was killed" in told[1].why
    ends = [Ended(0, {"5": 1.0}), Ended(0, {"5": 2.0})], [Ended(0), Ended(1, None, "KeyError: 1")]
    for pair in ends:
        monkeypatch.setattr(faults, "_halved", lambda body, pair=pair: pair)
        assert not half_memory(1, tmp_path).held
    few = {"batch": 2, "ending": "memory", "considered": 2}
    for end in (Ended(0, few), Ended(-6)):
        monkeypatch.setattr(faults, "_halved", lambda body, end=end: (end, end))
        assert not half_memory(0, tmp_path).held


def test_a_lost_checkpoint_and_a_changed_run_are_found(tmp_path, monkeypatch) -> None:
    drill = faults.Drill(tmp_path)
    with pytest.raises(StoreError):
        faults.goes_on(drill, "")
    drill.run(until=4)
    ends = iter([[Ended(0, {"5": 1.0})], [Ended(0, {"5": 1.1})]])
    monkeypatch.setattr(faults, "forked", lambda bodies: next(ends))
    assert "losses differ by 9.1e-02" in faults.goes_on(drill, "").why
    monkeypatch.setattr(faults, "forked", lambda bodies: [Ended(1, None, "KeyError: 1")])
    assert "does not go on: KeyError" in faults.goes_on(drill, "").why
    next(drill.checkpoint.glob("*.safetensors")).write_bytes(b"")
    with pytest.raises(StoreError):
        faults.goes_on(drill, "")
