"""Two processes that train together, then three, and one that trains alone: what the tests here compare."""

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
from agentic_diffusion.compute.distributed import ALONE, Team, joined, unfilled
from agentic_diffusion.denoising.denoiser import GaussianNet, PredictTruth
from agentic_diffusion.denoising.nn.dit import TrajectoryDiT
from agentic_diffusion.denoising.nn.temporal_unet import TemporalUNet
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.schedule import Cosine
from agentic_diffusion.denoising.state import Condition, Inpaint, generator
from agentic_diffusion.denoising.train import Recipe, Training, fit
from agentic_diffusion.errors import InvalidConfigError, WorkerError
from agentic_diffusion.store import disk

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
    """Train, from a checkpoint where one is given; return losses and norms, and leave checkpoints of the middle."""
    run, told = training(team), []
    if after is not None:
        run.resume(store.load(after).tensors)
    for step in run.run():
        told.append((step.loss, step.gradient_norm))
        if step.step == HALF:
            state = run.state()
            if team.leads:
                store.save(folder / f"half-{team.strategy}-{team.size}", state, {})
            store.save_shards(
                folder / f"shards-{team.strategy}-{team.size}", run.pieces(), {"at": HALF}, team=team
            )
    tensors = run.averaged(everywhere=False)
    assert bool(tensors) is team.leads
    if team.leads:
        store.save(folder / f"end-{team.strategy}-{team.size}-{after and after.name}", tensors, {})
    team.wait()
    return told


def rest(team, folder):
    """Go on from shards; return losses and norms, and the bytes that were read, are held, and lie on disk."""
    with unfilled():  # as for a network that no process could hold
        denoiser = wrapped(TrajectoryDiT(8, 2, width=16, depth=2, heads=4, patch=2))
    stored = store.opened(folder, team=team)
    run = training(team, denoiser=denoiser if team.splits_weights else None)
    run.resume(stored)
    held = sum(getattr(value, "_local_tensor", value).nbytes for _, _, value in run._held())
    told = {"bytes": [stored.taken, held, sum(file.size for file in stored.files)], "step": stored.card["at"]}
    return told | {"curve": [(step.loss, step.gradient_norm) for step in run.run()]}


def pair_member(team, folder):
    """One of two processes: every strategy, resumed from others' checkpoints, then a death."""
    teams = {name: Team(name, team.rank, team.size) for name in STRATEGIES}
    told = {"curves": {name: curve(each, folder) for name, each in teams.items()}}
    told["resumed"] = {
        f"{name} after {before}": curve(teams[name], folder, after=folder / before)
        for name, before in (("ddp", "half-fsdp-2"), ("tensor", "half-None-1"))
    }
    told["shards"] = {
        f"{name} after {before}": rest(teams[name], folder / f"shards-{before}-2")
        for name, before in (("fsdp", "tensor"), ("tensor", "fsdp"))
    }
    left = net()
    recipe = Recipe(steps=2, learning_rate=0.01, warmup=1)
    for _ in fit(left, PROCESS, draw=draw, recipe=recipe, rng=generator(3), compute=CPU, team=teams["fsdp"]):
        pass
    told["fit"] = {name: value.flatten().tolist() for name, value in left.state_dict().items()}
    told["refused"] = [refusal(teams["tensor"], wrapped(TemporalUNet(2, width=8, multiples=(1, 2))))]
    told["refused"] += [refusal(teams["tensor"], net(heads=1)), refusal(teams["ddp"], net(), rows=1)]
    told["any"] = [team.any(team.rank == 1), team.any(False), team.mean(float(team.rank))]
    told["heard"] = team.heard("" if team.leads else "höre")
    told["lost"] = lost(teams["ddp"])
    return told


def trio_member(team, folder):
    """One of three processes: it goes on where two stopped, and dies while a checkpoint is written."""
    teams = {name: Team(name, team.rank, team.size) for name in ("ddp", "fsdp")}
    told = {
        "shards": {
            f"{name} after {before}": rest(teams[name], folder / f"shards-{before}-2")
            for name, before in (("ddp", "fsdp"), ("fsdp", "tensor"), ("fsdp", "fsdp"))
        }
    }
    run, place = training(teams["fsdp"]), folder / "shards-fsdp-3"
    run.resume(store.opened(folder / "shards-fsdp-2", team=team))
    store.save_shards(place, run.pieces(), {"at": HALF}, team=team)
    next(run.run())
    if team.rank == 1:
        disk._settle = lambda file: os.kill(os.getpid(), signal.SIGKILL)
    try:
        store.save_shards(place, run.pieces(), {"at": HALF + 1}, team=team)
    except WorkerError as error:
        told["lost"] = str(error)
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


def _child(rank, size, port, folder):
    torch.set_num_threads(1)
    facts = {"RANK": rank, "WORLD_SIZE": size, "MASTER_ADDR": "localhost", "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in facts.items()}
    try:
        with joined("ddp", compute=CPU, patience=60) as (team, _):
            told = (pair_member if size == 2 else trio_member)(team, folder)
        (folder / f"told-{size}-{rank}.json").write_text(json.dumps(told))
    finally:
        if (error := sys.exception()) is not None:
            (folder / f"fault-{size}-{rank}.txt").write_text("".join(traceback.format_exception(error)))
        os._exit(0)


def _forked(size, port, folder):
    """Run as many members in forks of this process, which costs no import; return how they ended."""
    pids = []
    for rank in range(size):
        pid = os.fork()
        if pid == 0:
            _child(rank, size, port, folder)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("localhost", 0))
        return door.getsockname()[1]


@dataclass(frozen=True)
class Members:
    """What the processes came to, and one alone."""

    folder: Path
    told: dict
    alone: list
    faults: str
    ends: list


@pytest.fixture(scope="session")
def both(tmp_path_factory) -> tuple[Members, Members]:
    folder = tmp_path_factory.mktemp("pair")
    alone = curve(ALONE, folder)
    # an interpreter of its own, which is forked: a process that has used autograd's threads cannot be
    subprocess.run([sys.executable, __file__, str(free_port()), str(free_port()), str(folder)], check=False)
    faults = "".join(path.read_text() for path in sorted(folder.glob("fault-*.txt")))
    ends = json.loads((folder / "ends.json").read_text())

    def members(size):
        heard = folder / f"told-{size}-0.json"
        told = json.loads(heard.read_text()) if heard.exists() else {}
        return Members(folder, told, alone, faults, ends[str(size)])

    return members(2), members(3)


@pytest.fixture(scope="session")
def pair(both) -> Members:
    return both[0]


@pytest.fixture(scope="session")
def trio(both) -> Members:
    return both[1]


@pytest.fixture
def school():
    """What a run is made of, for tests that train in this process."""
    return SimpleNamespace(
        training=training, net=net, draw=draw, process=PROCESS, compute=CPU, half=HALF, rest=rest
    )


@pytest.fixture
def single(monkeypatch):
    """Make this process look as if torchrun had started it alone."""
    facts = {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost", "MASTER_PORT": str(free_port())}
    for name, value in facts.items():
        monkeypatch.setenv(name, value)


if __name__ == "__main__":
    place = Path(sys.argv[3])
    ended = {size: _forked(size, sys.argv[size - 1], place) for size in (2, 3)}
    (place / "ends.json").write_text(json.dumps(ended))
