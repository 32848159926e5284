"""The outdoor nouns: frozen, plain, JSON-able records that cross every package wall."""

from __future__ import annotations

from collections.abc import Mapping
from time import time as now
from typing import Generic, Literal, TypeAlias, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Q = TypeVar("Q")
V = TypeVar("V")

Ending: TypeAlias = Literal["complete", "deadline", "stopped", "memory"]
"""Why planning ended: every step was done, time ran out, someone asked to stop, or memory was short."""


class Record(BaseModel):
    """The base of every record: frozen, closed to unknown fields, no NaN or infinity on the wire."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Verdict(Record):
    """A judgement of one thing: whether it passed, how good it is, and why.

    Args:
        passed: Whether every requirement is met.
        score: How good it is; higher is better; the unit belongs to the judge.
        evidence: Plain facts that support the judgement, for people and for logs.
    """

    passed: bool
    score: float
    evidence: Mapping[str, JsonValue] = Field(default_factory=dict)


class Candidate(Record, Generic[V]):
    """One sampled answer together with its verdict."""

    value: V
    verdict: Verdict


class Plan(Record, Generic[Q, V]):
    """The answer to one request, with how it was found.

    Args:
        request: What was asked.
        chosen: The selected candidate; `chosen.verdict.passed` says whether it met the requirements.
        confidence: The selector's belief in [0, 1] that the chosen value will work.
        considered: Every candidate, in the order in which they were sampled.
        ending: `complete`, or why the denoising ended early and this is the best plan so far.
        steps_done: Denoising steps that were made for the candidates that were considered.
        steps_asked: Denoising steps of a complete run.
        batch: Candidates denoised together; less than asked where memory was short.
        seconds: Wall-clock time spent.
        seed: The seed that gives the same plan again.
        device: Where the network ran.
        abstained: Whether the planner advises against executing the plan.
        unfamiliar: How far the request lies from what the planner has seen, in units of the distance from which it
            counts as new; None where nobody has looked.
    """

    request: Q
    chosen: Candidate[V]
    confidence: float = Field(ge=0.0, le=1.0)
    considered: tuple[Candidate[V], ...] = Field(min_length=1)
    ending: Ending = "complete"
    steps_done: int = Field(ge=0)
    steps_asked: int = Field(ge=1)
    batch: int = Field(ge=1)
    seconds: float = Field(ge=0.0)
    seed: int
    device: str = "cpu"
    abstained: bool = False
    unfamiliar: float | None = Field(default=None, ge=0.0)

    @property
    def complete(self) -> bool:
        """Whether every denoising step was done for every candidate that was asked for."""
        return self.ending == "complete"


class Outcome(Record, Generic[Q, V]):
    """What came of one value that was tried for one request.

    Args:
        id: Names the outcome: told twice, it counts once. Random where it is left out.
        request: What was asked.
        value: What was tried.
        reward: How well it went; higher is better; the unit belongs to the world.
        evidence: Plain facts that support the reward.
        source: Who says so: a simulator, a person, a sandbox.
        trust: How far the source is believed, in [0, 1].
        plan_seed: The seed of the plan, so that it can be made again.
        planner: The version of the planner that made the plan.
        time: When it happened, in seconds since 1970 (UTC).
    """

    id: str = Field(default_factory=lambda: uuid4().hex, min_length=1)
    request: Q
    value: V
    reward: float
    evidence: Mapping[str, JsonValue] = Field(default_factory=dict)
    source: str = Field(default="world", min_length=1)
    trust: float = Field(default=1.0, ge=0.0, le=1.0)
    plan_seed: int | None = None
    planner: str | None = None
    time: float = Field(default_factory=now, ge=0.0)


class DenoiseEvent(Record):
    """Progress of one plan, small enough to stream.

    Args:
        step: Denoising steps done, counted over all batches of candidates.
        total: Denoising steps of the whole plan.
        time: The noise level that was reached: 1 is noise, 0 is the truth.
        seconds: Wall-clock time since planning began.
    """

    step: int = Field(ge=0)
    total: int = Field(ge=1)
    time: float = Field(ge=0.0, le=1.0)
    seconds: float = Field(ge=0.0)
