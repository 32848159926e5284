"""Evolution of a maze planner on coins it may practise with: where the rooms `worlds` and `evolve` meet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from agentic_diffusion.errors import InvalidConfigError

if TYPE_CHECKING:
    from agentic_diffusion.denoising.state import Condition, Rng
    from agentic_diffusion.planning.domains.trajectory import Trajectory
    from agentic_diffusion.planning.planner import Planner
    from agentic_diffusion_evolve.encoded import Encoded
    from agentic_diffusion_evolve.memory import Memory
    from agentic_diffusion_worlds.maze.coins import CoinTask
    from agentic_diffusion_worlds.maze.map import Maze
    from agentic_diffusion_worlds.maze.planner import MazePlanner
    from torch import Tensor

HELD_OUT = 900_000  # seeds of practice from here on are the gate's
SEEDS = 1000  # seeds set aside for the generations of one evolution


@final
@dataclass(frozen=True)
class Practice:
    """How a planner practises.

    The new network learns to pass coins and nothing else; see `coins_beside` for how it is used. Each generation goes
    on from the candidate of the one before, also where that was refused (`Onward`).

    Args:
        rounds: Generations.
        tasks: Coins to fetch in each.
        steps: Optimiser steps in each.
        batch: Plans a step.
        learning_rate: That of the first training: the network that was there before stays beside the new one, so that
            nothing is forgotten.
        new: The share of a batch that was driven in practice; the rest is old data.
        passing: The share of old data that leads over a coin which was laid there by hindsight.
        transitions: Of old data, driven anew.
        trials: Coins of the gate.
        exams: Plain drives of the gate.
        candidates: Of each plan while practising.
        drawn: Candidates of each plan at the gate, which looks twice and crosses as the planner will.
        seed: Of everything.
        adaptdiffuser: AdaptDiffuser's recipe instead: the planner's own plans above a value, new data only, no gate.
    """

    rounds: int = 2
    tasks: int = 60
    steps: int = 2500
    batch: int = 32
    learning_rate: float = 1e-3
    new: float = 0.25
    passing: float = 1.0
    transitions: int = 400_000
    trials: int = 100
    exams: int = 60
    candidates: int = 64
    drawn: int = 256
    seed: int = 0
    adaptdiffuser: bool = False


def practise(plain: MazePlanner, maze: Maze, how: Practice, *, folder: Path) -> Iterator[dict[str, Any]]:
    """Evolve and save the planner; yields the facts of each generation. A finished one is left as it is.

    Args:
        plain: The planner to begin with; it is not changed.
        maze: Where.
        how: How much of what.
        folder: Where the evolved planner is saved.
    """
    from agentic_diffusion import store
    from agentic_diffusion_evolve.loop import evolve
    from agentic_diffusion_evolve.memory import ListMemory
    from agentic_diffusion_evolve.tune import weights_of
    from agentic_diffusion_worlds.maze.coindomain import for_coins
    from agentic_diffusion_worlds.maze.coins import practice_tasks
    from agentic_diffusion_worlds.maze.planner import save_planner

    if (folder / store.CARD).exists():
        _same(folder, how)
        return
    wall, cpu = time.perf_counter(), time.process_time()
    planner: Any = for_coins(plain, count=how.candidates, steps=4, returns=1)
    memory: Memory[CoinTask, Trajectory] = ListMemory()
    rounds: list[dict[str, Any]] = []

    def tasks(number: int) -> Sequence[CoinTask]:
        seed = SEEDS * how.seed + number
        return list(islice(practice_tasks(maze, seed=seed), how.tasks))

    for generation, active in evolve(
        planner,
        tasks,
        _world(plain, maze, how),
        memory=memory,
        tune=_tuner(plain, maze, how),
        gate=_gate(plain, maze, how),
        rounds=how.rounds,
    ):
        planner = active
        facts = generation.model_dump(mode="json")
        rounds.append({**facts, "cpu_seconds": time.process_time() - cpu})
        yield rounds[-1]
    facts = {
        "maze": maze.name,
        "practice": asdict(how),
        "generations": rounds,
        "seconds": time.perf_counter() - wall,
        "cpu_seconds": time.process_time() - cpu,
    }
    save_planner(folder, design_of(plain), tensors=weights_of(planner), facts=facts)


def _same(folder: Path, how: Practice) -> None:
    """Refuse a planner that was evolved in another way.

    Raises:
        InvalidConfigError: The card tells of another practice.
    """
    from agentic_diffusion import store

    if store.load(folder).card.get("practice") != asdict(how):
        raise InvalidConfigError(
            f"a planner in {folder} that was evolved otherwise",
            "one evolved with the same settings, or none yet",
            "Choose another folder, or remove it to evolve anew.",
        )


def design_of(plain: MazePlanner) -> Any:
    """Return the design of a maze planner, read off its domain and network."""
    from agentic_diffusion_worlds.maze.physics import DT
    from agentic_diffusion_worlds.maze.planner import Design

    trajectories: Any = plain.domain.trajectories  # type: ignore[attr-defined]
    body: Any = plain.denoiser.network  # type: ignore[attr-defined]
    return Design(
        horizon=trajectories.horizon,
        stride=round(trajectories.seconds / DT),
        width=body.head.in_features,
        depth=len(body.trunk.blocks),
        heads=body.trunk.blocks[0].heads,
        patch=body.patch,
        waves=len(body.get_buffer("octaves")),
    )


def _world(plain: MazePlanner, maze: Maze, how: Practice) -> Any:
    """Return the world to practise in: with an explorer, or for AdaptDiffuser's recipe without."""
    from agentic_diffusion_worlds.maze.coinjudge import NearestFree
    from agentic_diffusion_worlds.maze.coinlegs import TwoLegs
    from agentic_diffusion_worlds.maze.coins import spare_cells
    from agentic_diffusion_worlds.maze.coinworld import CoinPractice, CoinWorld
    from agentic_diffusion_worlds.maze.geometry import Geometry

    judge = NearestFree(Geometry(maze.map))
    held_out = set(maze.map.cells()) - set(spare_cells(maze))
    world = CoinWorld(maze, judge)
    if how.adaptdiffuser:
        practice = CoinPractice(world, held_out, hindsight=0, share=1.0, tolerance=1e3)
        return lambda plan: [told for told in practice(plan) if told.evidence["own"]]
    horizon = plain.domain.trajectories.horizon  # type: ignore[attr-defined]
    return CoinPractice(world, held_out, explore=TwoLegs(plain, judge, horizon))


