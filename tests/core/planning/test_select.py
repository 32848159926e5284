"""Selectors: who is chosen, and with how much confidence."""

import math
from dataclasses import replace

import pytest
from agentic_diffusion.planning.select import Consensus, Likeliest, agreeing, best, first, likelihood_of
from agentic_diffusion.records import Candidate, Verdict


def candidates(*rows: tuple[float, bool, float]) -> list[Candidate[float]]:
    return [Candidate(value=v, verdict=Verdict(passed=p, score=s)) for v, p, s in rows]


def test_best_takes_the_highest_score_among_those_that_passed() -> None:
    chosen, sure = best(candidates((1, True, 2), (2, False, 9), (3, True, 5), (4, True, 5)))
    assert (chosen.value, sure) == (3, pytest.approx(4 / 6))


def test_best_falls_back_to_the_highest_score_with_no_confidence() -> None:
    chosen, sure = best(candidates((1, False, 2), (2, False, 9)))
    assert (chosen.value, sure) == (2, 0.0)


def test_first_is_first_whatever_its_verdict() -> None:
    chosen, sure = first(candidates((1, False, 2), (2, True, 9)))
    assert (chosen.value, sure) == (1, pytest.approx(2 / 4))


def test_agreeing_is_as_sure_as_the_choice_is_common() -> None:
    select = agreeing(lambda a, b: abs(a - b), within=0.5)
    chosen, sure = select(candidates((1, True, 2), (1.4, True, 1), (1.2, False, 1), (5, True, 0)))
    assert (chosen.value, sure) == (1, 0.5)
    assert select(candidates((1, False, 2)))[1] == 0.0


def likely(likelihood, *, passed=True, score=0.0):
    evidence = {} if likelihood is None else {"likelihood": likelihood}
    return Candidate(value="a", verdict=Verdict(passed=passed, score=score, evidence=evidence))


def test_the_likeliest_that_passed_is_chosen() -> None:
    one, two, three = (
        likely(math.log(0.5)),
        likely(math.log(0.2), score=2.0),
        likely(-0.1, passed=False),
    )
    assert Likeliest()([two, one, three]) == (one, pytest.approx(0.5))
    assert Likeliest(worth=1.0)([two, one, three]) == (two, pytest.approx(0.2))
    assert Likeliest(calibrate=lambda p: 2 * p)([two]) == (two, pytest.approx(0.4))
    assert Likeliest()([three]) == (three, 0.0)


def test_without_a_likelihood_there_is_no_confidence() -> None:
    assert likelihood_of(likely(None)) == -math.inf
    assert Likeliest()([likely(None)])[1] == 0.0


def test_consensus_takes_what_the_likely_ones_agree_with() -> None:
    def told(value, chance, *, passed=True):
        evidence = {"likelihood": math.log(chance)}
        return Candidate(value=value, verdict=Verdict(passed=passed, score=0.0, evidence=evidence))

    near = Consensus[float](lambda a, b: -abs(a - b), lambda a, b: abs(a - b) < 1.5)
    rows = [told(0.0, 0.4), told(5.0, 0.3), told(6.0, 0.25), told(6.0, 0.25), told(5.5, 0.9, passed=False)]
    chosen, sure = near(rows)
    assert chosen.value == 5.0
    assert sure == pytest.approx(0.55)
    assert replace(near, calibrate=lambda raw: raw / 2)(rows)[1] == pytest.approx(0.275)
    assert near(rows[4:]) == (rows[4], 0.0)
