"""Scores against figures worked out by hand, and intervals that hold them."""

import numpy as np
import pytest
from agentic_diffusion_worlds.ultratool.score import (
    Answer,
    area,
    calibration,
    coverage,
    link_f1,
    node_f1,
    summary,
    table,
)


def test_overlaps_by_hand() -> None:
    assert node_f1(("a", "b"), ("a", "c", "d")) == pytest.approx(2 / 5)
    assert node_f1((), ("a",)) == 0
    assert link_f1(("a", "b", "c"), ("b", "c")) == pytest.approx(2 / 3)
    assert link_f1(("a",), ("b",)) == 1
    assert link_f1(("b", "a"), ("a", "b")) == 0


def answers():
    right, wrong = ("a", "b"), ("a", "c")
    return [
        Answer(right, right, True, 0.9, 1.0, 1.0),
        Answer(("b", "a"), right, True, 0.8, 2.0, 1.0),
        Answer(wrong, right, False, 0.3, 3.0, 1.0),
        Answer(right, right, False, 0.2, 4.0, 1.0),
    ]


def test_a_summary_by_hand() -> None:
    told = summary([answers(), answers()])
    assert told["node_f1"]["mean"] == pytest.approx(87.5)
    assert told["link_f1"]["mean"] == pytest.approx(50.0)
    assert told["accuracy"]["mean"] == pytest.approx(75.0)
    assert told["exact"]["mean"] == pytest.approx(50.0)
    assert told["node_f1_unseen"]["mean"] == pytest.approx(75.0)
    assert told["accuracy_seen"]["mean"] == pytest.approx(100.0)
    assert told["accuracy_at_50"]["mean"] == pytest.approx(100.0)
    assert told["latency_p50_ms"]["mean"] == pytest.approx(2.5)
    for row in told.values():
        assert row["ci95"][0] <= row["mean"] <= row["ci95"][1]
        assert row["n"] == 4


def test_confidence_by_hand() -> None:
    told = table(answers())
    assert coverage(told, 0.25) == 100
    assert area(told) == pytest.approx(2 / 3)
    assert calibration(told, bins=4) == pytest.approx((0.1 + 0.2 + 0.3 + 0.8) / 4)
    assert np.isnan(area(table(answers()[:1])))


def test_a_planner_that_does_not_say_how_sure_it_is_has_no_such_figures() -> None:
    told = summary([[Answer(("a",), ("a",), True), Answer(("b",), ("a",), True)]])
    assert not {"ece", "auroc", "accuracy_at_25"} & set(told)
    assert "latency_p50_ms" not in told
    assert "accuracy_unseen" not in told
    assert told["accuracy"]["mean"] == 50
