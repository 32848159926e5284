"""Single samples whose fate is known, kept as lines of JSON: what the chance to be right is fitted to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Record
from pydantic import ValidationError

from .coder import Coder
from .confidence import Confidence, calibration_error, ranking
from .evaluate import single
from .questions import Question, built_in
from .sandbox.base import Sandbox
from .spread import spread

TEST, TESTED = 10_000, 480
"""The seed of the questions of the benchmark, and how many of them were ever asked."""


@final
class Fate(Record):
    """What became of one single sample.

    Args:
        seed: Where its question was drawn.
        index: Which question of that seed it was.
        features: What was thought of the program, without running it; none where it does not parse.
        passed: Whether it is right, by tests that nobody else saw.
    """

    seed: int
    index: int
    features: tuple[float, ...]
    passed: bool


def asked_at(seed: int, count: int) -> Iterator[tuple[int, Question]]:
    """Yield held-out compositions of a seed, without those that are put in the words of one of the benchmark."""
    tested = {question.request.description for question in built_in(seed=TEST, count=TESTED)}
    for index, question in enumerate(built_in(seed=seed, count=count)):
        if question.request.description not in tested:
            yield index, question


def fates(
    coder: Coder, seeds: Sequence[int], *, count: int, sandbox: Sandbox, kept: Path
) -> Iterator[tuple[Fate, ...]]:
    """Answer questions once each, and keep what became of them; a run that was stopped goes on where it was.

    Args:
        coder: The coder; it writes one program a question and sees no test.
        seeds: Where questions are drawn.
        count: Questions of each seed.
        sandbox: Where hidden tests run.
        kept: A file of JSON lines, which grows.

    Yields:
        All fates so far, after each question.

    Raises:
        InvalidConfigError: A line of the file is none.
    """
    found = list(read_fates(kept))
    done = {(each.seed, each.index) for each in found}
    kept.parent.mkdir(parents=True, exist_ok=True)
    with kept.open("a", encoding="utf-8") as lines:
        for seed in seeds:
            for index, question in asked_at(seed, count):
                if (seed, index) in done:
                    continue
                answer = single(coder, question, sandbox=sandbox, seed=index)
                features = (*answer.features, *answer.closer) if answer.features else ()
                found.append(Fate(seed=seed, index=index, features=features, passed=answer.passed))
                lines.write(found[-1].model_dump_json() + "\n")
                lines.flush()
                yield tuple(found)
    yield tuple(found)


def read_fates(kept: Path) -> Iterator[Fate]:
    """Read what was kept; nothing where there is no file.

    Raises:
        InvalidConfigError: A line is no fate.
    """
    if not kept.exists():
        return
    for number, line in enumerate(kept.read_text(encoding="utf-8").splitlines(), 1):
        try:
            yield Fate.model_validate_json(line)
        except ValidationError as error:
            raise InvalidConfigError(
                f"line {number} of {kept.name}", "one fate as JSON", "Remove the file and begin anew."
            ) from error


def fitted_to(confidence: Confidence, known: Sequence[Fate]) -> Confidence:
    """Return an estimate whose part for what no test has seen is fitted to these; without features there is no fate.

    Raises:
        InvalidConfigError: All programs share one fate.
    """
    told = [each for each in known if each.features]
    return confidence.apart([each.features for each in told], [each.passed for each in told])


def held_to(confidence: Confidence, known: Sequence[Fate]) -> dict[str, float | None]:
    """Return how an estimate does on fates that it was not fitted to: how many, its error with spread, its ranking.

    As in the benchmark, what does not parse is given no chance and is wrong.
    """
    chances = [confidence(each.features) if each.features else 0.0 for each in known]
    passed = [each.passed for each in known]
    error, area = calibration_error(chances, passed), ranking(chances, passed)
    return {"n": float(len(known)), "ece": error, **spread(chances, passed), "auroc": area}
