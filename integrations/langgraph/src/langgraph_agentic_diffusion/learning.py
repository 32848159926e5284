"""Learning from uses of tools: in a thread of its own, and as outcomes of the whole plans that they carried out."""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import Outcome
from pydantic import JsonValue

from langgraph_agentic_diffusion.runs import current_run
from langgraph_agentic_diffusion.uses import ToolUse

if TYPE_CHECKING:
    from agentic_diffusion.planning.planner import Learns

Q = TypeVar("Q")
V = TypeVar("V")
Queue: TypeAlias = "queue.Queue[Outcome[Any, Any] | None]"

log = logging.getLogger(__name__)


@final
class Background(Generic[Q, V]):
    """A learner in a thread of its own: telling it costs microseconds, and what it raises is logged.

    Where outcomes come faster than they are learnt, the newest are dropped and counted in `dropped`. What is still
    waiting when the program ends is learnt first, for five seconds at most.

    Args:
        learns: Does the learning.
        room: Outcomes that may wait.
    """

    def __init__(self, learns: Learns[Q, V], *, room: int = 10_000) -> None:
        given: object = learns
        if isinstance(given, PlanOutcomes):
            raise InvalidConfigError(
                "Background(PlanOutcomes(learner, shelf))",
                "PlanOutcomes(Background(learner), shelf): plans are settled when a turn is over, which must not "
                "overtake the uses that wait in the thread",
                "Put only the learner of plans in the background; to gather the steps takes no time.",
            )
        if room < 1:
            raise InvalidConfigError(
                f"room={room}", "room for at least one outcome", "Leave it out for 10,000."
            )
        self.dropped = 0
        self._waiting: Queue = queue.Queue(room)
        thread = threading.Thread(
            target=_work, args=(learns, self._waiting), name="agentic-diffusion-feedback", daemon=True
        )
        thread.start()
        self._end = weakref.finalize(self, _end, self._waiting, thread)

    def learn(self, outcome: Outcome[Q, V]) -> None:
        """Take in an outcome; returns at once."""
        try:
            if not self._end.alive:
                raise queue.Full
            self._waiting.put_nowait(outcome)
        except queue.Full:
            self.dropped += 1
            if self.dropped == 1:
                log.warning("an outcome was dropped: learning is slower than acting, or it was closed")

    def flush(self, *, seconds: float = 60.0) -> bool:
        """Wait until all is learnt that was told so far; returns False where that took longer than `seconds`."""
        with self._waiting.all_tasks_done:
            return self._waiting.all_tasks_done.wait_for(lambda: not self._waiting.unfinished_tasks, seconds)

    def close(self) -> None:
        """Learn what is waiting and end the thread."""
        self._end()

    def __enter__(self) -> Background[Q, V]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _work(learns: Learns[Any, Any], waiting: Queue) -> None:
    while (outcome := waiting.get()) is not None:
        try:
            learns.learn(outcome)
        except Exception:  # the next outcome may be better
            log.exception("an outcome was not learnt")
        finally:
            waiting.task_done()
    waiting.task_done()


def _end(waiting: Queue, thread: threading.Thread) -> None:
    try:
        waiting.put(None, timeout=5.0)
    except queue.Full:
        log.warning("the learner does not come to an end; what waits is lost")
    thread.join(5.0)


def places(value: Any) -> range:
    """Return the places of the steps that were still to be made, of a plan that keeps them in `steps`."""
    return range(getattr(value, "done", 0), len(value.steps))


Key: TypeAlias = tuple[str | None, str | None, str]
"""The conversation, the run where there is none, and the id of a plan."""

Tried: TypeAlias = "dict[int, Outcome[Any, ToolUse]]"
"""What became of each step that was tried, by its place."""


