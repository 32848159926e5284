"""A crew of Ray actors that do one kind of work: results in the order asked for, and the dead replaced."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, final

from agentic_diffusion.errors import InvalidConfigError, MissingExtraError, WorkerError

log = logging.getLogger(__name__)

AHEAD = 4
"""Pieces of work that wait for each actor, so that whoever makes them does not run far ahead."""

PATIENCE = 600.0
"""Seconds that actors may take to start anew and answer, after one died."""


@final
@dataclass(frozen=True)
class Role:
    """How much of a cluster one part of evolution gets.

    Args:
        actors: How many work at once.
        cpus: Cores of each.
        gpus: GPUs of each; a share such as 0.5 lets two actors use one.
    """

    actors: int = 1
    cpus: float = 1.0
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.actors < 1 or min(self.cpus, self.gpus) < 0:
            raise InvalidConfigError(
                repr(self), "at least one actor, and no negative share of a machine", "Role() is one core."
            )


def ray_or_how_to_get_it() -> Any:
    """Return the module `ray`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return import_module("ray")
    except ImportError as error:
        raise MissingExtraError(
            "no ray", "the package ray", "Install it: uv add 'agentic-diffusion-evolve[ray]'."
        ) from error


def connect(ray: Any, *, cpus: float) -> None:
    """Start a cluster on this machine unless one was connected (`ray.init`)."""
    if not ray.is_initialized():
        ray.init(num_cpus=max(1, round(cpus)), include_dashboard=False, log_to_driver=False)


@final
class Crew:
    """Actors that are alike; each piece of work goes to the one with the least to do.

    Ray starts an actor anew when its process dies. What it had not finished is sent again once it answers: Ray's own
    second try comes so soon that it may meet the same death. What ends with its actor `retries` + 1 times is an error.

    Args:
        ray: The module.
        body: The class of the actors; its method `work` does the work, and `alive` returns at once.
        parts: What each actor is made of.
        role: How many there are, and what each gets.
        retries: How often work whose actor died is done again.
    """

    def __init__(
        self, ray: Any, body: type[Any], *, parts: tuple[Any, ...], role: Role, retries: int = 1
    ) -> None:
        self._ray, self.role, self.retries = ray, role, retries
        kind = ray.remote(num_cpus=role.cpus, num_gpus=role.gpus, max_restarts=-1, max_task_retries=0)(body)
        self._actors = [kind.remote(*parts) for _ in range(role.actors)]
        self._open: list[list[Any]] = [[] for _ in self._actors]

    def each(self, asks: Iterable[tuple[Any, ...]], *, what: Callable[[int], str]) -> Iterator[Any]:
        """Do all and yield the results in order; asks are made while others are worked on.

        Args:
            asks: The arguments of `work`.
            what: Names a piece of work by its number, for the error.

        Raises:
            WorkerError: Actors died and died again, or did not answer afterwards.
            Exception: What the work itself raised.
        """
        waiting: deque[tuple[int, tuple[Any, ...], Any]] = deque()
        for number, words in enumerate(asks):
            waiting.append((number, words, self._send(words)))
            if len(waiting) >= AHEAD * self.role.actors:
                yield self._told(*waiting.popleft(), what=what)
        while waiting:
            yield self._told(*waiting.popleft(), what=what)

    def one(self, words: tuple[Any, ...], *, what: str) -> Any:
        """Do one piece of work."""
        (told,) = self.each([words], what=lambda number: what)
        return told

    def _send(self, words: tuple[Any, ...]) -> Any:
        for index, sent in enumerate(self._open):
            if sent:
                self._open[index] = self._ray.wait(sent, num_returns=len(sent), timeout=0)[1]
        least = min(range(len(self._actors)), key=lambda index: len(self._open[index]))
        reference = self._actors[least].work.remote(*words)
        self._open[least].append(reference)
        return reference

    def _told(
        self, number: int, words: tuple[Any, ...], reference: Any, *, what: Callable[[int], str]
    ) -> Any:
        deaths = 0
        while True:
            try:
                return self._ray.get(reference)
            except (self._ray.exceptions.RayActorError, self._ray.exceptions.WorkerCrashedError) as error:
                deaths += 1
                if deaths > self.retries:
                    raise WorkerError(
                        f"actors that died {deaths} times, the last time with {what(number)}",
                        "actors that live until the work is done",
                        "Do this piece of work in one process to see why, or grant each actor more memory.",
                    ) from error
                self._wait_for_answers(what(number))
                log.warning("an actor died; %s is done again", what(number))
                reference = self._send(words)
            except self._ray.exceptions.RayTaskError as error:
                raise error.cause from error  # what the work raised

    def _wait_for_answers(self, piece: str) -> None:
        """Wait until all actors answer.

        Raises:
            WorkerError: One did not in all that time, because it keeps dying or because it hangs.
        """
        end, lost = time.monotonic() + PATIENCE, self._ray.exceptions
        for actor in self._actors:
            while True:
                try:
                    self._ray.get(actor.alive.remote(), timeout=max(0.0, end - time.monotonic()))
                    break
                except (lost.RayActorError, lost.GetTimeoutError) as error:
                    if time.monotonic() >= end:
                        raise WorkerError(
                            f"an actor that did not answer within {PATIENCE:g} s after one died with {piece}",
                            "actors that start anew and answer",
                            "See `ray status`: the cluster may have no room for it, or it hangs where it is made.",
                        ) from error
                    time.sleep(0.2)

    def close(self) -> None:
        """End the actors."""
        while self._actors:
            self._ray.kill(self._actors.pop())
            self._open.pop()
