"""Two processes that train together, once, and one that trains alone: what the tests here compare."""

import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.compute.distributed import ALONE, Team, joined
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
from agentic_diffusion.denoising.nn.temporal_unet import TemporalUNet
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion.denoising.train import Recipe, Training, fit
from agentic_diffusion.errors import InvalidConfigError, WorkerError

STEPS, HALF = 6, 3
STRATEGIES = ("ddp", "fsdp", "tensor")
CPU = Compute("cpu")
PROCESS = GaussianProcess(Cosine())


def wrapped(network):
    """Return a denoiser none of whose weights is zero, so that every layer counts from the first step."""
    torch.manual_seed(0)
    for value in network.parameters():
        torch.nn.init.normal_(value, std=0.2)
    return GaussianNet(network, Cosine(), target=PredictTruth())


def net(heads=4):
    return wrapped(TrajectoryDiT(8, 2, width=16, depth=2, heads=heads, patch=2))


def draw(rng):
    """Five windows, which two processes cannot share evenly, with their first moment pinned."""
    clean = torch.randn(5, 8, 2, generator=rng)
    known = torch.zeros_like(clean, dtype=torch.bool)
    known[:, 0] = True
    return clean, Condition(Inpaint(clean, known), {"known": known})


def training(team=ALONE, *, denoiser=None, drawn=draw, steps=STEPS):
    recipe = Recipe(steps=steps, learning_rate=0.01, warmup=1, accumulate=2, clip=0.5, average=0.9)
    return Training(
        denoiser or net(), PROCESS, draw=drawn, recipe=recipe, rng=generator(3), compute=CPU, team=team
    )


def curve(team, folder, *, after=None):
    """Train, from a checkpoint where one is given; return losses and norms, and leave a checkpoint of the middle."""
    run, told = training(team), []
    if after is not None:
        run.resume(store.load(after).tensors)
    for step in run.run():
        told.append((step.loss, step.gradient_norm))
        if step.step == HALF:
            state = run.state()
            if team.leads:
                store.save(folder / f"half-{team.strategy}-{team.size}", state, {})
            team.wait()
    tensors = run.averaged()
    if team.leads:
        store.save(folder / f"end-{team.strategy}-{team.size}-{after and after.name}", tensors, {})
    team.wait()
    return told


def member(folder):
    """One of two processes: every strategy, resumed from others' checkpoints, then a death."""
    told = {}
    with joined("ddp", compute=CPU, patience=60) as (team, _):
        teams = {name: Team(name, team.rank, team.size) for name in STRATEGIES}
        told["curves"] = {name: curve(each, folder) for name, each in teams.items()}
        told["resumed"] = {
            f"{name} after {before}": curve(teams[name], folder, after=folder / f"half-{before}")
            for name, before in (("ddp", "fsdp-2"), ("fsdp", "tensor-2"), ("tensor", "None-1"))
        }
        left = net()
        recipe = Recipe(steps=2, learning_rate=0.01, warmup=1)
        for _ in fit(
            left, PROCESS, draw=draw, recipe=recipe, rng=generator(3), compute=CPU, team=teams["fsdp"]
        ):
            pass
        told["fit"] = {name: value.flatten().tolist() for name, value in left.state_dict().items()}
        told["refused"] = [refusal(teams["tensor"], wrapped(TemporalUNet(2, width=8, multiples=(1, 2))))]
        told["refused"] += [refusal(teams["tensor"], net(heads=1)), refusal(teams["ddp"], net(), rows=1)]
        told["any"] = [team.any(team.rank == 1), team.any(False), team.mean(float(team.rank))]
        told["lost"] = lost(teams["ddp"])
    return told


def refusal(team, denoiser, rows=5):
    try:
        next(training(team, denoiser=denoiser, drawn=lambda rng: (draw(rng)[0][:rows], Condition())).run())
    except InvalidConfigError as error:
        return str(error)
    return ""


def lost(team):
    """Train until the second process is killed; return what the first one says."""
    try:
        for step in training(team, steps=1000).run():
            if step.step == 2 and not team.leads:
                os.kill(os.getpid(), signal.SIGKILL)
    except WorkerError as error:
        return str(error)
    return ""


def _child(rank, port, folder):
    torch.set_num_threads(1)
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port)}
    try:
        told = member(folder)
        (folder / f"told-{rank}.json").write_text(json.dumps(told))
    finally:
        if (error := sys.exception()) is not None:
            (folder / f"fault-{rank}.txt").write_text("".join(traceback.format_exception(error)))
        os._exit(0)


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("localhost", 0))
        return door.getsockname()[1]


@dataclass(frozen=True)
class Pair:
    """What two processes and one alone came to."""

    folder: Path
    told: dict
    alone: list
    faults: str
    status: int


@pytest.fixture(scope="session")
def pair(tmp_path_factory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")
    alone, port = curve(ALONE, folder), free_port()
    members = [  # interpreters of their own: a process that has used autograd's threads cannot be forked
        subprocess.Popen([sys.executable, __file__, str(rank), str(port), str(folder)]) for rank in range(2)
    ]
    ends = [member.wait() for member in members]
    faults = "".join(path.read_text() for path in sorted(folder.glob("fault-*.txt")))
    heard = folder / "told-0.json"
    told = json.loads(heard.read_text()) if heard.exists() else {}
    return Pair(folder, told, alone, faults, ends[1])


@pytest.fixture
def school():
    """What a run is made of, for tests that train in this process."""
    return SimpleNamespace(training=training, net=net, draw=draw, process=PROCESS, compute=CPU, half=HALF)


@pytest.fixture
def single(monkeypatch):
    """Make this process look as if torchrun had started it alone."""
    facts = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": str(free_port())}
    for name, value in facts.items():
        monkeypatch.setenv(name, value)


if __name__ == "__main__":
    _child(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
