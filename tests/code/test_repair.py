"""Repair: the line of the trace first, then the doubtful ones, then the whole body."""

from agentic_diffusion_code.repair import MAX_HINT, hint, signature, suspects, writable
from agentic_diffusion_code.verify import Judgement, TestResult

SOURCE = "import math\n\ndef f(x):\n    y = x + 1\n    z = y / 0\n    return z\n"


def failure(**more: object) -> TestResult:
    return TestResult(
        **{"passed": False, "status": "error", "given": "1", "expected": "2", "got": "3", **more}
    )


def judged(*failures: TestResult) -> Judgement:
    return Judgement(passed=False, score=0.0, results=failures)


def test_the_body_is_writable() -> None:
    assert writable(SOURCE) == {4, 5, 6}
    assert writable("x = 1\n") == {1}
    assert writable("def f(x):\n  return (\n") == {2}
    assert writable("(") == {1}


def test_suspects_in_order() -> None:
    groups = suspects(SOURCE, [failure(line=5), failure(line=99)], [1, 1, 1, 0.9, 0.8, 0.1])
    assert groups[:2] == [[5], [4, 5]]
    assert groups[2] == [6]
    assert groups[-1] == [4, 5, 6]
    assert suspects(SOURCE, [failure(line=4)], [])[0] == [4]
    assert suspects("", [], []) == []


def test_failures_are_told_and_compared() -> None:
    assert signature(judged(failure())) == signature(judged(failure(line=3)))
    assert signature(judged(failure())) != signature(judged(failure(got="4")))
    assert hint(judged(failure(got="3"))) == "For (1) the program gave 3, but 2 is wanted."
    assert len(hint(judged(failure(got="3" * 999)))) == MAX_HINT
    assert hint(Judgement(passed=True, score=1.0, results=())) == ""
