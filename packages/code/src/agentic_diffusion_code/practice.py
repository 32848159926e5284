"""Practice: from a coder and what came of its programs to a new coder; the old one stays as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import final

from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.records import Outcome, Plan

from .coder import Coder
from .domain import CodeRequest, Program
from .lessons import spans_of
from .model.novel import novel
from .model.prefer import Drill, Moved, Pair, drilled
from .model.reading import Embedded
from .model.rows import Noise, Row
from .proven import Proof
from .questions import Question
from .sandbox.base import DEFAULT_LIMITS, Limits, Sandbox
from .verify import verify
from .writer import TokenWriter
from .writes import Worded

SAMPLED, HELD = 1000, 9000
"""Old rows that are looked at to find which tokens are new, and what is added to the seed of these."""


@final
@dataclass(frozen=True)
class Practice:
    """A tuner of coders: learns what passed, and from pairs what to prefer.

    The new coder is worth nothing until a gate has compared it with the old one on tasks that neither has seen (see
    `Examination`, and `Gate` of agentic-diffusion-evolve); throwing it away is all there is to rolling back.

    Args:
        drill: How to learn.
        old: Rows that the network was trained on, without end, from a seed; None forgets more.
        noise: How programs are hidden, from the tokens; as in training when left out.
        longest: Tokens of the longest program that is learned from.
        novel: Only the embeddings of new tokens are moved where this is above 0: tokens of the requests that at most
            this share of old rows hold. Nothing else is forgotten then, and nothing else learned.
        compute: Device and precision.
        watch: Told about every step.
    """

    drill: Drill = field(default_factory=Drill)
    old: Callable[[int], Iterator[Row]] | None = None
    noise: Noise | None = None
    longest: int = 160
    novel: float = 0.0
    compute: Compute | None = None
    watch: Callable[[Moved], None] | None = None

    def __call__(self, coder: Coder, proofs: Iterable[Proof]) -> Coder:
        """Return the coder that has practised; the old one where nothing was proven.

        Raises:
            InvalidConfigError: The coder's writer has no weights to train, or there is no new token.
        """
        writer, model = trainable(coder)
        pairs, passed = self.lessons(writer, proofs)
        if not passed:
            return coder
        network = model.network
        for moved, student in drilled(
            model.network,
            pairs,
            passed,
            noise=self.noise or Noise(writer.tokens.pad, writer.tokens.mask),
            drill=self.drill,
            old=None if self.old is None else self.old(self.drill.seed),
            compute=self.compute,
            only=self._new(passed),
        ):
            network = student
            if self.watch is not None:
                self.watch(moved)
        there = network.to(model.placed.where)  # training may have had another device
        trained = replace(model, network=there.eval().requires_grad_(False))
        return replace(coder, writer=replace(writer, model=trained))

    def _new(self, passed: Sequence[Row]) -> frozenset[int]:
        """Return the tokens whose embeddings alone are to be moved; none where all weights are."""
        if not self.novel:
            return frozenset()
        old = [] if self.old is None else list(islice(self.old(self.drill.seed + HELD), SAMPLED))
        found = novel(passed, old, share=self.novel) if old else frozenset[int]()
        if not found:
            raise InvalidConfigError(
                f"novel={self.novel}, {len(old)} old rows and {len(passed)} lessons without a new token",
                "requests with words that old rows hardly hold, and old rows to tell",
                "Leave `novel` at 0: then all weights are tuned.",
            )
        return found

    def lessons(self, writer: TokenWriter, proofs: Iterable[Proof]) -> tuple[list[Pair], list[Row]]:
        """Return pairs and programs that passed; what is too long, or cannot be read, is left out."""
        pairs: list[Pair] = []
        passed: list[Row] = []
        for proof in proofs:
            right = self._row(writer, proof.request, proof.passed) if proof.passed else None
            if right is None:
                continue
            passed.append(right)
            wrong = (self._row(writer, proof.request, failed) for failed in proof.failed)
            pairs += [Pair(right, row) for row in wrong if row is not None and row.code != right.code]
        return pairs, passed

    def _row(self, writer: TokenWriter, request: CodeRequest, source: str) -> Row | None:
        try:
            prompt = writer.prompt(request)
        except InvalidStateError:
            return None
        text = writer.told(source, request)
        code = [*writer.tokens.encode(text, request.language), writer.tokens.end]
        if len(code) > self.longest:
            return None
        words = writer.tokens
        spans = spans_of(text, words, request.language) if isinstance(words, Worded) else ()
        return Row(prompt, tuple(code), len(writer.head(request)), spans)


def trainable(coder: Coder) -> tuple[TokenWriter, Embedded]:
    """Return the writer of a coder and the network that can be trained in it.

    Raises:
        InvalidConfigError: The writer has no weights of its own.
    """
    writer = coder.writer
    if isinstance(writer, TokenWriter) and isinstance(writer.model, Embedded):
        return writer, writer.model
    raise InvalidConfigError(
        f"a writer without weights of its own ({type(writer).__name__})",
        "a TokenWriter with the embedded network",
        "Models of others are tuned with their own tools; their outcomes are kept all the same.",
    )


@final
@dataclass(frozen=True)
class Examination:
    """A world for the gate: judges programs by hidden tests, which the coder was never shown.

    A program that passes is worth 1, anything else 0, an abstention too.

    Args:
        questions: The questions; requests of others are refused.
        sandbox: Where hidden tests run.
        limits: What each of them may use.
    """

    questions: Sequence[Question]
    sandbox: Sandbox
    limits: Limits = DEFAULT_LIMITS

    @property
    def tasks(self) -> tuple[CodeRequest, ...]:
        """The requests."""
        return tuple(question.request for question in self.questions)

    def __call__(self, plan: Plan[CodeRequest, Program]) -> Sequence[Outcome[CodeRequest, Program]]:
        """Return what came of a plan.

        Raises:
            InvalidStateError: Its request is not among the questions.
        """
        known = _by_request(self.questions).get(_key(plan.request))
        if known is None:
            raise InvalidStateError(
                f"a plan for {plan.request.description[:80]!r}",
                "one of the questions",
                "Plan for the tasks of this examination.",
            )
        source = plan.chosen.value.source
        passed = (
            not plan.abstained
            and verify(source, known.hidden, sandbox=self.sandbox, limits=self.limits).passed
        )
        said = hashlib.blake2b(f"{_key(plan.request)}\0{source}\0{plan.seed}".encode(), digest_size=16)
        outcome = Outcome(
            id=said.hexdigest(),
            request=plan.request,
            value=plan.chosen.value,
            reward=float(passed),
            evidence={"abstained": plan.abstained},
            source="hidden tests",
            plan_seed=plan.seed,
        )
        return (outcome,)


def _key(request: CodeRequest) -> str:
    return request.model_dump_json(exclude={"draft", "limits"})


def _by_request(questions: Sequence[Question]) -> Mapping[str, Question]:
    return {_key(question.request): question for question in questions}
