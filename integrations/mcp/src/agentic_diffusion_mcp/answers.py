"""What the server answers: frozen records, from which hosts get an output schema and structured content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agentic_diffusion.records import Ending, Plan, Record, Verdict
from pydantic import Field, JsonValue
from pydantic_core import to_jsonable_python


class Answer(Record):
    """The answer to one request.

    Args:
        plan_id: Names the plan for `report_outcome` and `explain_plan`.
        value: The chosen plan or program as plain JSON; None where it is withheld because it did not pass.
        passed: Whether it met every requirement that was checked.
        score: How good the verifier found it; the unit belongs to the verifier.
        confidence: The planner's belief in [0, 1] that it will work.
        abstained: Whether the planner advises against executing it.
        unfamiliar: How far the request lies from what the planner has seen; 1 is where it counts as new.
        evidence: Plain facts behind the judgement.
        ending: `complete`, or why the denoising ended early and this is the best so far.
        seed: The seed that gives the same answer again.
        seconds: Wall-clock time spent.
    """

    plan_id: str
    value: Any
    passed: bool
    score: float
    confidence: float = Field(ge=0.0, le=1.0)
    abstained: bool
    unfamiliar: float | None
    evidence: Mapping[str, JsonValue]
    ending: Ending
    seed: int
    seconds: float


class Receipt(Record):
    """What became of a reported outcome.

    Args:
        outcome_id: Names the outcome; told twice, it counts once.
        learned: Whether a learner took it in.
        trust: How far it is believed, in [0, 1]; set by whoever runs the server, not by the client.
    """

    outcome_id: str
    learned: bool
    trust: float


class Explanation(Record):
    """How a plan came about.

    Args:
        plan_id: The plan.
        summary: The story in a few sentences.
        request: What was asked.
        candidates: How many were considered.
        passing: How many of them met every requirement.
        ranked: The verdicts from the best candidate to the worst; the chosen one is first among equals.
        steps_done: Denoising steps that were made.
        steps_asked: Denoising steps of a complete run.
    """

    plan_id: str
    summary: str
    request: Any
    candidates: int
    passing: int
    ranked: tuple[Verdict, ...]
    steps_done: int
    steps_asked: int


def answer(name: str, plan: Plan[Any, Any], *, withhold: bool) -> Answer:
    """Return the answer that a plan is.

    Args:
        name: The id of the plan.
        plan: The plan.
        withhold: Whether a value that did not pass, or that the planner abstains from, is left out.
    """
    verdict = plan.chosen.verdict
    held = withhold and (plan.abstained or not verdict.passed)
    return Answer(
        plan_id=name,
        value=None if held else to_jsonable_python(plan.chosen.value),
        passed=verdict.passed,
        score=verdict.score,
        confidence=plan.confidence,
        abstained=plan.abstained,
        unfamiliar=plan.unfamiliar,
        evidence=dict(verdict.evidence),
        ending=plan.ending,
        seed=plan.seed,
        seconds=plan.seconds,
    )


def explanation(name: str, plan: Plan[Any, Any], *, most: int = 16) -> Explanation:
    """Return how a plan came about, with the verdicts of at most so many candidates."""
    ranked = sorted(
        plan.considered,
        key=lambda one: (one == plan.chosen, one.verdict.passed, one.verdict.score),
        reverse=True,
    )
    passing = sum(one.verdict.passed for one in plan.considered)
    said = [
        f"{len(plan.considered)} candidates were denoised in {plan.seconds:.3f} s on {plan.device};",
        f"{passing} of them met every requirement.",
        f"The chosen one {'passed' if plan.chosen.verdict.passed else 'did not pass'}",
        f"with a score of {plan.chosen.verdict.score:.4g} and a confidence of {plan.confidence:.2f}.",
    ]
    if not plan.complete:
        said.append(f"It ended early ({plan.ending}), so this is the best so far.")
    if plan.abstained:
        said.append("The planner advises against executing it.")
    return Explanation(
        plan_id=name,
        summary=" ".join(said),
        request=to_jsonable_python(plan.request),
        candidates=len(plan.considered),
        passing=passing,
        ranked=tuple(one.verdict for one in ranked[:most]),
        steps_done=plan.steps_done,
        steps_asked=plan.steps_asked,
    )
