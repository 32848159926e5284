"""The outdoor nouns: frozen, plain, JSON-able records that cross every package wall."""

from __future__ import annotations

import json
from collections.abc import Mapping
from time import time as now
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, model_validator

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


class MemoryUse(Record):
    """The most memory that was in use while a plan was made, in bytes.

    Args:
        host: Largest resident size of the process so far.
        grew: How much of that came about during the plan.
        device: Most bytes of tensors on the GPU; None without one.
    """

    host: int = Field(ge=0)
    grew: int = Field(ge=0)
    device: int | None = Field(default=None, ge=0)


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
        memory: The most memory that was in use; None where nobody has looked.
        notes: What was done otherwise than asked, such as smaller batches for want of memory.
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
    memory: MemoryUse | None = None
    notes: tuple[str, ...] = ()

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


NAME_LIMIT, TEXT_LIMIT, SCHEMA_LIMIT, STEP_LIMIT = 128, 20_000, 100_000, 256
"""Characters in a name, in a text and in an argument schema, and steps in a plan, at most."""

KEPT = frozenset("\n\t\r\xa0\u2009\u202f\u3000\u200c\u200d")
"""Letters that are not printable and harmless all the same: line ends, tabs, spaces and joiners."""


def clean_text(text: str) -> str:
    """Return the text; refuse control characters other than line ends, tabs and joiners.

    Raises:
        ValueError: There is one.
    """
    for place, letter in enumerate(text):
        if not (letter.isprintable() or letter in KEPT):
            raise ValueError(
                f"Got the control character {letter!r} at place {place}. Expected printable text. "
                "Remove it before the tool is described to a planner."
            )
    return text


def clean_name(text: str) -> str:
    """Return the name; refuse what is empty, padded or not on one printable line.

    Raises:
        ValueError: It is.
    """
    if not text or not text.isprintable() or text != text.strip():
        raise ValueError(f"Got the name {text!r}. Expected printable text without margins. Rename it.")
    return text


Name: TypeAlias = Annotated[str, Field(max_length=NAME_LIMIT), AfterValidator(clean_name)]
"""A name: one short printable line."""

Text: TypeAlias = Annotated[str, Field(max_length=TEXT_LIMIT), AfterValidator(clean_text)]
"""Text for people: without control characters, and of bounded length."""


class ToolSpec(Record):
    """What is known of a tool before it is called.

    Args:
        name: Unique among the tools of a planner.
        description: What it is for, in plain words; a planner that has never seen the tool reads this.
        arguments: JSON schema of its arguments (an object with `properties` and `required`); empty for none.
        needs: Facts that must be known or hold before it can be called.
        gives: Facts that are known or hold once it was called.
        reads: Whether it only looks and changes nothing.
        repeats: Whether a plan may call it more than once.
        cost: What one call costs; higher is worse; the unit belongs to the world.
    """

    name: Name
    description: Text = ""
    arguments: Mapping[str, JsonValue] = Field(default_factory=dict)
    needs: tuple[Name, ...] = Field(default=(), max_length=STEP_LIMIT)
    gives: tuple[Name, ...] = Field(default=(), max_length=STEP_LIMIT)
    reads: bool = False
    repeats: bool = False
    cost: float = Field(default=1.0, ge=0.0)

    @model_validator(mode="after")
    def _small(self) -> ToolSpec:
        size = len(json.dumps(self.arguments, default=str))
        if size > SCHEMA_LIMIT:
            raise ValueError(
                f"Got an argument schema of {size} characters. Expected at most {SCHEMA_LIMIT}. "
                "Describe the arguments more briefly."
            )
        return self


class Given(Record):
    """An argument whose value is known."""

    kind: Literal["given"] = "given"
    value: JsonValue


class Quoted(Record):
    """An argument that stands in the request.

    Args:
        text: What was found.
        start: Where it begins in the goal, in characters; None where it is a fact of the request.
        key: Name of the fact, empty where it was found in the goal.
    """

    kind: Literal["quoted"] = "quoted"
    text: str
    start: int | None = Field(default=None, ge=0)
    key: str = ""


class Result(Record):
    """An argument that an earlier step gives.

    Args:
        step: Index of that step.
        key: Which of its results; empty for the whole.
    """

    kind: Literal["result"] = "result"
    step: int = Field(ge=0)
    key: str = ""


class Open(Record):
    """An argument that somebody else must fill in.

    Args:
        type: Its JSON type, `any` where nothing is known.
        required: Whether the tool cannot be called without it.
    """

    kind: Literal["open"] = "open"
    type: str = "any"
    required: bool = True


Argument: TypeAlias = Annotated[Given | Quoted | Result | Open, Field(discriminator="kind")]
"""Where the value of an argument comes from."""


class PlanStep(Record):
    """One call of a tool.

    Args:
        tool: Name of the tool.
        arguments: Where each argument comes from.
        after: Indices of the earlier steps that must be done first; steps that do not wait for each other may run
            side by side, so a plan is a sequence or a graph without circles.
    """

    tool: Name
    arguments: Mapping[str, Argument] = Field(default_factory=dict)
    after: tuple[Annotated[int, Field(ge=0)], ...] = ()
