"""Runs: which run of a graph something happens in, where there is no thread to tell runs apart."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final
from uuid import uuid4

from langgraph_agentic_diffusion.nodes import current_runtime

MANY: Final = 4096
"""How many runs are known by name at once; the one that was asked about longest ago is forgotten first."""

_named: OrderedDict[int, tuple[Any, str]] = OrderedDict()
_lock = threading.Lock()


def current_run() -> str | None:
    """Return a name for the run of the graph that is going on, the same in all its nodes and sub-graphs.

    LangGraph gives every run a control of its own and hands it to each node; it is kept here, so that no other run can
    be taken for it. None outside of any graph.
    """
    control = current_runtime().control
    if control is None:
        return None
    with _lock:
        _, name = _named.setdefault(id(control), (control, uuid4().hex))
        _named.move_to_end(id(control))
        while len(_named) > MANY:
            _named.popitem(last=False)
    return name
