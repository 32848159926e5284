"""What a model reads of a plan: its steps one a line, and what speaks for it."""

from __future__ import annotations

import json
from typing import Any

from agentic_diffusion.records import Plan
from langgraph_agentic_diffusion import plain

LIMIT = 4000
"""Characters of a plan that the model is shown at most; the artifact holds all of it."""


def describe(value: Any) -> str:
    """Return the value of a plan for people and models: its steps one a line, or its JSON."""
    steps = getattr(value, "steps", None)
    if isinstance(steps, list | tuple):
        done = getattr(value, "done", 0)
        lines = [f"{n}. {_step(plain(step))}{' (done)' * (n <= done)}" for n, step in enumerate(steps, 1)]
        text = "\n".join(lines) or "No step is needed."
    else:
        text = json.dumps(plain(value), ensure_ascii=False)
    return text if len(text) <= LIMIT else f"{text[:LIMIT]} ... ({len(text)} characters in all)"


def _step(step: Any) -> str:
    if not isinstance(step, dict) or "tool" not in step:
        return json.dumps(step, ensure_ascii=False)
    arguments = {name: _argument(told) for name, told in (step.get("arguments") or {}).items()}
    return f"{step['tool']} {json.dumps(arguments, ensure_ascii=False) if arguments else ''}".rstrip()


def _argument(told: Any) -> Any:
    """Return where an argument of a tool plan comes from, in words; any other argument as it is."""
    match told:
        case {"kind": "given", "value": value}:
            return value
        case {"kind": "quoted", "text": text}:
            return text
        case {"kind": "result", "step": step, "key": key}:
            return f"<{key or 'result'} of step {step + 1}>"
        case {"kind": "open"}:
            return "<to be filled in>"
        case _:
            return told


def evidence(plan: Plan[Any, Any], name: str) -> str:
    """Return in one line what speaks for a plan: its id, verdict, confidence and how it was found."""
    verdict = plan.chosen.verdict
    faults = verdict.evidence.get("faults")
    why = f" ({'; '.join(map(str, faults))})" if isinstance(faults, list | tuple) and faults else ""
    far = plan.unfamiliar or 0.0
    return (
        f"Plan {name}: {'meets' if verdict.passed else f'DOES NOT meet{why}'} the requirements, "
        f"{f'the request is unlike what the planner has seen (distance {far:.2f}), ' if far > 1 else ''}"
        f"{'the planner advises against it, ' if plan.abstained else ''}"
        f"confidence {plan.confidence:.2f}, score {verdict.score:.4g}, best of {len(plan.considered)}, "
        f"{plan.steps_done} of {plan.steps_asked} denoising steps ({plan.ending})."
    )
