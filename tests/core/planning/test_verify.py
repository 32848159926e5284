"""Verifiers: lifted, combined, and the one that accepts all."""

from agentic_diffusion.planning.verify import accept, each, every
from agentic_diffusion.records import Verdict


def test_each_lifts_a_check_of_one_value() -> None:
    verify = each(lambda request, value: Verdict(passed=value > request, score=value))
    assert verify(2, [1, 2, 3]) == [
        Verdict(passed=False, score=1),
        Verdict(passed=False, score=2),
        Verdict(passed=True, score=3),
    ]


def test_every_needs_all_adds_scores_and_merges_evidence() -> None:
    long = each(
        lambda request, value: Verdict(passed=len(value) > 1, score=len(value), evidence={"a": 1, "b": 1})
    )
    fair = each(lambda request, value: Verdict(passed=value != "no", score=0.5, evidence={"b": 2}))
    verdicts = every(long, fair)(None, ["no", "yes", "x"])
    assert [v.passed for v in verdicts] == [False, True, False]
    assert [v.score for v in verdicts] == [2.5, 3.5, 1.5]
    assert verdicts[1].evidence == {"a": 1, "b": 2}


def test_accept_passes_everything() -> None:
    assert accept(None, ["x", "y"]) == [Verdict(passed=True, score=0.0)] * 2
