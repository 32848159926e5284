"""Ray's names with tasks and actors that run in this process, so that our side is checked where Ray is missing."""

from __future__ import annotations

import types
from typing import Any


class WorkerCrashedError(Exception):
    """A task's process died."""


class RayActorError(Exception):
    """An actor's process died."""


class GetTimeoutError(Exception):
    """An answer did not come in time."""


class RayTaskError(Exception):
    """What a task or an actor raised."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


def imitation(deadly: Any = lambda words: False) -> types.ModuleType:
    """Return a module that stands for `ray`.

    Args:
        deadly: Whether the words of a piece of work kill who does it.
    """
    ray = types.ModuleType("ray")
    started: list[dict[str, Any]] = []
    killed: list[Any] = []
    exceptions = types.SimpleNamespace(
        WorkerCrashedError=WorkerCrashedError,
        RayTaskError=RayTaskError,
        RayActorError=RayActorError,
        GetTimeoutError=GetTimeoutError,
    )

    def call(work: Any, death: type[Exception]) -> Any:
        def remote(*words: Any) -> tuple[Any, Any, Any]:
            return work, words, death

        return types.SimpleNamespace(remote=remote)

    def remote(**settings: Any) -> Any:
        def made(body: Any) -> Any:
            if not isinstance(body, type):
                return call(body, WorkerCrashedError)

            def born(*parts: Any) -> Any:
                actor = body(*parts)
                methods = {name: call(getattr(actor, name), RayActorError) for name in ("work", "alive")}
                return types.SimpleNamespace(**methods, settings=settings, body=body)

            return types.SimpleNamespace(remote=born)

        return made

    def get(reference: Any, *, timeout: float | None = None) -> Any:
        if not isinstance(reference, tuple):
            return reference
        work, words, death = reference
        if deadly(words):
            raise death
        try:
            return work(*words)
        except (WorkerCrashedError, RayActorError):
            raise
        except Exception as error:
            raise RayTaskError(error) from error

    facts: dict[str, Any] = {
        "exceptions": exceptions,
        "started": started,
        "killed": killed,
        "is_initialized": lambda: bool(started),
        "init": lambda **settings: started.append(settings),
        "put": lambda value: value,
        "remote": remote,
        "get": get,
        "wait": lambda sent, *, num_returns, timeout: (sent, []),
        "kill": killed.append,
    }
    vars(ray).update(facts)
    return ray
