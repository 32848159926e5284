"""A small training run in processes of its own, to be timed, killed, and starved of disk and memory."""

from __future__ import annotations

import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, final

import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import ALONE, Strategy, Team, joined, unfilled
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng, generator
from agentic_diffusion.denoising.train import Recipe, Training
from agentic_diffusion.errors import InvalidConfigError
from torch import Tensor

ONE_THREAD = Compute(device="cpu", threads=1)


def ignore(step: int) -> None:
    """Look at nothing."""


@final
@dataclass(frozen=True)
class Drill:
    """A transformer that learns arcs, with a checkpoint every few steps; it goes on where it stopped.

    Args:
        folder: Where the checkpoint is kept.
        steps: Optimiser steps in all.
        every: Steps between checkpoints.
        seed: Of weights, arcs and noise.
        width: Width of the network.
        depth: Its blocks.
        horizon: Moments in an arc.
        batch: Arcs in a batch.
        sharded: Whether each process writes its own part of a checkpoint.
    """

    folder: Path
    steps: int = 20
    every: int = 4
    seed: int = 0
    width: int = 32
    depth: int = 2
    horizon: int = 16
    batch: int = 8
    sharded: bool = False

    @property
    def checkpoint(self) -> Path:
        """The folder of the checkpoint."""
        return self.folder / "checkpoint"

    def network(self) -> GaussianNet:
        """Return the network as it is before training."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            body = TrajectoryDiT(self.horizon, 2, width=self.width, depth=self.depth, heads=4)
        return GaussianNet(body, Cosine(), target=PredictTruth())

    def draw(self, rng: Rng) -> tuple[Tensor, Condition[Tensor]]:
        """Draw arcs of any height, with both ends pinned."""
        time = torch.linspace(0, 1, self.horizon)
        heights = torch.rand(self.batch, 1, generator=rng) * 2 - 1
        clean = torch.stack([time.expand(self.batch, -1), heights * time * (1 - time)], dim=-1)
        known = torch.zeros_like(clean, dtype=torch.bool)
        known[:, [0, -1]] = True
        return clean, Condition(Inpaint(clean, known), {"known": known})

    def run(
        self, team: Team = ALONE, *, watch: Callable[[int], None] = ignore, until: int = 0
    ) -> dict[int, float]:
        """Train; return the loss of each step that was made now.

        Args:
            team: Who trains together.
            watch: Called after each step, and after its checkpoint, with the number of steps made.
            until: The step to stop at; 0 goes on to the end.
        """
        training = self.training(team)
        losses = {}
        for step in training.run():
            losses[step.step] = step.loss
            if step.step % self.every == 0:
                self.keep(training)
            watch(step.step)
            if step.step == until:
                break
        return losses

    def training(self, team: Team = ALONE) -> Training:
        """Return the run as it is at its beginning, or where its checkpoint was written."""
        resumed = team.any(self.checkpoint.exists())
        with unfilled() if resumed and team.splits_weights else nullcontext():
            network = self.network()
        training = Training(
            network,
            GaussianProcess(Cosine()),
            draw=self.draw,
            recipe=Recipe(steps=self.steps, learning_rate=1e-3, warmup=2),
            rng=generator(self.seed),
            compute=ONE_THREAD,
            team=team,
        )
        if resumed:
            training.resume(store.opened(self.checkpoint, team=team))
        return training

    def keep(self, training: Training) -> None:
        """Write a checkpoint."""
        card: dict[str, Any] = {"step": training.step}
        if self.sharded:
            store.save_shards(self.checkpoint, training.pieces(), card, team=training.team)
            return
        tensors = training.state()
        if training.team.leads:
            store.save(self.checkpoint, tensors, card)


@final
@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Args:
        code: Its exit code; the negative number of the signal that ended it.
        told: What it returned.
        error: What it raised: the kind and the message.
    """

    code: int
    told: Any = None
    error: str = ""


def warm(folder: Path) -> None:
    """Import in this process what each fork of it would otherwise import for itself."""
    Drill(folder).run(until=1)
    for name in ("torch.nn.parallel", "torch.distributed.fsdp", "torch.distributed.tensor.parallel"):
        import_module(name)


def forked(
    bodies: Sequence[Callable[[], Any]],
    *,
    meddle: Callable[[Sequence[int]], None] = lambda pids: None,
    patience: float = 120.0,
) -> list[Ended]:
    """Run each body in a fork of this process, which costs no import, and wait for all.

    Args:
        bodies: What to run; each returns plain values.
        meddle: Called with the numbers of the processes while they run.
        patience: Seconds after which they are killed.

    Raises:
        InvalidConfigError: This system cannot fork.
    """
    if not hasattr(os, "fork"):
        raise InvalidConfigError("a system without fork", "Linux or macOS", "Run this bench there.")
    with tempfile.TemporaryDirectory() as place:
        papers = [Path(place, f"{number}.json") for number in range(len(bodies))]
        pids = []
        for body, paper in zip(bodies, papers, strict=True):
            pid = os.fork()
            if pid == 0:
                _live(body, paper)
            pids.append(pid)
        meddle(pids)
        deadline = time.monotonic() + patience
        return [_ended(pid, paper, deadline) for pid, paper in zip(pids, papers, strict=True)]


def _live(body: Callable[[], Any], paper: Path) -> None:
    """Run in the fork, write what came of it, and leave without the parent's goodbyes."""
    torch.set_num_threads(1)
    told: dict[str, Any] = {"error": "ended early"}
    try:
        told = {"told": body()}
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent is told
        told = {"error": f"{type(error).__name__}: {error}"}
    finally:
        with suppress(OSError):
            paper.write_text(json.dumps(told))
        os._exit(0 if "told" in told else 1)


def _ended(pid: int, paper: Path, deadline: float) -> Ended:
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    told = json.loads(paper.read_text()) if paper.exists() and paper.stat().st_size else {}
    return Ended(os.waitstatus_to_exitcode(status), told.get("told"), told.get("error", ""))


def team_of(
    size: int, strategy: Strategy, body: Callable[[Team], Any], *, patience: float = 60.0
) -> list[Callable[[], Any]]:
    """Return the bodies of processes of this machine that join and then do the same.

    Args:
        size: How many.
        strategy: What is divided.
        body: What each does in the team.
        patience: Seconds after which one that does not answer counts as gone.
    """
    with socket.socket() as door:
        door.bind(("localhost", 0))
        port = str(door.getsockname()[1])

    def member(rank: int) -> Callable[[], Any]:
        def live() -> Any:
            facts = {
                "RANK": str(rank),
                "WORLD_SIZE": str(size),
                "MASTER_ADDR": "localhost",
                "MASTER_PORT": port,
            }
            os.environ.update(facts)
            with joined(strategy, compute=ONE_THREAD, patience=patience) as (team, _):
                return body(team)

        return live

    return [member(rank) for rank in range(size)]
