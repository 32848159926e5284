"""The overhead of feedback: the same calls of tools with and without it, in turns."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import median, quantiles
from types import SimpleNamespace
from typing import Any, final

from agentic_diffusion.records import Outcome
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import BaseTool, StructuredTool
from langgraph_agentic_diffusion import Background, ToolFeedback
from typing_extensions import override

from langchain_agentic_diffusion.callbacks import OutcomeCallbackHandler
from langchain_agentic_diffusion.middleware import OutcomeFeedbackMiddleware
from langchain_agentic_diffusion.testing import ScriptedChatModel


@final
@dataclass
class Tally:
    """A learner that counts what it is told."""

    outcomes: list[Outcome[Any, Any]] = field(default_factory=list)

    def learn(self, outcome: Outcome[Any, Any]) -> None:
        """Keep the outcome."""
        self.outcomes.append(outcome)


@final
class PassOn(AgentMiddleware[Any, Any, Any]):
    """A middleware that does nothing: what the framework itself charges for one."""

    @override
    def wrap_tool_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
        """Pass on."""
        return handler(request)


@final
@dataclass(frozen=True)
class Sample:
    """What one repetition of one way of watching took for each call.

    Args:
        name: `ours`, or the baseline.
        how: What was watched.
        overhead_ms: Wall-clock time beyond the same calls unwatched; for the baseline itself its whole time.
        cpu_ms: The same in processor time of all threads.
        p50_ms: The median of single calls, where they were timed one by one; other work on the machine moves it least.
        p95_ms: The slowest twentieth of them.
        told: Outcomes that the learner was told.
    """

    name: str
    how: str
    overhead_ms: float
    cpu_ms: float
    p50_ms: float | None
    p95_ms: float | None
    told: int


def repeat(*, seeds: int = 5, calls: int = 200) -> Iterator[Sample]:
    """Yield the samples of every repetition; watched and unwatched calls take turns.

    Args:
        seeds: Repetitions.
        calls: Calls of a tool in each.
    """
    list(_hook(20)), list(_agents(20, 0))  # the first calls of everything are slower
    for seed in range(seeds):
        yield from _hook(calls)
        yield from _callbacks(calls)
        yield from _agents(calls, seed)


def _hook(calls: int) -> Iterator[Sample]:
    """The hook alone: what `ToolNode` and `create_agent` call for each call."""
    tally = Tally()
    with Background(tally) as learner:
        feedback = ToolFeedback(learner)
        requests = [_request(number) for number in range(calls)]
        yield _turns(
            "the hook alone",
            [lambda n: _answer(requests[n]), lambda n: feedback.wrap_tool_call(requests[n], _answer)],
            calls,
            learner,
            tally,
        )


def _callbacks(calls: int) -> Iterator[Sample]:
    """A tool alone, with and without the callback handler."""
    tally, tool = Tally(), _add()
    with Background(tally) as learner:
        config: Any = {"callbacks": [OutcomeCallbackHandler(ToolFeedback(learner))]}
        yield _turns(
            "the callback handler",
            [lambda n: tool.invoke({"a": n, "b": 1}), lambda n: tool.invoke({"a": n, "b": 1}, config)],
            calls,
            learner,
            tally,
        )


def _turns(
    how: str, ways: list[Callable[[int], Any]], calls: int, learner: Background[Any, Any], tally: Tally
) -> Sample:
    """Time every call alone, unwatched and watched in turns."""
    took: tuple[list[float], list[float]] = ([], [])
    cpu = [0.0, 0.0]
    for number in range(calls):
        for side, way in enumerate(ways):
            began, processor = time.perf_counter(), time.process_time()
            way(number)
            took[side].append(time.perf_counter() - began)
            cpu[side] += time.process_time() - processor
    learner.flush()
    over = [1000 * (watched - bare) for bare, watched in zip(*took, strict=True)]
    processor_ms = 1000 * (cpu[1] - cpu[0]) / calls
    told = len(tally.outcomes)
    return Sample("ours", how, sum(over) / calls, processor_ms, median(over), quantiles(over, n=20)[-1], told)


def _agents(calls: int, seed: int) -> Iterator[Sample]:
    """Whole agents, each with every call of one message; the order of the three changes with the seed."""
    tally = Tally()
    learner = Background(tally)
    kinds: dict[str, list[Any]] = {
        "no middleware": [],
        "empty middleware": [PassOn()],
        "ours": [OutcomeFeedbackMiddleware(ToolFeedback(learner))],
    }
    order = list(kinds)
    took = {}
    for name in order[seed % 3 :] + order[: seed % 3]:
        took[name] = _agent(kinds[name], calls)
        learner.flush()
    learner.close()
    base = took["no middleware"]
    for name in order:
        less = (0.0, 0.0) if name == "no middleware" else base
        wall, cpu = (1000 * (took[name][n] - less[n]) / calls for n in (0, 1))
        yield Sample(name, "an agent", wall, cpu, None, None, len(tally.outcomes) if name == "ours" else 0)


def _agent(middleware: list[Any], calls: int) -> tuple[float, float]:
    script: list[Any] = [
        AIMessage(
            "", tool_calls=[{"name": "add", "args": {"a": n, "b": 1}, "id": f"c{n}"} for n in range(calls)]
        ),
        "done",
    ]
    agent = create_agent(ScriptedChatModel(script=script), [_add()], middleware=middleware)
    asked: Any = {"messages": [HumanMessage("add")]}
    began, processor = time.perf_counter(), time.process_time()
    agent.invoke(asked, {"max_concurrency": 1})
    return time.perf_counter() - began, time.process_time() - processor


def _request(number: int) -> Any:
    call = {
        "name": "add",
        "args": {"a": number, "b": 1, "note": "x" * 200},
        "id": f"c{number}",
        "type": "tool_call",
    }
    info = SimpleNamespace(thread_id="thread", task_id="task")
    state = {"messages": [HumanMessage("hello")] * 20}
    return SimpleNamespace(tool_call=call, state=state, runtime=SimpleNamespace(execution_info=info))


def _answer(request: Any) -> ToolMessage:
    return ToolMessage("3", tool_call_id=request.tool_call["id"])


def _add() -> BaseTool:
    return StructuredTool.from_function(lambda a, b: a + b, name="add", description="Add.", args_schema=_PAIR)


_PAIR = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}
