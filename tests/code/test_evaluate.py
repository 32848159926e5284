"""Figures of the coder: judged by hidden tests, on the same questions."""

from dataclasses import replace

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.cases import Case
from agentic_diffusion_code.cases import Task as Asked
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.evaluate import Answer, calibrated, measure, row, single
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.questions import Question
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writer import TokenWriter
from library import Lexemes, Shelf

WRONG = "def f ( x ) :\n    y = x + y\n    return y\n"
RIGHT = "def f ( x ) :\n    y = x + x\n    return y\n"


def question(*expected: int) -> Question:
    cases = tuple(Case(arguments=(n,), expected=value) for n, value in enumerate(expected, 2))
    return Question("q", asked("doubles", ["f(1) == 2"]), Asked(entry="f", tests=cases))


def test_every_way_is_judged_by_hidden_tests(fence: ProcessSandbox) -> None:
    tokens = Lexemes()
    coder = Coder(
        TokenWriter(Shelf([WRONG, RIGHT], tokens), tokens, Decoding(block=8)), fence, count=4, rounds=1
    )
    told: list[tuple[str, int, int]] = []
    rows = measure(
        coder, [question(4, 6), question(4, 7)], sandbox=fence, tell=lambda *step: told.append(step)
    )
    assert [each["name"] for each in rows] == ["single sample", "chosen by examples", "more samples", "ours"]
    assert len(told) == 8
    first, ours = rows[0], rows[-1]
    assert first["passed"]["mean"] == 0
    assert ours["passed"]["mean"] == 0.5
    assert ours["right_if_returned"]["mean"] == 0.5
    assert ours["parses_if_returned"]["mean"] == 1
    assert ours["abstained"]["mean"] == 0
    assert ours["tokens_per_forward"]["mean"] > 1
    assert ours["gain_on"]["single sample"]["mean"] == 0.5
    (alone,) = measure(coder, [question(4, 6)], sandbox=fence, only=["single sample"])
    assert alone["name"] == "single sample"
    assert "passed_of_known_primitives" not in alone
    strange = replace(question(4, 7), strange=True)
    (apart,) = measure(coder, [question(4, 6), strange], sandbox=fence, only=["ours"])
    assert apart["passed"]["mean"] == 0.5
    assert apart["passed_of_known_primitives"]["mean"] == 1
    assert apart["right_if_returned_of_known_primitives"]["n"] == 1
    with pytest.raises(InvalidConfigError, match="single sample"):
        measure(coder, [question(4)], sandbox=fence, only=["best"])


def test_what_is_too_long_counts_as_nothing_returned(fence: ProcessSandbox) -> None:
    tokens = Lexemes()
    writer = TokenWriter(Shelf([RIGHT], tokens), tokens, longest_prompt=2)
    coder = Coder(writer, fence)
    assert not single(coder, question(4), sandbox=fence).returned
    rows = measure(coder, [question(4)], sandbox=fence)
    assert all(each["abstained"]["mean"] == 1 for each in rows)


def test_confidence_is_compared_with_fate() -> None:
    def answer(passed: bool, chance: float) -> Answer:
        return Answer(True, passed, True, True, chance, (), 0, 1.0, 2, 8)

    made = row("x", [answer(True, 1.0), answer(False, 0.0)])
    assert made["ece"] == 0
    assert made["auroc"] == 1
    assert made["seconds_p50_passed"] == 1.0
    assert made["tokens_per_forward"]["mean"] == 4
    assert row("x", [answer(True, 0.5)])["ece"] == pytest.approx(0.5)


def test_confidence_is_fitted_to_fate(fence: ProcessSandbox) -> None:
    tokens = Lexemes()
    writer = TokenWriter(Shelf([RIGHT, WRONG], tokens, sharp=0.5), tokens, Decoding(block=8))
    coder = Coder(writer, fence, count=4, rounds=0, temperature=1.0)
    fitted = calibrated(coder, [question(4, 6)] * 3 + [question(4, 7)], sandbox=fence)
    assert len(fitted.weights) == 7
    features = single(coder, question(4, 6), sandbox=fence).features
    harder = [question(4, 6), *[question(4, 7)] * 3]
    lower = calibrated(coder, [question(4, 6)] * 3 + [question(4, 7)], sandbox=fence, harder=harder)
    assert lower(features) == pytest.approx(0.25, abs=1e-6)
    assert lower(features, 1) == pytest.approx(fitted(features, 1))
    same = calibrated(coder, [question(4, 6)] * 3 + [question(4, 7)], sandbox=fence, harder=harder[:1])
    assert same == fitted
