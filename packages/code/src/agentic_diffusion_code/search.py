"""What one search for a program has reached: attempts, what came of each, and why it ended."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import final

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.planning.budget import Clock
from agentic_diffusion.records import Ending, Outcome
from pydantic import JsonValue

from .domain import CodeRequest, Program, keeps
from .doubts import doubts
from .front import Front
from .grammar import Parses, native
from .lint import Finding, lint
from .repair import signature
from .room import Room
from .sandbox.base import Sandbox
from .spoken import Spoken, UnsayableError
from .typed import Misfit, checked_by, misfits
from .verify import Judgement, verify
from .writes import Branches

UNSURE = 0.25
"""Nats a token from which a program counts as one that the model does not know how to write.

Of the first programs for 60 pairs that training knows 95 % had fewer than 0.24 with the weights that ship.
"""
UNKEPT = "it does not keep the signature that was given"
"""What is wrong with a program that declares something else."""
MOST = 3
"""Reasons that are told of programs which cannot be said in a language."""


@final
@dataclass
class Attempt:
    """One program that was tried.

    Args:
        source: The program, with the suffix that was asked for.
        body: The program without it: what a repair may change.
        trouble: Why it does not parse; None where it does.
        findings: What the lint found.
        doubts: What speaks against it, though it passes (see `doubts.py`).
        types: Where its types cannot fit (see `typed`); None where nobody looked.
        put_off: Whether it was not run, because its types do not fit.
        judgement: What came of the tests; None where there were none or nothing was run.
        passed: Whether it may be returned.
        said: The program in the language that was asked for, where the writer writes another.
        unsaid: Why it cannot be said there, or what is wrong with what was said; None where nothing is.
        there: What came of the tests there.
        checker: Who looked at an untested program of another language than Python.
        lines: How sure the model is of each line.
        chance: The chance that it is right; None where nobody can tell.
        mean: The geometric mean of the probabilities of its tokens; None where that is not known.
    """

    source: str
    body: str
    trouble: str | None = None
    findings: tuple[Finding, ...] = ()
    doubts: tuple[str, ...] = ()
    types: tuple[Misfit, ...] | None = None
    put_off: bool = False
    judgement: Judgement | None = None
    passed: bool = False
    said: str | None = None
    unsaid: str | None = None
    there: Judgement | None = None
    checker: str = ""
    lines: tuple[float, ...] = ()
    chance: float | None = None
    mean: float | None = None

    @property
    def failure(self) -> tuple[object, ...]:
        """What makes one failure the same as another: what came of each test, or what the parser said."""
        if self.types and self.judgement is None:
            return tuple(each.message for each in self.types)
        return (self.trouble,) if self.judgement is None else signature(self.judgement)

    @property
    def foreign(self) -> bool:
        """Whether it was given in a language that the writer does not write, so that nothing can be mended."""
        return self.said == self.source

    @property
    def suspect(self) -> bool:
        """Whether its types do not fit and no test has run it: what a test says outweighs what was inferred."""
        return bool(self.types) and self.judgement is None

    @property
    def score(self) -> float:
        """The share of tests passed, or the chance to be right where there are none."""
        if self.trouble is not None or self.put_off:
            return 0.0
        judged = self.judgement or self.there
        if judged is not None:
            return judged.score
        return 0.0 if self.chance is None else self.chance

    @property
    def rank(self) -> tuple[bool, bool, float, int, int, float]:
        """What makes one attempt better: passing, types that fit, score, fewer doubts and findings, an opinion."""
        opinion = -1.0 if self.chance is None else self.chance
        return self.passed, not self.suspect, self.score, -len(self.doubts), -len(self.findings), opinion


@final
@dataclass
class Search:
    """One search.

    Args:
        request: What is wanted, in the language that the writer writes.
        sandbox: Where tests run.
        clock: Watches the budget.
        total: Steps of progress of the whole search.
        room: What memory there is, and the writer.
        seed: Where its chance comes from.
        step: Steps of progress that were made.
        forwards: Calls of the network.
        tokens: Tokens that were written, of one candidate on average: candidates beside it cost no more calls.
        rounds: Repairs that were made.
        ending: Why the search ended.
        stuck: Whether every failure had been mended before, or no likely program is left.
        drawn: How many programs had been tried when some were drawn last, because no likely one was left.
        attempts: What came of each program that was tried.
        branches: Writes the next most likely programs; None for a writer that cannot.
        spoken: What is wanted in another language, and how programs are said in it; None where none is.
    """

    request: CodeRequest
    sandbox: Sandbox | None
    clock: Clock
    total: int
    room: Room
    seed: int = 0
    step: int = 0
    forwards: int = 0
    tokens: int = 0
    rounds: int = 0
    ending: Ending = "complete"
    stuck: bool = False
    drawn: int | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    branches: Branches | None = None
    spoken: Spoken | None = None
    _faults: set[tuple[object, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.request.tests and self.sandbox is None:
            raise InvalidStateError(
                f"a request with {len(self.request.tests)} tests and no sandbox",
                "a sandbox to run them in",
                "Give the coder a ProcessSandbox, or leave the tests out.",
            )

    def best(self) -> Attempt | None:
        """Return the best attempt that may be returned."""
        good = [attempt for attempt in self.attempts.values() if attempt.passed]
        return max(good, key=lambda attempt: attempt.rank) if good else None

    def unfamiliar(self, words: float) -> float:
        """Return how unlike training a request is: by its words, or by how unsure the model is of what it wrote.

        Args:
            words: What the words say; 1 is where a request counts as new.
        """
        known = [attempt.mean for attempt in self.attempts.values() if attempt.mean is not None]
        unsure = -math.log(max(max(known), 1e-9)) / UNSURE if known else 0.0
        return max(words, unsure)

    def fault(self) -> Attempt | None:
        """Return the best failing attempt whose failure was not mended before; None where all were."""
        wrong = [a for a in self.attempts.values() if a.types or not a.passed]
        bad = [a for a in wrong if a.body.strip() and not a.foreign]
        fresh = [attempt for attempt in bad if attempt.failure not in self._faults]
        self.stuck = bool(bad) and not fresh
        if not fresh:
            return None
        best = max(fresh, key=lambda attempt: attempt.rank)
        self._faults.add(best.failure)
        return best

    def evidence(self, attempt: Attempt) -> Mapping[str, JsonValue]:
        """Return the facts that support an attempt."""
        judgement = attempt.there or attempt.judgement
        translated = attempt.said is not None and not attempt.foreign
        language = self.spoken.asked.language if self.spoken is not None else self.request.language
        compiled = judgement is not None or attempt.checker == "native"
        looked = attempt.types is not None if language == "python" else compiled
        return {
            **(judgement.verdict().evidence if judgement is not None else {"tests": 0}),
            **self._spent(),
            **({"written_in": self.request.language} if translated else {}),
            **({"checker": attempt.checker} if attempt.checker else {}),
            "types": {
                "checked_by": checked_by(language, looked=looked),
                "findings": [each.model_dump() for each in attempt.types or () if attempt.said is None],
            },
            "doubts": list(attempt.doubts),
            "lint": [finding.model_dump() for finding in attempt.findings if attempt.said is None],
            "lines": [] if translated else list(attempt.lines),
            "p_pass": attempt.chance,
        }

    def _spent(self) -> dict[str, JsonValue]:
        return {
            "attempts": len(self.attempts),
            "repairs": self.rounds,
            "forwards": self.forwards,
            "tokens": self.tokens,
            "tokens_per_forward": round(self.tokens / max(1, self.forwards), 2),
        }

    def reasons(self) -> Mapping[str, JsonValue]:
        """Return why nothing is returned."""
        tried = list(self.attempts.values())
        bad = [attempt for attempt in tried if attempt.trouble is not None]
        unsaid = [attempt for attempt in tried if attempt.unsaid is not None]
        judged = [attempt for attempt in tried if attempt.judgement is not None and attempt not in unsaid]
        reasons: list[JsonValue] = []
        if self.ending != "complete":
            reasons.append(f"ended early: {self.ending}" + ", before a program was whole" * (not tried))
        unkept = sum(attempt.trouble == UNKEPT for attempt in bad)
        refused = sum(attempt.trouble != UNKEPT and bool(attempt.checker) for attempt in bad)
        for count, what in (
            (len(bad) - unkept - refused, "do not parse"),
            (refused, f"are refused by the tools of {self.request.language}"),
            (unkept, f"do not declare it as asked: {self.request.signature.strip()}"),
        ):
            reasons += [f"{count} of {len(tried)} programs {what}"] * (count > 0)
        if judged:
            reasons.append(f"{len(judged)} programs fail at least one test")
        if unsaid and self.spoken is not None:
            language, foreign = self.spoken.asked.language, sum(attempt.foreign for attempt in unsaid)
            held = len(unsaid) - foreign
            reasons += [f"{held} programs hold in {self.request.language} and not in {language}"] * (held > 0)
            why = list(dict.fromkeys(f"{language}: {attempt.unsaid}" for attempt in unsaid))
            reasons += [*why[:MOST], *([f"{language}: {len(why) - MOST} more reasons"] * (len(why) > MOST))]
        misfit = [attempt for attempt in tried if attempt.put_off and attempt.judgement is None]
        if misfit:
            reasons.append(f"{len(misfit)} programs were not run, for their types do not fit")
        others = [*bad, *judged, *unsaid, *misfit]
        untested = [each for each in tried if each not in others]
        if any(each.chance is not None for each in untested):
            reasons.append("there are no tests, and the chance to be right is too small")
        if any(each.chance is None for each in untested):
            reasons.append("there are no tests, and nobody can tell the chance to be right")
        if self.stuck:
            dry = self.branches is not None
            reasons.append(
                "no likely program is left" if dry else "the same failures came again after repair"
            )
        closest = max(judged, key=lambda attempt: attempt.rank, default=None)
        first = next(iter(closest.judgement.failures), None) if closest and closest.judgement else None
        shown = (
            first.model_dump(mode="json", include={"status", "given", "expected", "got"}) if first else None
        )
        return {**self._spent(), "reasons": reasons, "closest_failure": shown}


def examine(source: str, search: Search, *, parses: Parses, lints: bool, types: bool = True) -> Attempt:
    """Judge one program: the parser first, then lint, types and tests; nothing unparsable is ever run.

    What has tests, and types that do not fit, is put off: it is not run (see `Coder._postponed`).
    """
    request = search.request
    whole = source + "\n" + request.suffix if request.suffix.strip() else source
    trouble = "it is empty" if not source.strip() else parses(whole, request.language)
    if trouble is None and not keeps(source, request):
        trouble = UNKEPT
    if trouble is not None:
        return Attempt(whole, source, trouble=trouble)
    findings = lint(whole) if lints and request.language == "python" else ()
    against = doubts(whole, request) if source != request.draft else ()
    attempt = Attempt(whole, source, findings=findings, doubts=against, passed=True)
    attempt.types = misfits(whole) if types and request.language == "python" else None
    if attempt.types and request.tests and source != request.draft:
        attempt.put_off, attempt.passed = True, False
        return attempt
    return tested(attempt, search, parses=parses)


def tested(attempt: Attempt, search: Search, *, parses: Parses) -> Attempt:
    """Run the tests of a program, or let the tools of its language look at it where there are none."""
    request, whole = search.request, attempt.source
    attempt.put_off, attempt.passed = False, True
    if request.tests and search.sandbox is not None:
        attempt.judgement = verify(whole, request.task(), sandbox=search.sandbox, limits=request.limits)
        attempt.passed = attempt.judgement.passed
    elif request.language != "python":
        attempt.trouble, attempt.checker = native(whole, request.language, search.sandbox)
        attempt.passed = attempt.trouble is None
    if search.spoken is not None and attempt.passed:
        try:
            attempt.said = search.spoken.say(attempt.source)
            attempt.unsaid, attempt.there = _there(attempt.said, search, search.spoken.asked, parses=parses)
            if attempt.unsaid is None and attempt.there is None:
                asked = search.spoken.asked
                attempt.unsaid, attempt.checker = native(attempt.said, asked.language, search.sandbox)
        except UnsayableError as error:
            attempt.unsaid = str(error)
        attempt.passed = attempt.unsaid is None
    return attempt


def examine_draft(search: Search, asked: CodeRequest, *, parses: Parses) -> Attempt:
    """Judge a draft in a language that the writer does not know: it is returned where it holds, and not mended."""
    unsaid, there = _there(asked.draft, search, asked, parses=parses)
    draft = Attempt(asked.draft, asked.draft, said=asked.draft, unsaid=unsaid, there=there)
    draft.passed = unsaid is None and there is not None  # what no test has seen nobody can judge
    return draft


def _there(
    said: str, search: Search, asked: CodeRequest, *, parses: Parses
) -> tuple[str | None, Judgement | None]:
    """Return what is wrong with a program in the language that was asked for, and what came of its tests."""
    trouble = parses(said, asked.language)
    if trouble is None and not keeps(said, asked):
        trouble = UNKEPT
    if trouble is not None or not asked.tests or search.sandbox is None:
        return trouble, None
    judged = verify(said, asked.task(), sandbox=search.sandbox, limits=asked.limits)
    if not judged.passed:
        first = next(iter(judged.failures))
        trouble = f"a test fails there: {first.trace.strip() if first.status == 'refused' else first.got}"
    return trouble, judged


def outcome(search: Search, attempt: Attempt) -> Outcome[CodeRequest, Program]:
    """Return what the tests made of an attempt; the same program for the same request is the same outcome."""
    assert attempt.judgement is not None
    request = search.request.model_copy(update={"draft": ""})
    said = "\0".join((request.model_dump_json(), attempt.source))
    return Outcome(
        id=hashlib.blake2b(said.encode(), digest_size=16).hexdigest(),
        request=request,
        value=Program(source=attempt.source, language=request.language, lines=attempt.lines),
        reward=float(attempt.judgement.passed),
        evidence={"score": attempt.judgement.score, **attempt.judgement.verdict().evidence},
        source="tests",
        plan_seed=search.seed,
    )


def holds(known: str, request: CodeRequest) -> bool:
    """Say whether a proven program begins as a request wants it; with a suffix nobody can tell what is whose.

    It begins with the prefix, or with the imports of its declaration and then the prefix (see `Front`).
    """
    begins = tuple("".join(text.split()) for text in (request.prefix, Front.of(request).text))
    return not request.suffix.strip() and "".join(known.split()).startswith(begins)
