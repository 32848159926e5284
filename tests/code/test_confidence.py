"""Confidence: fitted where truth is known, it is calibrated and ranks."""

import math

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
    with pytest.raises(InvalidConfigError, match="at least 1"):
        fitted([])
    with pytest.raises(InvalidConfigError):
        fit_confidence([[0.0]], [True], tests=[0])


def test_what_no_test_has_seen_can_be_fitted_apart() -> None:
    rows = [[0.1 * n] for n in range(-20, 20)]
    fitted = fit_confidence(rows * 2, [n >= 20 for n in range(40)] * 2, tests=[0] * 40 + [3] * 40)
    harder, more = [n % 4 == 3 for n in range(40)], [[*row, float(n % 4)] for n, row in enumerate(rows)]
    moved = fitted.apart(more, harder)
    assert sum(moved(row) for row in more) == pytest.approx(10, abs=1e-4)
    assert ranking([moved(row) for row in more], harder) == 1
    assert all(moved(row, tests) == fitted(row, tests) for row in more for tests in (0, 1, 3))
    assert Confidence.model_validate_json(moved.model_dump_json()) == moved
    assert (moved.further(1), moved.further(2), fitted.further(0)) == (True, False, False)
    assert moved([0.3]) == fitted([0.3])  # what is asked for could not be told
    with pytest.raises(InvalidConfigError, match="one fate"):
        fitted.apart(rows, [True] * 40)


def test_an_older_estimate_reads_the_features_that_it_knows() -> None:
    old = Confidence.model_validate(
        {"weights": (1.0, 0.5, 0.0), "bias": 0.2, "mean": (0.0,) * 3, "scale": (1.0,) * 3}
    )
    assert old.alone is None
    assert old([0.7, 9.0, 9.0]) == old([0.7]) == pytest.approx(1 / (1 + math.exp(-0.9)))


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
