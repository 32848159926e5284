"""Budgets: when a clock calls time."""

import math

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning import budget as room
from agentic_diffusion.planning.budget import Budget, Clock, never


@pytest.mark.parametrize(
    "wrong", [{"milliseconds": 0}, {"milliseconds": -1}, {"milliseconds": math.nan}, {"memory_bytes": 0}]
)
def test_impossible_budgets_are_refused(wrong) -> None:
    with pytest.raises(InvalidConfigError, match="Budget"):
        Budget(**wrong)


def ticking(monkeypatch, budget: Budget, laps: list[float]) -> list[str]:
    """Run a clock through laps at given seconds and note what it says after each."""
    now = [0.0]
    monkeypatch.setattr(room.time, "perf_counter", lambda: now[0])
    clock = Clock(budget, started=0.0)
    said = [clock.ending()]
    for moment in laps:
        now[0] = moment
        clock.lap()
        said.append(clock.ending())
    assert clock.seconds() == laps[-1]
    return said


def test_the_first_step_is_always_made_and_the_deadline_keeps_time_for_one_step_and_verification(
    monkeypatch,
) -> None:
    said = ticking(monkeypatch, Budget(milliseconds=650), [0.1, 0.2, 0.3, 0.4, 0.5])
    assert said == ["complete"] * 5 + ["deadline"]


def test_the_slowest_of_the_last_three_steps_counts(monkeypatch) -> None:
    said = ticking(monkeypatch, Budget(milliseconds=1000), [0.3, 0.31, 0.32, 0.5, 0.51])
    assert said == ["complete", "complete", "complete", "complete", "complete", "complete"]
    assert ticking(monkeypatch, Budget(milliseconds=890), [0.3, 0.31, 0.32])[-1] == "deadline"


def test_stop_comes_before_the_deadline_and_never_is_never(monkeypatch) -> None:
    assert ticking(monkeypatch, Budget(milliseconds=1, stop=lambda: True), [1.0]) == ["complete", "stopped"]
    assert ticking(monkeypatch, Budget(), [1.0, 100.0])[-1] == "complete"
    assert never() is False
