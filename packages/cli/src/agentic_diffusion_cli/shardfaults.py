"""Faults while checkpoints are written in shards: a process killed at any moment of it, a disk full for one of them."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from agentic_diffusion.compute.distributed import Strategy, Team

from agentic_diffusion_cli.drill import Drill, forked, team_of
from agentic_diffusion_cli.faults import STRATEGIES, Trial, goes_on

PROCESSES = 2
LEADER, FOLLOWER = 12, 3
"""How often each waits for the disk or gives a file its name in one save: three times for its shard; the one that leads
also for the index, the last good card and the card."""


def killed_while_saving(seed: int, folder: Path) -> Trial:
    """Kill one of two processes before it waits for the disk, or names a file, in the middle of a save.

    Promised: the other ends with a `WorkerError`, and the run goes on from the old checkpoint or the new one, alone,
    with the losses of one that was never disturbed.
    """
    chance, drill = np.random.default_rng(seed), Drill(folder, seed=seed, sharded=True)
    victim = int(chance.integers(PROCESSES))
    at = int(chance.integers(FOLLOWER if victim else LEADER)) + 1

    def body(team: Team) -> Any:
        def arm(step: int) -> None:
            if step == 2 * drill.every - 1 and team.rank == victim:
                _dies(at)

        return drill.run(team, watch=arm)

    ends = forked(team_of(PROCESSES, _strategy(seed), body))
    other = ends[1 - victim]
    if ends[victim].code != -signal.SIGKILL:
        return Trial(False, other.error, f"the process ended with {ends[victim].code} and was not killed")
    if not other.error.startswith("WorkerError"):
        return Trial(False, other.error, f"the other said {other.error or other.told!r}")
    return goes_on(drill, other.error)


def _strategy(seed: int) -> Strategy:
    return STRATEGIES[seed % len(STRATEGIES)]


def _dies(at: int) -> None:
    """End this process, with no last words, the next time but `at` that it waits for the disk or names a file."""
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*words)

        return call

    for name in ("fsync", "replace"):
        setattr(os, name, counted(getattr(os, name)))


def full_for_one(seed: int, folder: Path) -> Trial:
    """Let the disk of one of two processes take only a part of its next shard (a limit on the size of files).

    Promised: both end with a `StoreError`, the checkpoint before is intact, and the run goes on from it, alone.
    """
    chance, drill = np.random.default_rng(seed), Drill(folder, seed=seed, sharded=True)
    victim = int(chance.integers(PROCESSES))
    share = float(chance.random())

    def body(team: Team) -> Any:
        def starve(step: int) -> None:
            if step == 2 * drill.every - 1 and team.rank == victim:
                least = min(file.stat().st_size for file in drill.checkpoint.glob("*.safetensors"))
                resource.setrlimit(resource.RLIMIT_FSIZE, (int(share * least), resource.RLIM_INFINITY))

        try:
            return drill.run(team, watch=starve)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    ends = forked(team_of(PROCESSES, _strategy(seed), body))
    for end in ends:
        if not end.error.startswith("StoreError"):
            return Trial(False, end.error, f"one said {end.error or end.told!r}")
    return goes_on(drill, ends[1 - victim].error)


TRIALS: Mapping[str, Callable[[int, Path], Trial]] = {
    "killed while saving": killed_while_saving,
    "full disk of one": full_for_one,
}
"""The faults of checkpoints in shards."""