@final
@dataclass(eq=False)
class PlanOutcomes(Generic[Q, V]):
    """Gathers what became of the steps of a plan, and tells a learner of whole plans once all were tried.

    It is a learner of `ToolUse` itself: give it to `ToolFeedback`. Uses that carry out no known plan pass by. Where
    a plan is not carried out to its end, `settle` tells what there is: a step that was not tried counts nothing.

    What comes after a plan was told adds to it: a later word on one of its calls is told at once, as another outcome
    of the whole plan, and a step that was not made or had failed opens it again. A step that had gone well is the
    first of another time that the plan is carried out.

    Args:
        sink: Learns whole plans, such as an evolver.
        shelf: Where the plans are.
        steps: The places of the steps that a value wants made.
        also: A learner that is told of every use besides.
        source: Who says so.
        room: Plans that may be open at once; beyond it the oldest is settled. As many that were told are remembered.
    """

    sink: Learns[Q, V]
    shelf: PlanShelf[Q, V]
    _: KW_ONLY
    steps: Callable[[Any], Sequence[int]] = places
    also: Learns[Any, ToolUse] | None = None
    source: str = "tools"
    room: int = 1000
    _open: OrderedDict[Key, Tried] = field(default_factory=OrderedDict, init=False, repr=False)
    _told: OrderedDict[Key, Tried] = field(default_factory=OrderedDict, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def learn(self, outcome: Outcome[Any, ToolUse]) -> None:
        """Take in what became of one use; a later attempt at the same step takes the place of an earlier one."""
        if self.also is not None:
            self.also.learn(outcome)
        step = outcome.value.of
        plan = self.shelf.get(step.plan) if step else None
        if step is None or plan is None:
            return
        key = (outcome.value.thread, outcome.value.run, step.plan)
        with self._lock:
            tried, late = self._tried(key, step.step, outcome)
            tried[step.step] = outcome
            oldest = next(iter(self._open)) if len(self._open) > self.room else None
            whole = set(tried) >= set(self.steps(plan.chosen.value))
            over = late or (whole and all(_passed(each) for each in tried.values()))
        if over:
            self._settle(key)
        if oldest is not None:
            self._settle(oldest)

    def _tried(self, key: Key, step: int, outcome: Outcome[Any, ToolUse]) -> tuple[Tried, bool]:
        """Open a plan if it is not; return what was tried of it, and whether this is a later word on a told call."""
        if key in self._open:
            return self._open[key], False
        told = self._told.pop(key, {})
        before = told.get(step)
        late = before is not None and before.value == outcome.value
        again = before is not None and not late and _passed(before)
        return self._open.setdefault(key, {} if again else dict(told)), late

    def settle(self, *, thread: str | None = None) -> None:
        """Tell of the plans of a thread that were begun and not ended: a run failed, or another plan was made.

        Without a thread these are the plans of the run that is going on; outside of any run, all without a thread.
        """
        run = current_run() if thread is None else None
        with self._lock:
            keys = [key for key in self._open if key[0] == thread and (run is None or key[1] == run)]
        for key in keys:
            self._settle(key)

    def _settle(self, key: Key) -> None:
        with self._lock:
            tried = self._open.pop(key, None)
            if tried is not None:
                self._told[key] = tried
                if len(self._told) > self.room:
                    self._told.popitem(last=False)
        plan = self.shelf.get(key[2])
        if tried is None or plan is None:
            return
        steps: list[Mapping[str, JsonValue]] = [
            {
                "step": step,
                "tool": use.value.tool,
                "reward": use.reward,
                "attempt": use.value.attempt,
                "trust": use.trust,
                "source": use.source,
                "outcome": use.id,
            }
            for step, use in sorted(tried.items())
        ]
        of = len(set(self.steps(plan.chosen.value)) | set(tried))
        said: dict[str, JsonValue] = {
            "plan": key[2],
            "tried": len(tried),
            "of": of,
            "steps": list(map(dict, steps)),
        }
        self.sink.learn(
            Outcome[Any, Any](
                id=_name(key, tried),
                request=plan.request,
                value=plan.chosen.value,
                reward=sum(use.reward for use in tried.values()) / of,
                evidence=said,
                source=self.source,
                trust=min(use.trust for use in tried.values()),
                plan_seed=plan.seed,
                planner=next((use.planner for use in tried.values() if use.planner), None),
            )
        )


def _passed(use: Outcome[Any, ToolUse]) -> bool:
    return use.evidence.get("passed") is not False


def _name(key: Key, tried: Tried) -> str:
    """Name the outcome of a plan by the outcomes of its steps, so that it counts once."""
    said = json.dumps([key[0], key[2], *sorted(use.id for use in tried.values())])
    return hashlib.blake2b(said.encode(), digest_size=16).hexdigest()
