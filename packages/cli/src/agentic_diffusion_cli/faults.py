"""Faults on purpose: processes killed, disks full, memory halved; nothing may be lost and all must be said."""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any, final

import numpy as np
from agentic_diffusion import store
from agentic_diffusion.compute.distributed import Strategy, Team
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.planning.domains.trajectory import Limits, Reach, Trajectories
from agentic_diffusion.planning.planner import Planner
from agentic_diffusion.planning.verify import accept

from agentic_diffusion_cli.drill import ONE_THREAD, Drill, Ended, forked, team_of
from agentic_diffusion_cli.resident import peak, status

STRATEGIES: tuple[Strategy, ...] = ("ddp", "fsdp", "tensor")
PROCESSES = 2


@final
@dataclass(frozen=True)
class Trial:
    """One fault.

    Args:
        held: Whether all that was promised came true.
        said: The error that was raised, or how the run ended.
        why: What did not hold.
    """

    held: bool
    said: str
    why: str = ""


def killed_process(seed: int, folder: Path) -> Trial:
    """Kill one of two processes that train together, and go on with one alone.

    Promised: the other ends with a `WorkerError`, the checkpoint is intact, and the run that goes on from it has the
    losses of one that was never disturbed.
    """
    chance = np.random.default_rng(seed)
    drill = Drill(folder, seed=seed)
    strategy, victim = STRATEGIES[seed % 3], int(chance.integers(PROCESSES))
    at = int(chance.integers(drill.every, drill.steps - 1))
    made = RawValue("i", 0)

    def body(team: Team) -> dict[int, float]:
        def note(step: int) -> None:
            if team.rank == victim:
                made.value = step

        return drill.run(team, watch=note)

    def kill(pids: Sequence[int]) -> None:
        deadline = time.monotonic() + 60
        while made.value < at and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(float(chance.random()) * 0.02)
        os.kill(pids[victim], signal.SIGKILL)

    ends = forked(team_of(PROCESSES, strategy, body), meddle=kill)
    other = ends[1 - victim]
    if ends[victim].code != -signal.SIGKILL:
        return Trial(False, other.error, f"the process ended with {ends[victim].code} before it was killed")
    if not other.error.startswith("WorkerError"):
        return Trial(False, other.error, f"the other said {other.error or other.told!r}")
    return goes_on(drill, other.error)


def full_disk(seed: int, folder: Path) -> Trial:
    """Let the disk take only a part of the next checkpoint (a limit on the size of files), at a random step.

    Promised: a `StoreError`, the checkpoint before is intact, and with room again the run goes on from it.
    """
    chance = np.random.default_rng(seed)
    drill = Drill(folder, seed=seed)
    at = int(chance.integers(drill.every, drill.steps - drill.every))

    def starve(step: int) -> None:
        if step == at:
            saved = next(drill.checkpoint.glob("*.safetensors")).stat().st_size
            room = int(chance.integers(saved))
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))

    def body() -> Any:
        try:
            return drill.run(watch=starve)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    (end,) = forked([body])
    if not end.error.startswith("StoreError"):
        return Trial(False, end.error, f"it said {end.error or end.told!r}")
    return goes_on(drill, end.error)


def half_memory(seed: int, folder: Path) -> Trial:
    """Grant half of the memory that a plan (even seeds) or a training run (odd ones) has been seen to take.

    Promised: all candidates of a plan, in smaller batches; a run with the same losses; or a `BudgetError`. No
    checkpoint is lost.
    """
    return _half_plan(seed) if seed % 2 == 0 else _half_training(seed, folder)


def _half_plan(seed: int) -> Trial:
    drill = Drill(Path(), seed=seed, width=64, horizon=64)
    planner: Planner[Any, Any, Any, Any] = Planner(
        domain=Trajectories(64, Limits((0.0, -1.0), (1.0, 1.0)), state_dim=2, seconds=0.1, tolerance=0.5),
        process=GaussianProcess(Cosine()),
        denoiser=drill.network(),
        verify=accept,
        steps=2,
        count=256 + 64 * (seed % 4),
        compute=ONE_THREAD,
    )

    def body() -> Any:
        plan = planner.plan(Reach(start=(0.0, 0.0), goal=(1.0, 0.0)), seed=seed)
        return {"batch": plan.batch, "ending": plan.ending, "considered": len(plan.considered)}

    _, end = _halved(body)
    if end.told is None:
        held = end.error.startswith("BudgetError")
        return Trial(held, end.error, "" if held else f"exit code {end.code}: {end.error}")
    said = f"{end.told['considered']} of {planner.count} candidates in batches of {end.told['batch']}"
    held = end.told["considered"] == planner.count
    return Trial(held, said, "" if held else f"{said}, and ending={end.told['ending']}")


def _half_training(seed: int, folder: Path) -> Trial:
    drill = Drill(folder, seed=seed)
    forked([lambda: drill.run(until=drill.every)])
    large = replace(drill, batch=512)
    large.training()  # what torch imports late is there before memory is short: it is no part of what is tried
    free, end = _halved(lambda: large.run(until=drill.every + 2))
    if end.told is not None:
        held = end.told == free.told
        return Trial(held, "the run was finished", "" if held else f"{end.told} instead of {free.told}")
    if not end.error.startswith("BudgetError"):
        return Trial(False, end.error, f"exit code {end.code}: {end.error or end.told!r}")
    return goes_on(drill, end.error)


def _halved(body: Callable[[], Any]) -> tuple[Ended, Ended]:
    """Run a body once with all memory and once with half of what it added to what was there before it."""
    added = RawValue("q", 0)

    def measured() -> Any:
        with peak("RssAnon", added):
            return body()

    def starved() -> Any:
        limit = status("VmSize") + added.value // 2
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        try:
            return body()
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    (free,) = forked([measured], patience=600)
    (end,) = forked([starved], patience=600)
    return free, end


def goes_on(drill: Drill, said: str) -> Trial:
    """Whether the run goes on from its checkpoint, with the losses of one that was never disturbed."""
    bundle = store.load(drill.checkpoint)
    if bundle.degraded:
        return Trial(False, said, f"the newest checkpoint is damaged: {bundle.degraded}")
    (rest,) = forked([drill.run])
    (whole,) = forked([replace(drill, folder=drill.folder / "undisturbed").run])
    if rest.told is None or whole.told is None:
        return Trial(False, said, f"it does not go on: {rest.error}{whole.error}")
    gap = max((abs(loss / whole.told[step] - 1) for step, loss in rest.told.items()), default=0.0)
    begun = min(map(int, rest.told), default=drill.steps + 1)
    held = gap < 1e-4 and begun > drill.every
    return Trial(held, said, "" if held else f"losses differ by {gap:.1e} from step {begun} on")


TRIALS: Mapping[str, Callable[[int, Path], Trial]] = {
    "killed process": killed_process,
    "full disk": full_disk,
    "half the memory": half_memory,
}
"""The faults that need nothing but this machine."""
