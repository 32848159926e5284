"""Confidence: fitted where truth is known, it is calibrated and ranks."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.confidence import (
    Confidence,
    Familiar,
    calibration_error,
    fit_confidence,
    ranking,
    words_of,
)


def test_a_known_law_is_found() -> None:
    torch.manual_seed(0)
    x = torch.randn(2000, 2)
    truth = torch.sigmoid(2 * x[:, 0] - 1)
    passed = (torch.rand(2000) < truth).tolist()
    fitted = fit_confidence(x.tolist(), passed, tests=[0] * 2000, ridge=1e-4)
    said = [fitted(row) for row in x.tolist()]
    assert (torch.tensor(said) - truth).abs().mean() < 0.03
    assert calibration_error(said, passed) < 0.04
    assert (ranking(said, passed) or 0) > 0.85
    assert Confidence.model_validate_json(fitted.model_dump_json()) == fitted


def test_tests_passed_count() -> None:
    fitted = fit_confidence([[0.0]] * 40, [True] * 20 + [True, False] * 10, tests=[5] * 20 + [0] * 20)
    assert fitted([0.0], 5) > 0.8 > fitted([0.0])
    with pytest.raises(InvalidConfigError):
        fitted([0.0, 1.0])
    with pytest.raises(InvalidConfigError):
        fit_confidence([[0.0]], [True], tests=[0])


def test_what_no_test_has_seen_can_be_moved_alone() -> None:
    rows = [[0.1 * n] for n in range(-20, 20)]
    fitted = fit_confidence(rows * 2, [n >= 20 for n in range(40)] * 2, tests=[0] * 40 + [3] * 40)
    harder = [n % 4 == 3 for n in range(40)]
    moved = fitted.untested(rows, harder)
    assert sum(moved(row) for row in rows) == pytest.approx(10, abs=1e-6)
    assert all(moved(row, tests) == pytest.approx(fitted(row, tests)) for row in rows for tests in (1, 3))
    assert ranking([moved(row) for row in rows], harder) == ranking([fitted(row) for row in rows], harder)
    with pytest.raises(InvalidConfigError, match="one fate"):
        fitted.untested(rows, [True] * 40)


def test_error_and_ranking_by_hand() -> None:
    assert calibration_error([1.0, 1.0, 0.0, 0.0], [True, True, False, False]) == 0
    assert calibration_error([0.75, 0.75], [True, False]) == pytest.approx(0.25)
    assert ranking([0.9, 0.5, 0.5], [True, True, False]) == pytest.approx(0.75)
    assert ranking([0.5], [True]) is None


def test_unknown_words_make_a_request_unfamiliar() -> None:
    familiar = Familiar(words=words_of(["Return the sum of a list"]))
    assert familiar("return the list") == 0
    assert familiar("solve the heat equation") > 1
    assert Familiar.model_validate_json(familiar.model_dump_json()) == familiar
