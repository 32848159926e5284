"""Measures the coder: one sample, samples chosen by examples, repair, calibration, speed; each row by hidden tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, TypeAlias, final

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError

from .bench import Row, percentile, share, summary
from .coder import Coder
from .confidence import Confidence, calibration_error, fit_confidence, ranking
from .lint import lint
from .questions import Question
from .sandbox.base import Sandbox
from .spoken import Spoken, UnsayableError
from .spread import spread
from .verify import verify
from .writes import closely

Tell: TypeAlias = Callable[[str, int, int], None]
OURS, UNTYPED = "ours", "types not looked at"


@final
@dataclass(frozen=True)
class Answer:
    """What became of one question.

    Args:
        returned: Whether a program was returned.
        passed: Whether it passed the hidden tests.
        parses: Whether it parses.
        clean: Whether ruff finds nothing in it; None for another language than Python.
        chance: The confidence in it.
        features: What the model thought of it (see `Writes.sure`).
        shown: How many tests it had passed before.
        seconds: Wall-clock time.
        forwards: Calls of the network.
        tokens: Tokens written.
        repaired: Whether a repair was made.
        closer: What more the model thought of a program that no test had seen (see `Heeds`).
    """

    returned: bool
    passed: bool
    parses: bool
    clean: bool | None
    chance: float
    features: tuple[float, ...]
    shown: int
    seconds: float
    forwards: int
    tokens: int
    repaired: bool = False
    closer: tuple[float, ...] = ()


def single(coder: Coder, question: Question, *, sandbox: Sandbox, seed: int = 0) -> Answer:
    """Write one program, look at no test, and judge it by all of them."""
    begun = time.perf_counter()
    spoken = coder.speaks(question.request) if coder.speaks is not None else None
    request = question.request if spoken is None else spoken.request
    try:
        *_, sketch = coder.writer.write(request, count=1, seed=seed, temperature=0.0)
    except InvalidStateError:
        return Answer(False, False, False, False, 0.0, (), 0, time.perf_counter() - begun, 0, 0)
    source, seconds = sketch.sources[0], time.perf_counter() - begun
    parses = bool(source.strip()) and coder.parses(source, request.language) is None
    sure = coder.writer.sure(request, source) if parses else None
    features = sure.features if sure is not None else ()
    asked = coder.confidence is None or coder.confidence.further(len(features))
    heeded = closely(coder.writer, request, source, wanted=sure is not None and asked)
    if spoken is not None and parses:
        source = _said(spoken, source)
        parses = bool(source) and coder.parses(source, question.request.language) is None
    known = (
        coder.confidence((*features, *heeded.features)) if coder.confidence is not None and features else None
    )
    chance = known if known is not None else (sure.mean if sure is not None else None) or 0.0
    clean = parses and not lint(source) if question.request.language == "python" else None
    passed = parses and _passes(source, question, sandbox, whole=True)
    forwards = sketch.forwards + heeded.forwards
    return Answer(
        True,
        passed,
        parses,
        clean,
        chance,
        features,
        0,
        seconds,
        forwards,
        sketch.tokens,
        closer=heeded.features,
    )


def _said(spoken: Spoken, source: str) -> str:
    """Return a program in the language of a request; nothing where it cannot be said in it."""
    try:
        return spoken.say(source)
    except UnsayableError:
        return ""


def _passes(source: str, question: Question, sandbox: Sandbox, *, whole: bool) -> bool:
    tests = (*question.request.tests, *question.hidden.tests) if whole else question.hidden.tests
    task = question.hidden.model_copy(update={"tests": tests})
    return verify(source, task, sandbox=sandbox).passed


def coded(coder: Coder, question: Question, *, sandbox: Sandbox, seed: int = 0) -> Answer:
    """Let the coder work with the tests it is shown, and judge what it returns by the hidden ones."""
    begun = time.perf_counter()
    try:
        plan = coder.plan(question.request, seed=seed)
    except InvalidStateError:
        return Answer(False, False, False, False, 0.0, (), 0, time.perf_counter() - begun, 0, 0)
    evidence, source = plan.chosen.verdict.evidence, plan.chosen.value.source
    spent = {name: int(str(evidence[name])) for name in ("forwards", "tokens", "repairs")}
    other = evidence.get("written_in") is not None  # the model has no opinion of another language
    sure = None if plan.abstained or other else coder.writer.sure(question.request, source)
    return Answer(
        returned=not plan.abstained,
        passed=not plan.abstained and _passes(source, question, sandbox, whole=False),
        parses=not plan.abstained and coder.parses(source, question.request.language) is None,
        clean=evidence.get("lint") == [] if question.request.language == "python" else None,
        chance=plan.confidence,
        features=sure.features if sure is not None else (),
        shown=0 if plan.abstained else len(question.request.tests),
        seconds=plan.seconds,
        forwards=spent["forwards"],
        tokens=spent["tokens"],
        repaired=spent["repairs"] > 0,
    )


def row(name: str, answers: Sequence[Answer], *, settings: Mapping[str, Any] | None = None) -> Row:
    """Return the figures of one way to answer."""
    returned = [a for a in answers if a.returned]
    chances, passed = [a.chance for a in returned], [a.passed for a in returned]
    times = [a.seconds for a in answers]
    good = [a.seconds for a in answers if a.passed]
    linted = [a.clean for a in returned if a.clean is not None]
    found: Row = {
        "name": name,
        **(settings or {}),
        "passed": share(sum(a.passed for a in answers), len(answers)),
        "abstained": share(len(answers) - len(returned), len(answers)),
        "right_if_returned": share(sum(passed), len(returned)),
        "parses_if_returned": share(sum(a.parses for a in returned), len(returned)),
        "forwards": summary([float(a.forwards) for a in answers]),
        "tokens_per_forward": summary([a.tokens / a.forwards for a in answers if a.forwards] or [0.0]),
        "seconds_p50": median(times),
        "seconds_p95": percentile(times, 0.95),
        "ece": calibration_error(chances, passed),
        "ece_spread": spread(chances, passed),
    }
    if linted:
        found["ruff_clean_if_returned"] = share(sum(linted), len(linted))
    if good:
        found["seconds_p50_passed"] = median(good)
    area = ranking(chances, passed)
    return found if area is None else {**found, "auroc": area}


def measure(
    coder: Coder,
    questions: Sequence[Question],
    *,
    sandbox: Sandbox,
    seed: int = 0,
    only: Sequence[str] = (),
    tell: Tell | None = None,
) -> list[Row]:
    """Return the rows of a benchmark, all on the same questions and seeds.

    `single sample` sees no test. `chosen by examples` draws `count` programs, keeps those that pass the shown tests
    and never repairs. `more samples` draws as many as all repairs together would, without a repair: the
    equal-compute baseline. `types not looked at` is ours without that, where it is asked for. `ours` repairs; its
    row says what it gains on each other one, paired by question.

    Args:
        coder: The coder.
        questions: What is asked.
        sandbox: Where hidden tests run.
        seed: Of the first question; the others count on.
        only: The rows that are wanted; all but `types not looked at` where empty.
        tell: Told which row is at work, and how many questions are done.

    Raises:
        InvalidConfigError: There is no such row.
    """
    chosen = replace(coder, rounds=0)
    more = replace(coder, rounds=0, count=coder.count * (1 + coder.rounds))
    ways: dict[str, Callable[[Question, int], Answer]] = {
        "single sample": lambda q, s: single(coder, q, sandbox=sandbox, seed=s),
        "chosen by examples": lambda q, s: coded(chosen, q, sandbox=sandbox, seed=s),
        "more samples": lambda q, s: coded(more, q, sandbox=sandbox, seed=s),
        UNTYPED: lambda q, s: coded(replace(coder, types=False), q, sandbox=sandbox, seed=s),
        OURS: lambda q, s: coded(coder, q, sandbox=sandbox, seed=s),
    }
    if not set(only) <= set(ways):
        raise InvalidConfigError(f"rows {sorted(only)}", f"some of {', '.join(ways)}", "Correct the names.")
    settings = {"count": coder.count, "repairs": coder.rounds, "seed": seed}
    rows, told = [], dict[str, list[Answer]]()
    for name, way in ways.items():
        if name not in only if only else name == UNTYPED:
            continue
        answers = told[name] = []
        for index, question in enumerate(questions):
            answers.append(way(question, seed + index))
            if tell is not None:
                tell(name, index + 1, len(questions))
        rows.append({**row(name, answers, settings=settings), **_familiar(answers, questions)})
    if OURS in told:
        rows[-1]["gain_on"] = {name: _gain(told[OURS], told[name]) for name in told if name != OURS}
    return rows


def _familiar(answers: Sequence[Answer], questions: Sequence[Question]) -> Row:
    """Return the figures of questions whose primitives some Python of the training shows, where not all are so."""
    known = [answer for answer, question in zip(answers, questions, strict=True) if not question.strange]
    if len(known) == len(answers):
        return {}
    returned = [answer for answer in known if answer.returned]
    return {
        "passed_of_known_primitives": share(sum(answer.passed for answer in known), len(known)),
        "right_if_returned_of_known_primitives": share(sum(a.passed for a in returned), len(returned)),
    }


def _gain(ours: Sequence[Answer], others: Sequence[Answer]) -> Mapping[str, float]:
    return summary([float(a.passed) - float(b.passed) for a, b in zip(ours, others, strict=True)])


def calibrated(
    coder: Coder,
    questions: Sequence[Question],
    *,
    sandbox: Sandbox,
    seed: int = 0,
    harder: Sequence[Question] = (),
    tell: Tell | None = None,
) -> Confidence:
    """Fit the chance to pass to programs whose fate hidden tests decide: single samples, and what the coder returns.

    The questions must be neither those of training nor those of a benchmark; the split `valid` is meant for this. What
    is unlike the training data is right less often than it seems: to single samples of `harder` questions, where there
    are any, the chance of what no test has seen is fitted apart.

    Raises:
        InvalidConfigError: All programs share one fate, so nothing can be fitted.
    """
    answers = []
    for index, question in enumerate(questions):
        answers.append(single(coder, question, sandbox=sandbox, seed=seed + index))
        answers.append(coded(coder, question, sandbox=sandbox, seed=seed + index))
        if tell is not None:
            tell("confidence", index + 1, len(questions))
    told = [answer for answer in answers if answer.features]
    fitted = fit_confidence(
        [answer.features for answer in told],
        [answer.passed for answer in told],
        tests=[answer.shown for answer in told],
    )
    strange = [single(coder, q, sandbox=sandbox, seed=seed + index) for index, q in enumerate(harder)]
    parsed = [answer for answer in strange if answer.features]
    passed = [answer.passed for answer in parsed]
    if len(set(passed)) < 2:
        return fitted
    return fitted.apart([(*answer.features, *answer.closer) for answer in parsed], passed)
