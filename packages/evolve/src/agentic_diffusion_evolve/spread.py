"""Spreading: plans of one generation tried in several processes, with the result of one."""

from __future__ import annotations

import logging
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.context import BaseContext
from multiprocessing.reduction import ForkingPickler
from types import TracebackType
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError, WorkerError
from agentic_diffusion.records import Outcome, Plan

from agentic_diffusion_evolve.world import World

Q = TypeVar("Q")
V = TypeVar("V")

log = logging.getLogger(__name__)

_adopted: list[Any] = []  # in a worker: the world it was started with


@final
class Spread(Generic[Q, V]):
    """A world whose plans are tried in other processes; results come in the order of the plans.

    The result does not depend on the number of workers or on who ends first, as long as the world's answer depends
    on the plan alone (its `seed` included). What the world raises is raised here. A worker that dies is replaced,
    and what it had not finished is tried again. Workers start with the first plans and live until `close`.

    Args:
        world: Tries one plan; a function of a module or an object that can cross process walls.
        workers: Processes.
        retries: How often dead workers are replaced before it is an error.
        ahead: Plans that wait for each worker, so that planning does not run far ahead.
        context: How processes start; fresh interpreters when left out, for those share no locks with this one.

    Raises:
        InvalidConfigError: The world cannot cross process walls, or there is no worker.
    """

    def __init__(
        self,
        world: World[Q, V],
        *,
        workers: int = 2,
        retries: int = 1,
        ahead: int = 4,
        context: BaseContext | None = None,
    ) -> None:
        if min(workers, ahead) < 1 or retries < 0:
            raise InvalidConfigError(
                f"Spread(workers={workers}, retries={retries}, ahead={ahead})",
                "at least one worker, one plan ahead and no negative retries",
                "As many workers as cores is a fair start.",
            )
        sendable(world)
        self.world, self.workers, self.retries, self.ahead = world, workers, retries, ahead
        self._context = context or multiprocessing.get_context("spawn")
        self._pools: list[ProcessPoolExecutor] = []

    def __call__(self, plan: Plan[Q, V]) -> Sequence[Outcome[Q, V]]:
        """Try one plan, in a worker.

        Raises:
            WorkerError: Workers died and died again.
        """
        (outcomes,) = self.each([plan])
        return outcomes

    def each(self, plans: Iterable[Plan[Q, V]]) -> Iterator[Sequence[Outcome[Q, V]]]:
        """Try all and yield what came of each in the order of the plans; plans are made while others are tried.

        Raises:
            WorkerError: Workers died and died again.
        """
        waiting: deque[tuple[Plan[Q, V], Future[Any]]] = deque()
        source, deaths = iter(plans), 0
        while True:
            for plan in islice(source, self.workers * self.ahead - len(waiting)):
                waiting.append((plan, self._begun(plan)))
            if not waiting:
                return
            try:
                outcomes = waiting[0][1].result()
            except BrokenProcessPool as error:
                deaths += 1
                self.close()
                if deaths > self.retries:
                    raise dead(deaths, waiting[0][0]) from error
                log.warning("a worker died; what was not finished is tried again")
                waiting = deque((p, f if _finished(f) else self._begun(p)) for p, f in waiting)
                continue
            waiting.popleft()
            yield outcomes

    def _begun(self, plan: Plan[Q, V]) -> Future[Any]:
        try:
            return self._pool().submit(_try, plan)
        except BrokenProcessPool as error:  # died before it was asked; said when its turn comes
            future: Future[Any] = Future()
            future.set_exception(error)
            return future

    def _pool(self) -> ProcessPoolExecutor:
        if not self._pools:
            pool = ProcessPoolExecutor(
                self.workers, mp_context=self._context, initializer=_adopt, initargs=(self.world,)
            )
            self._pools.append(pool)
        return self._pools[-1]

    def close(self) -> None:
        """End the workers; the next plan starts new ones."""
        while self._pools:
            self._pools.pop().shutdown(cancel_futures=True)

    def __enter__(self) -> Spread[Q, V]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def sendable(world: World[Any, Any]) -> None:
    """Make sure that a world can cross process walls.

    Raises:
        InvalidConfigError: It cannot.
    """
    try:
        ForkingPickler.dumps(world)
    except Exception as error:
        raise InvalidConfigError(
            f"a world that cannot cross process walls ({error})",
            "a function of a module, or an object made of such and of plain values",
            "Move the function out of the one it stands in, or make a frozen dataclass with __call__.",
        ) from error


def dead(deaths: int, plan: Plan[Any, Any]) -> WorkerError:
    """Return the error that says which plan was waited for when workers died once too often."""
    return WorkerError(
        f"workers that died {deaths} times, the last time while the plan of seed {plan.seed} was waited for",
        "workers that live until the plan is tried",
        "Try this plan in this process to see why, use fewer workers, or grant more memory.",
    )


def _finished(future: Future[Any]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _adopt(world: World[Any, Any]) -> None:
    _adopted[:] = [world]


def _try(plan: Plan[Any, Any]) -> Sequence[Outcome[Any, Any]]:
    told: Sequence[Outcome[Any, Any]] = _adopted[-1](plan)
    return told
