"""What is told of a call: its arguments as a hash or in the clear, the name of its outcome, and what is remembered."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from agentic_diffusion.records import Outcome
from pydantic import JsonValue

from langgraph_agentic_diffusion.uses import Call, Granularity, ToolUse

K = TypeVar("K")
T = TypeVar("T")

RECENT: Final = 4096
"""How many calls are remembered for late rewards and for counting attempts."""


def words_of(
    call: Mapping[str, Any], *, salt: bytes, limit: int | None
) -> tuple[str, dict[str, JsonValue] | None, dict[str, JsonValue]]:
    """Return the hash of a call's arguments, the arguments in the clear, and what is evidence of them.

    Args:
        call: Its `args`.
        salt: Mixed into the hash.
        limit: Characters that are told in the clear at most, longer ones only by how they begin; None for none.
    """
    text = json.dumps(call.get("args") or {}, sort_keys=True, default=str)
    digest = hashlib.blake2b(text.encode(), digest_size=16, key=salt).hexdigest()
    if limit is None:
        return digest, None, {}
    if len(text) <= limit:
        return digest, json.loads(text), {}
    return digest, None, {"arguments_begin": text[:limit]}


def outcome_of(
    call: Call, said: Mapping[str, Any], *, each: Granularity, planner: str | None = None
) -> Outcome[JsonValue, ToolUse]:
    """Return the outcome of a call, with a name of its own for each call, or for each try of it, and each source.

    Args:
        call: The call.
        said: Its `reward`, `evidence`, `source` and `trust`.
        each: Whether calls or tries of them count.
        planner: The version of the planner, where the step does not say it.
    """
    use, step = call.use, call.use.of
    counted: list[Any] = [call.scope, use.call, said["source"], use.attempt if each == "attempt" else 0]
    counted += [] if use.message is None else [use.message]
    return Outcome[JsonValue, ToolUse](
        id=hashlib.blake2b(json.dumps(counted).encode(), digest_size=16).hexdigest(),
        request=step.request if step else None,
        value=use,
        **said,
        plan_seed=step.seed if step else None,
        planner=(step.planner if step else None) or planner,
    )


def keep(recent: OrderedDict[K, T], key: K, value: T) -> None:
    """Put a value in and let the oldest go where there are too many."""
    recent[key] = value
    recent.move_to_end(key)
    if len(recent) > RECENT:
        recent.popitem(last=False)
