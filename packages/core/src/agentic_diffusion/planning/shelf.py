"""The shelf: the plans that were made lately, by a name that is the same in every process."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Generic, TypeVar, final

from pydantic_core import to_jsonable_python

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Plan

Q = TypeVar("Q")
V = TypeVar("V")


def plan_id(plan: Plan[Any, Any] | Mapping[str, Any]) -> str:
    """Return a short name of a plan: the same request, seed and value have the same name, in every process.

    Args:
        plan: The plan, or its fields as plain JSON.
    """
    if isinstance(plan, Mapping):
        parts = [plan["request"], plan["seed"], plan["chosen"]["value"]]
    else:
        parts = [plan.request, plan.seed, plan.chosen.value]
    said = json.dumps(to_jsonable_python(parts), sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


@final
class PlanShelf(Generic[Q, V]):
    """The plans that were made lately, by their id; safe to use from several threads.

    Args:
        room: Plans to keep.
    """

    def __init__(self, *, room: int = 1000) -> None:
        if room < 1:
            raise InvalidConfigError(f"room={room}", "room for at least one plan", "Leave it out for 1,000.")
        self._room = room
        self._plans: OrderedDict[str, Plan[Q, V]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, plan: Plan[Q, V]) -> str:
        """Keep a plan and return its id."""
        name = plan_id(plan)
        with self._lock:
            self._plans[name] = plan
            self._plans.move_to_end(name)
            while len(self._plans) > self._room:
                self._plans.popitem(last=False)
        return name

    def get(self, name: str) -> Plan[Q, V] | None:
        """Return the plan of this id; None where it is not kept."""
        with self._lock:
            return self._plans.get(name)
