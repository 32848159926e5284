"""The middleware: what the tools of an agent do flows back to a learner."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, final

from agentic_diffusion.errors import MissingExtraError
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from langgraph.types import TracePolicy, omit_payload
from langgraph_agentic_diffusion import PlanOutcomes, ToolFeedback
from typing_extensions import override

try:
    from langchain.agents.middleware import AgentMiddleware, AgentState
except ImportError as error:
    raise MissingExtraError(
        "an import of the middleware without langchain",
        "the extra [agents]",
        "pip install 'langchain-agentic-diffusion[agents]'",
    ) from error

log = logging.getLogger(__name__)


@final
class OutcomeFeedbackMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Tells a learner what became of every call of a tool in `create_agent` or `create_deep_agent`.

    Put it first among the middlewares to tell each call once, or behind `ToolRetryMiddleware`, with
    `granularity="attempt"`, to tell every try. What a tool raises is raised on. When a turn of the agent begins or
    ends, plans that were begun are settled: an agent that was ended by an error is settled when its next turn begins,
    and where there is no thread, and so no next turn, as soon as a tool or the model raises.

    Args:
        feedback: What is told to whom.
        plans: Learns of whole plans; settled between turns. Left out where the sink of `feedback` is one.
    """

    trace_policy = TracePolicy(process_inputs=omit_payload)

    def __init__(self, feedback: ToolFeedback, *, plans: PlanOutcomes[Any, Any] | None = None) -> None:
        super().__init__()
        self.tools = []
        self.feedback = feedback
        self.plans = feedback.sink if plans is None and isinstance(feedback.sink, PlanOutcomes) else plans

    @override
    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Carry out a call and tell what became of it."""
        with self._settled(request.runtime):
            return self.feedback.wrap_tool_call(request, handler)

    @override
    async def awrap_tool_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """Carry out a call in the loop and tell what became of it."""
        with self._settled(request.runtime):
            return await self.feedback.awrap_tool_call(request, handler)

    @override
    def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Ask the model; what it raises may be the end of the run."""
        with self._settled(request.runtime):
            return handler(request)

    @override
    async def awrap_model_call(self, request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
        """See `wrap_model_call`."""
        with self._settled(request.runtime):
            return await handler(request)

    @override
    def before_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Settle the plans of a turn that was ended by an error."""
        self.settle(runtime)

    @override
    async def abefore_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """See `before_agent`."""
        self.settle(runtime)

    @override
    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Settle the plans of this turn."""
        self.settle(runtime)

    @override
    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """See `after_agent`."""
        self.settle(runtime)

    @contextmanager
    def _settled(self, runtime: Any) -> Iterator[None]:
        """Settle what there is where something is raised and no thread goes on; what is tried again opens it again."""
        try:
            yield
        except GraphBubbleUp:
            raise
        except BaseException:
            info = getattr(runtime, "execution_info", None)
            if info is None or info.thread_id is None:
                self.settle(runtime)
            raise

    def settle(self, runtime: Runtime[Any]) -> None:
        """Tell the learner of whole plans what there is."""
        if self.plans is None:
            return
        info = getattr(runtime, "execution_info", None)
        try:
            self.plans.settle(thread=info.thread_id if info else None)
        except Exception:  # feedback never breaks the run
            log.exception("the plans of a turn were not settled")