def _tuner(plain: MazePlanner, maze: Maze, how: Practice) -> Callable[[Any, Any], Any]:
    """Return the tuner: old data and new, going on; or new data alone, from the active planner, for AdaptDiffuser."""
    from agentic_diffusion.denoising.train import Recipe
    from agentic_diffusion_evolve.onward import Onward
    from agentic_diffusion_evolve.tune import FineTune

    recipe = Recipe(steps=how.steps, learning_rate=how.learning_rate, average=0.998, warmup=50)
    if not how.adaptdiffuser:
        old = old_data(plain, maze, how)
        first = FineTune(old, recipe, batch=how.batch, share=1.0, seed=SEEDS * how.seed, new=how.new)
        return Onward(lambda number: replace(first, seed=first.seed + number))

    def tune(planner: Planner[Any, Any, Any, Any], memory: Any) -> Planner[Any, Any, Any, Any]:
        if not len(memory):
            return planner
        import torch
        from agentic_diffusion_evolve.encoded import encode

        new = encode(list(memory), planner.domain)

        def again(rng: Rng, count: int) -> Encoded:
            return new[torch.randint(len(new), (count,), generator=rng)]

        return FineTune(again, recipe, batch=how.batch, share=1.0, seed=how.seed)(planner, memory)

    return tune


def old_data(plain: MazePlanner, maze: Maze, how: Practice) -> Callable[[Rng, int], Encoded]:
    """Return what draws batches of the data that the planner was first trained on, driven anew.

    A share of them leads from anywhere over a coin to a goal: two drives one after the other, in a single plan.
    """
    from agentic_diffusion_evolve.tune import joined
    from agentic_diffusion_worlds.maze.coins import spare_cells
    from agentic_diffusion_worlds.maze.dataset import generate
    from agentic_diffusion_worlds.maze.geometry import Geometry
    from agentic_diffusion_worlds.maze.passing import Passing
    from agentic_diffusion_worlds.maze.recording import Recipe
    from agentic_diffusion_worlds.maze.windows import Windows

    domain = plain.domain.trajectories  # type: ignore[attr-defined]
    data = generate(Recipe(maze, size=how.transitions, seed=how.seed))
    windows = Windows.of(data, domain, stride=design_of(plain).stride)
    held_out = set(maze.map.cells()) - set(spare_cells(maze))
    passing = Passing.of(windows, Geometry(maze.map), domain.limits, held_out=held_out)

    def draw(rng: Rng, count: int) -> Encoded:
        over = round(how.passing * count)
        parts = []
        if over < count:
            parts.append(_encoded(replace(windows, batch=count - over)(rng)))
        if over:
            parts.append(_encoded(replace(passing, windows=replace(windows, batch=over))(rng)))
        return parts[0] if len(parts) == 1 else joined(*parts)

    return draw


def _encoded(drawn: tuple[Tensor, Condition[Tensor]]) -> Encoded:
    """Return a batch of old data as one of outcomes that nobody rated."""
    import torch
    from agentic_diffusion_evolve.encoded import Encoded

    states, condition = drawn
    return Encoded(states, torch.zeros(len(states)), torch.ones(len(states)), condition)


def _gate(plain: MazePlanner, maze: Maze, how: Practice) -> Callable[[Any, Any], Any]:
    """Return the gate: held-out practice coins and plain drives, with both planners; AdaptDiffuser has none."""
    from agentic_diffusion.records import Verdict
    from agentic_diffusion_worlds.maze.coins import practice_tasks

    from agentic_diffusion_cli.coins_gate import CoinGate

    if how.adaptdiffuser:
        return lambda candidate, incumbent: Verdict(passed=True, score=0.0, evidence={"why": "no gate"})
    seed = HELD_OUT + how.seed
    held_out = list(islice(practice_tasks(maze, seed=seed), how.trials))
    return CoinGate(plain, maze, held_out, seed=seed, exams=how.exams, candidates=how.drawn)
