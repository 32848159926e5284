"""Spreading over Ray: plans of one generation tried by the workers of a cluster, with the result of one process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Outcome, Plan

from agentic_diffusion_evolve.crew import connect, ray_or_how_to_get_it
from agentic_diffusion_evolve.spread import dead
from agentic_diffusion_evolve.world import World

Q = TypeVar("Q")
V = TypeVar("V")


@final
class Rayed(Generic[Q, V]):
    """A world whose plans are tried by Ray tasks; results come in the order of the plans.

    It keeps `Spread`'s promises on a cluster: the result does not depend on who tries what. Where no cluster was
    connected (`ray.init`), one is started on this machine with so many workers. Needs the extra `ray`.

    Args:
        world: Tries one plan; the workers must be able to import it.
        workers: Plans that are tried at once.
        retries: How often a plan whose worker died is tried again.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, world: World[Q, V], *, workers: int = 2, retries: int = 1) -> None:
        if workers < 1 or retries < 0:
            raise InvalidConfigError(
                f"Rayed(workers={workers}, retries={retries})",
                "at least one worker and no negative retries",
                "As many workers as the cluster has cores is a fair start.",
            )
        self._ray: Any = ray_or_how_to_get_it()
        self.world, self.workers, self.retries = world, workers, retries
        connect(self._ray, cpus=workers)
        task = self._ray.remote(num_cpus=1, max_retries=retries)(_try)
        world_at = self._ray.put(world)
        self._send: Callable[[Any], Any] = lambda plan: task.remote(world_at, plan)

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
        waiting: deque[tuple[Plan[Q, V], Any]] = deque()
        for plan in plans:
            waiting.append((plan, self._send(plan)))
            if len(waiting) >= 4 * self.workers:
                yield self._told(*waiting.popleft())
        while waiting:
            yield self._told(*waiting.popleft())

    def _told(self, plan: Plan[Q, V], reference: Any) -> Sequence[Outcome[Q, V]]:
        try:
            outcomes: Sequence[Outcome[Q, V]] = self._ray.get(reference)
        except self._ray.exceptions.WorkerCrashedError as error:
            raise dead(self.retries + 1, plan) from error
        except self._ray.exceptions.RayTaskError as error:
            raise error.cause from error  # what the world raised
        return outcomes


def _try(world: World[Any, Any], plan: Plan[Any, Any]) -> Sequence[Outcome[Any, Any]]:
    return world(plan)
