"""Killed Ray actors: evolution over a cluster must come to what it comes to in one process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

import torch
from agentic_diffusion.denoising.denoiser import RecallTrajectories
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.select import first
from agentic_diffusion.planning.verify import accept
from agentic_diffusion.records import Outcome, Plan
from agentic_diffusion_evolve import Gate, ListMemory, Pipeline, Role, evolve
from agentic_diffusion_evolve.crew import ray_or_how_to_get_it
from agentic_diffusion_evolve.explore import once

from agentic_diffusion_cli.drill import ONE_THREAD
from agentic_diffusion_cli.faults import Trial

PARTS = ("generator", "verifier", "tuner", "judge")
REQUEST = Reach(start=(0.0,), goal=(1.0,))
MOMENTS = 8
SMALL = Role(1, cpus=0.25)


@final
@dataclass(frozen=True)
class Mortal:
    """Does what another does; the first call that finds a file of its name kills its process.

    Args:
        body: What does the work.
        order: The file.
    """

    body: Callable[..., Any]
    order: Path

    def __call__(self, *words: Any, seed: int | None = None) -> Any:
        """Do the work, or die."""
        try:
            self.order.unlink()
        except FileNotFoundError:
            return self.body(*words) if seed is None else self.body(*words, seed=seed)
        os.kill(os.getpid(), signal.SIGKILL)
        return None


def height(plan: Plan[Any, Any]) -> Sequence[Outcome[Any, Any]]:
    """Reward a plan for its height in the middle."""
    value = plan.chosen.value
    return [Outcome(request=plan.request, value=value, reward=value.states[MOMENTS // 2][0])]


def remember(planner: Any, memory: Any) -> Any:
    """Return a planner that knows the two best plans only."""
    kept = sorted(memory, key=lambda outcome: outcome.reward)[-2:]
    states = planner.domain.encode([outcome.value for outcome in kept])
    return replace(planner, denoiser=RecallTrajectories(states, planner.process.schedule))


def planner_of(seed: int) -> Planner[Any, Any, Any, Any]:
    """Return a planner that knows twelve arcs."""
    time = torch.linspace(0, 1, MOMENTS)
    heights = 2 * torch.rand(12, 1, generator=generator(seed)) - 1
    arcs = (time + heights * time * (1 - time))[..., None]
    domain = Trajectories(MOMENTS, Limits((-1.0,), (2.0,)), state_dim=1, seconds=0.1, tolerance=0.1)
    process = GaussianProcess(Cosine())
    return Planner(
        domain=domain,
        process=process,
        denoiser=RecallTrajectories(domain.limits.shrink(arcs), process.schedule),
        verify=accept,
        select=first,
        steps=4,
        count=1,
        compute=ONE_THREAD,
    )


def evolved(seed: int, parts: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return what two generations came to, but for the time they took."""
    run = evolve(planner_of(seed), lambda number: [REQUEST] * 6, memory=ListMemory(), rounds=2, **parts)
    return [(told.promoted, told.verdict, told.outcomes, told.reward) for told, _ in run]


@contextmanager
def cluster(folder: Path) -> Iterator[Callable[[int, Path], Trial]]:
    """Start a pipeline on a local cluster; yields the trial that kills one of its actors.

    Args:
        folder: Where the orders to die are put.

    Raises:
        MissingExtraError: Ray is not installed.
    """
    ray = ray_or_how_to_get_it()
    orders = {part: folder / f"kill-{part}" for part in PARTS}
    gate: Gate[Any, Any] = Gate([REQUEST], height, seeds=range(1000, 1006), margin=0.05)
    try:
        with Pipeline(
            Mortal(height, orders["verifier"]),
            tune=Mortal(remember, orders["tuner"]),
            gate=replace(gate, world=Mortal(height, orders["judge"])),
            explore=Mortal(once, orders["generator"]),
            generators=SMALL,
            verifiers=SMALL,
            tuner=SMALL,
            judges=SMALL,
        ) as pipeline:
            parts = {name: getattr(pipeline, name) for name in ("world", "tune", "gate", "explore")}

            def trial(seed: int, place: Path) -> Trial:
                order = orders[PARTS[seed % len(PARTS)]]
                order.touch()
                told = evolved(seed, parts)
                alone = evolved(seed, {"world": height, "tune": remember, "gate": gate})
                why = "" if told == alone else f"{told} instead of {alone}"
                if order.exists():
                    why = f"nobody was killed by {order.name}"
                return Trial(not why, f"{order.name.removeprefix('kill-')} killed, the run was finished", why)

            yield trial
    finally:
        ray.shutdown()
