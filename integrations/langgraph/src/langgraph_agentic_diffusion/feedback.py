"""Feedback: every call of a tool becomes an outcome that a learner is told, at once and without harm to the run."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar, final
from uuid import uuid4

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.records import Verdict
from langgraph.errors import GraphBubbleUp
from pydantic import JsonValue

from langgraph_agentic_diffusion.runs import current_run
from langgraph_agentic_diffusion.telling import RECENT, keep, outcome_of, words_of
from langgraph_agentic_diffusion.uses import (
    Attribute,
    Call,
    Granularity,
    Judge,
    StepOf,
    ToolUse,
    asked_in,
    by_status,
    miscalled,
    which_step,
)

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns

R = TypeVar("R")

UNSURE: Final = 0.5
"""How far success is believed where an error that a tool handled would look the same."""

log = logging.getLogger(__name__)


@final
@dataclass(eq=False)
class ToolFeedback:
    """Watches calls of tools and tells a learner what became of each.

    Give `wrap_tool_call` and `awrap_tool_call` to `ToolNode`, or the whole object to the middleware or the callback
    handler of `langchain-agentic-diffusion`. Nothing here ever breaks a run: what goes wrong in judging or telling is
    logged, what the tool raised is raised again. An interrupt of the graph is no outcome, nor is a call with wrong
    arguments, which never reached its tool. Outcomes are named by thread, message, call and attempt, so that a call
    which is replayed after a crash counts once.

    Args:
        sink: Is told. It should return at once: wrap a slow one in `Background`.
        judge: Gives reward and evidence; called within the call of the tool, so it should be quick.
        attribute: Finds the step that a call carries out.
        granularity: `call` for one outcome of each call, where retries happen inside of what is watched; `attempt`
            for one of each try, where they happen outside.
        source: Who says so, where `judge` does.
        trust: How far that is believed, in [0, 1].
        plain: Whether arguments and error messages are told in the clear; otherwise arguments are hashed.
        salt: Mixed into the hash, so that short arguments cannot be guessed from it; at most 64 bytes.
        limit: Characters of arguments or of an error message that are told at most.
        planner: The version of the planner, where the attribution does not say it.
    """

    sink: Learns[Any, Any]
    _: KW_ONLY
    judge: Judge = by_status
    attribute: Attribute = which_step
    granularity: Granularity = "call"
    source: str = "tool"
    trust: float = 1.0
    plain: bool = False
    salt: bytes = field(default=b"", repr=False)
    limit: int = 2000
    planner: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)
    _tries: OrderedDict[tuple[str, str | None, str], int] = field(
        default_factory=OrderedDict, init=False, repr=False
    )
    _told: OrderedDict[tuple[str | None, str], Call] = field(
        default_factory=OrderedDict, init=False, repr=False
    )
    _steps: OrderedDict[str, StepOf] = field(default_factory=OrderedDict, init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.trust <= 1 or self.limit < 0 or len(self.salt) > 64 or not self.source:
            raise InvalidConfigError(
                f"ToolFeedback(trust={self.trust}, limit={self.limit}, source={self.source!r}, "
                f"salt of {len(self.salt)} bytes)",
                "trust in [0, 1], limit >= 0, a source, and at most 64 bytes of salt",
                "The defaults are 1.0, 2000, 'tool' and no salt.",
            )

    def wrap_tool_call(self, request: Any, execute: Callable[[Any], R]) -> R:
        """Carry out a call and tell what became of it.

        Args:
            request: LangGraph's `ToolCallRequest`.
            execute: Carries it out.
        """
        call = self._begin_request(request)
        try:
            result = execute(request)
        except GraphBubbleUp:
            self.forget(call)
            raise
        except Exception as error:
            self.end(call, error)
            raise
        except BaseException:  # cancelled from outside, which says nothing of the tool
            self.forget(call)
            raise
        self.end(call, result)
        return result

    async def awrap_tool_call(self, request: Any, execute: Callable[[Any], Awaitable[R]]) -> R:
        """Carry out a call in the loop and tell what became of it.

        Args:
            request: LangGraph's `ToolCallRequest`.
            execute: Carries it out.
        """
        call = self._begin_request(request)
        try:
            result = await execute(request)
        except GraphBubbleUp:
            self.forget(call)
            raise
        except Exception as error:
            self.end(call, error)
            raise
        except BaseException:  # cancelled from outside, which says nothing of the tool
            self.forget(call)
            raise
        self.end(call, result)
        return result

    def expect(self, call: str, step: StepOf) -> None:
        """Say beforehand which step the call with this id carries out; asked before `attribute`."""
        with self._lock:
            keep(self._steps, call, step)

    def begin(
        self,
        call: Mapping[str, Any],
        state: Any = None,
        *,
        thread: str | None = None,
        scope: str | None = None,
    ) -> Call | None:
        """Note that a call begins; None where that failed, which is logged.

        Args:
            call: Its `name`, `args` and `id`.
            state: The state of the graph, for the attribution.
            thread: The conversation.
            scope: Tells equal ids of calls apart where there is no thread, such as the id of a task; each call is a
                first attempt where it is left out too.
        """
        try:
            return self._begin(call, state, thread=thread, scope=thread or scope or uuid4().hex)
        except Exception:  # feedback never breaks the run
            log.exception("a call of a tool is not watched")
            return None

    def end(self, call: Call | None, result: Any, *, sure: bool = True) -> None:
        """Tell what became of a call: its result, or the exception it raised.

        Args:
            call: What `begin` returned.
            result: What came back.
            sure: Whether an error would have been seen; otherwise half of the trust is told, and `unsure` as evidence.
        """
        if call is None:
            return
        try:
            if miscalled(result):
                self.forget(call)
                return
            seconds = time.perf_counter() - call.began
            verdict, doubts = self._judged(call.use, result)
            evidence = {**call.evidence, **verdict.evidence, **doubts, "seconds": round(seconds, 6)}
            trust = self.trust if sure else UNSURE * self.trust
            if not sure:
                evidence["unsure"] = "an error that the tool handled would look the same"
            evidence["passed"] = verdict.passed
            if self.plain and isinstance(result, BaseException):
                evidence["message"] = str(result)[: self.limit]
            self._tell(call, reward=verdict.score, evidence=evidence, source=self.source, trust=trust)
            with self._lock:
                keep(self._told, (call.use.thread, call.use.call), call)
        except Exception:  # feedback never breaks the run
            log.exception("an outcome of the tool %s was not told", call.use.tool)

    def forget(self, call: Call | None) -> None:
        """Take back that a call began: it was interrupted, and begins again when the graph goes on."""
        if call is not None:
            with self._lock:
                keep(self._tries, (call.scope, call.use.message, call.use.call), call.use.attempt - 1)

    def report(
        self,
        call: str,
        reward: float,
        *,
        source: str,
        trust: float,
        thread: str | None = None,
        evidence: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Tell what a person, a test or the world said about a call later; the earlier outcome stands beside it.

        Args:
            call: The id of the call.
            reward: How well it went.
            source: Who says so.
            trust: How far that is believed, in [0, 1].
            thread: The conversation.
            evidence: Plain facts.

        Raises:
            InvalidStateError: No such call ended lately.
        """
        with self._lock:
            told = self._told.get((thread, call))
        if told is None:
            raise InvalidStateError(
                f"a reward for the call {call!r} of thread {thread!r}",
                f"one of the last {RECENT} calls that ended",
                "Report with the id and the thread that the outcome of the call carries.",
            )
        self._tell(told, reward=reward, evidence=dict(evidence or {}), source=source, trust=trust)

    def _begin_request(self, request: Any) -> Call | None:
        info = getattr(request.runtime, "execution_info", None)
        return self.begin(
            request.tool_call,
            request.state,
            thread=getattr(info, "thread_id", None),
            scope=getattr(info, "task_id", None),
        )

    def _begin(self, call: Mapping[str, Any], state: Any, *, thread: str | None, scope: str) -> Call:
        name = str(call.get("name"))[:200]
        digest, arguments, evidence = words_of(call, salt=self.salt, limit=self.limit if self.plain else None)
        key = str(call.get("id") or digest)[:200]
        step, message = self._step(key, state, call), asked_in(state, call)
        with self._lock:
            attempt = self._tries.get((scope, message, key), 0) + 1
            keep(self._tries, (scope, message, key), attempt)
        use = ToolUse(
            tool=name,
            call=key,
            attempt=attempt,
            thread=thread,
            run=current_run() if thread is None else None,
            message=message,
            digest=digest,
            arguments=arguments,
            of=step,
        )
        return Call(use, scope, time.perf_counter(), evidence)

    def _step(self, key: str, state: Any, call: Mapping[str, Any]) -> StepOf | None:
        with self._lock:
            expected = self._steps.get(key)
        if expected is not None:
            return expected
        try:
            return self.attribute(state, call)
        except Exception:  # a call without a step is still worth telling
            log.exception("no step was found for a call of %s", call.get("name"))
            return None

    def _judged(self, use: ToolUse, result: Any) -> tuple[Verdict, dict[str, JsonValue]]:
        try:
            return self.judge(use, result), {}
        except Exception as error:  # the status is known, whatever the judge does
            log.exception("the judge failed on the tool %s; its status is told instead", use.tool)
            return by_status(use, result), {"judge_failed": type(error).__name__}

    def _tell(
        self, call: Call, *, reward: float, evidence: dict[str, JsonValue], source: str, trust: float
    ) -> None:
        use = call.use
        if self.granularity == "call" and use.attempt > 1 and source == self.source:
            log.warning(
                "the call %s of %s was tried again; only its first outcome counts: use granularity='attempt', "
                "or watch from outside of the retries",
                use.call,
                use.tool,
            )
        said = {"reward": reward, "evidence": evidence, "source": source, "trust": trust}
        self.sink.learn(outcome_of(call, said, each=self.granularity, planner=self.planner))
