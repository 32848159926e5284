"""The state of a planning graph: plain JSON for every checkpointer, with helpers to read it back typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.records import Plan
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python
from typing_extensions import TypedDict

T = TypeVar("T")


class PlannerState(TypedDict, total=False):
    """What a planning graph keeps; every value is plain JSON.

    Args:
        request: What to plan for, such as the fields of `Reach`.
        seed: The seed of the plan; the node's own where it is left out.
        plan: The fields of the last `Plan`.
        decision: What a person said about that plan: `action`, `reason` and `approved`; None before they did.
    """

    request: dict[str, Any]
    seed: int | None
    plan: dict[str, Any]
    decision: dict[str, Any] | None


class PlanActState(PlannerState, total=False):
    """What a loop of planning and acting keeps besides.

    Args:
        done: Whether the task is over.
        rounds: How often a plan was acted upon.
        observation: What acting on the last plan brought to light.
    """

    done: bool
    rounds: int
    observation: dict[str, Any]


def plain(value: object) -> Any:
    """Return a value as plain JSON; records and other pydantic models become dicts.

    Raises:
        InvalidStateError: It holds something that is not JSON, such as a tensor.
    """
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError as error:
        raise InvalidStateError(
            f"a {type(value).__name__} that is not plain JSON ({error})",
            "numbers, strings, lists, dicts and pydantic models, which every checkpointer can keep",
            "Turn tensors and arrays into lists first (`.tolist()`).",
        ) from error


def plain_plan(plan: Plan[Any, Any], *, keep: int | None = None) -> dict[str, Any]:
    """Return a plan as plain JSON.

    Args:
        plan: The plan.
        keep: Keep the chosen candidate and the best others, so many in all, in the order in which they were
            sampled; None keeps every candidate.
    """
    if keep is not None:
        ranked = sorted(
            range(len(plan.considered)),
            key=lambda n: (
                plan.considered[n] == plan.chosen,
                plan.considered[n].verdict.passed,
                plan.considered[n].verdict.score,
            ),
            reverse=True,
        )
        kept = tuple(plan.considered[n] for n in sorted(ranked[:keep]))
        plan = plan.model_copy(update={"considered": kept})
    fields: dict[str, Any] = plan.model_dump(mode="json")
    return fields


def look(state: object, key: str) -> Any:
    """Return a value of a state that is a mapping, a dataclass or a pydantic model; None where it is missing."""
    return state.get(key) if isinstance(state, Mapping) else getattr(state, key, None)


def read_request(state: object, kind: type[T], *, key: str = "request") -> T:
    """Return the request in a state.

    Args:
        state: The state of the graph.
        kind: What the request must be, such as `Reach`.
        key: Where it is kept.

    Raises:
        InvalidStateError: It is missing or not of that kind.
    """
    return _read(state, kind, key)


def read_plan(state: object, kind: type[T], *, key: str = "plan") -> T:
    """Return the plan in a state.

    Args:
        state: The state of the graph.
        kind: The plan's type, such as `Plan[Reach, Trajectory]`.
        key: Where it is kept.

    Raises:
        InvalidStateError: It is missing or not of that kind.
    """
    return _read(state, kind, key)


def _read(state: object, kind: type[T], key: str) -> T:
    value = look(state, key)
    if value is None:
        raise InvalidStateError(
            f"a state without {key!r}",
            f"the fields of {kind.__name__} under {key!r}",
            "Put them there before this node runs, or give the node the key that your state uses.",
        )
    try:
        if isinstance(
            value, Mapping
        ):  # plain JSON, in which a record may say a value otherwise than in Python
            return TypeAdapter(kind).validate_json(to_json(value))
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join([key, *map(str, fault['loc'])])}: {fault['msg']}" for fault in error.errors()
        )
        raise InvalidStateError(
            f"{key!r} with {error.error_count()} fault(s): {faults}",
            f"the fields of {kind.__name__}",
            "Correct the named fields; `model_dump(mode='json')` of the record gives the right form.",
        ) from error
