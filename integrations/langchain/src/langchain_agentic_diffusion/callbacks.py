"""The callback handler: outcomes of tools where there is neither an agent with middleware nor a tool node."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Final, final
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langgraph.errors import GraphBubbleUp
from langgraph_agentic_diffusion import ToolFeedback
from langgraph_agentic_diffusion.uses import Call
from typing_extensions import override

ROOM: Final = 4096
"""Calls that may be under way at once."""


@final
class OutcomeCallbackHandler(BaseCallbackHandler):
    """Tells a learner what became of every call of a tool, wherever LangChain's callbacks reach.

    Give it as `config={"callbacks": [handler]}`, or to one tool. Callbacks see every try of a call and no state of a
    graph, so a step is attributed by `ToolFeedback.expect` or by the call alone, and `granularity="attempt"` fits.
    Where a call has no id they cannot see either whether a text is an answer or an error that the tool handled
    (`handle_tool_error`): such a success is told with half of the trust, and with `unsure` in its evidence.
    Where there is a tool node or `create_agent`, prefer `ToolFeedback.wrap_tool_call` and the middleware; do not use
    both, for then each call is told twice under different ids unless it belongs to a thread.

    Args:
        feedback: What is told to whom.
    """

    run_inline = True
    """Called in the thread of the tool, in order, also from asynchronous runs."""

    def __init__(self, feedback: ToolFeedback) -> None:
        self.feedback = feedback
        self._under_way: OrderedDict[UUID, tuple[Call | None, bool]] = OrderedDict()
        self._lock = threading.Lock()

    @override
    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Note that a call begins."""
        call = self.feedback.begin(
            {
                "name": (serialized or {}).get("name") or kwargs.get("name"),
                "args": {"input": input_str} if inputs is None else inputs,
                "id": kwargs.get("tool_call_id") or str(run_id),
            },
            thread=(metadata or {}).get("thread_id"),
            scope=None if parent_run_id is None else str(parent_run_id),
        )
        with self._lock:
            self._under_way[run_id] = call, kwargs.get("tool_call_id") is not None
            if len(self._under_way) > ROOM:
                self._under_way.popitem(last=False)

    @override
    def on_tool_end(
        self, output: Any, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """Tell what came back."""
        call, named = self._over(run_id)
        self.feedback.end(call, output, sure=named or not isinstance(output, str))

    @override
    def on_tool_error(
        self, error: BaseException, *, run_id: UUID, parent_run_id: UUID | None = None, **kwargs: Any
    ) -> None:
        """Tell what the tool raised; an interrupt of a graph is no failure, nor is a cancelled call."""
        call, _ = self._over(run_id)
        if isinstance(error, Exception) and not isinstance(error, GraphBubbleUp):
            self.feedback.end(call, error)
        else:
            self.feedback.forget(call)

    def _over(self, run_id: UUID) -> tuple[Call | None, bool]:
        with self._lock:
            return self._under_way.pop(run_id, (None, True))
