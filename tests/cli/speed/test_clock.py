"""Clocks tell ratios of paired turns; ceilings bound what work can take."""

import time

import pytest
from agentic_diffusion_cli.speed.clock import LEAST, Ceilings, Turns, row, seconds


def busy(count):
    return lambda: sum(range(count))


def test_ratios_are_taken_turn_by_turn():
    figures = Turns(repeats=5)(busy(20_000), busy(200_000))
    assert figures["speedup"]["mean"] > 3
    assert figures["ms"]["n"] == 5
    assert seconds(busy(10)) >= 0


def test_turns_end_when_the_time_is_over_and_the_clock_counts_sleep():
    figures = Turns(repeats=1000, most=0, by_clock=True)(lambda: time.sleep(0.002), busy(10))
    assert figures["ms"]["n"] == LEAST
    assert figures["ms"]["mean"] >= 2
    assert figures["clock_p50_ms"] >= 2


def test_what_the_first_calls_do_once_is_not_timed():
    asked = []

    def recording():
        asked.append(1)
        time.sleep(0.05 if len(asked) <= 3 else 0)

    figures = Turns(repeats=3, by_clock=True, warm=3)(recording, busy(10))
    assert len(asked) == 6
    assert figures["clock_p50_ms"] < 25


def test_rows_say_beside_what():
    assert row("a", {"maze": "c", "ms": 1}, "b") == {
        "name": "ours",
        "what": "a",
        "reference": "b",
        "maze": "c",
        "ms": 1,
    }


def test_ceilings_bound_what_work_takes():
    ceilings = Ceilings(flops=1e3, bandwidth=1e2)
    assert ceilings.bound(2e3, 1.0) == pytest.approx(2.0)
    assert ceilings.bound(1.0, 5e2) == pytest.approx(5.0)
