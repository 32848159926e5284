"""Speed of maze planners: latency, growth, one step, training; each against its plain reference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.denoiser import GaussianNet
from agentic_diffusion.denoising.process import GaussianProcess
from agentic_diffusion.denoising.state import Condition, generator
from agentic_diffusion.denoising.train import Recipe, Training
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion_worlds.maze.distill import Requests
from agentic_diffusion_worlds.maze.errands import errands
from agentic_diffusion_worlds.maze.geometry import Geometry
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.planner import (
    SCHEDULE,
    Design,
    MazePlanner,
    assemble,
    design_for,
    load_planner,
    one_step_folder,
)

from agentic_diffusion_cli.speed import textbook
from agentic_diffusion_cli.speed.clock import Ceilings, Row, Turns, row, score
from agentic_diffusion_cli.speed.roofline import beneath, work

GROWN = (1, 4, 16)


@final
@dataclass(frozen=True)
class Mazes:
    """Measures the planners of one maze.

    Args:
        maze: Where.
        compute: Device and threads.
        ceilings: What the machine can do.
        turns: How calls are timed.
        requests: Requests that are planned for at once.
        scored: Requests, cases or questions that decide a score.
    """

    maze: Maze
    compute: Compute
    ceilings: Ceilings
    turns: Turns
    requests: int = 64
    scored: int = 256

    def latency(self) -> Iterator[Row]:
        """Plans, verified and selected, against the textbook's sampler alone on the same network."""
        for count, steps in ((1, 3), (16, 1), (16, 3), (16, 10)):
            planner = load_planner(self.maze, steps=steps, count=count, compute=self.compute)
            yield self._against_textbook(planner, f"plan, {count} candidates, {steps} steps")

    def growth(self) -> Iterator[Row]:
        """Latency at 1, 4 and 16 times the candidates, the steps, the horizon and the requests of a batch."""
        base = design_for(self.maze)
        for by in GROWN:
            planner = load_planner(self.maze, count=4 * by, compute=self.compute)
            yield self._against_textbook(planner, f"growth, {by}x 4 candidates", growth=by)
        for by in GROWN:
            planner = load_planner(self.maze, count=4, steps=by, compute=self.compute)
            yield self._against_textbook(planner, f"growth, {by}x 1 step", growth=by)
        for by in GROWN:
            design = replace(base, horizon=base.horizon * by, stride=max(1, base.stride // by))
            planner = assemble(self.maze, design, denoiser=fresh(design), count=4, compute=self.compute)
            yield self._against_textbook(
                planner, f"growth, {by}x {base.horizon} moments (untrained)", growth=by
            )
        for by in GROWN:
            planner = load_planner(self.maze, count=4, compute=self.compute)
            yield self._against_textbook(planner, f"growth, {by}x 1 request of 4", growth=by, requests=by)

    def one_step(self) -> Iterator[Row]:
        """One step of the network that ships, and of the distilled one where there is one, against three steps."""
        asked = errands(self.maze, seed=3, count=self.scored)
        whole = load_planner(self.maze, compute=self.compute)
        quick = {"the shipped network": load_planner(self.maze, steps=1, compute=self.compute)}
        if one_step_folder(self.maze).is_dir():
            quick["distilled"] = load_planner(self.maze, one_step=True, compute=self.compute)
        for name, planner in quick.items():
            figures = self.turns(
                partial(one_by_one, planner, asked[:8]), partial(one_by_one, whole, asked[:8])
            )
            told = kept(passed(planner, asked), passed(whole, asked))
            yield self._row(f"1 step, {name}, 16 candidates, 8 plans", figures, "3 steps", **told)

    def training(self) -> Iterator[Row]:
        """Steps of training against the textbook's, on the same network and batches."""
        design = design_for(self.maze)
        trajectories = design.trajectories(Geometry(self.maze.map))
        draw = Requests(trajectories, Geometry(self.maze.map), batch=64)
        rng = generator(0)

        def batch(source: torch.Generator) -> tuple[torch.Tensor, Condition[torch.Tensor]]:
            blank, condition = draw(source)
            return condition.pin(blank), condition

        def plain() -> tuple[torch.Tensor, torch.Tensor]:
            clean, condition = batch(rng)
            return clean, condition.context["known"]

        network = fresh(design)
        ours = Training(
            network,
            GaussianProcess(SCHEDULE),
            draw=batch,
            recipe=Recipe(steps=10_000),
            rng=generator(0),
            compute=self.compute,
        ).run()
        reference = textbook.trainer(fresh(design).network, plain, rng=rng)
        figures = self.turns(lambda: next(ours), reference)
        figures = beneath(figures, self.ceilings, work(lambda: next(ours), network))
        rate = 1e3 / float(figures["ms"]["mean"])
        yield self._row("training step, 64 windows", figures, "textbook", per_second=rate)

    def _against_textbook(
        self, planner: MazePlanner, what: str, *, growth: int | None = None, requests: int = 1
    ) -> Row:
        asked = errands(self.maze, seed=1, count=requests)
        pins: list[Any] = [planner.domain.condition(request).pin for request in asked]
        known, mask = (
            torch.cat([value.expand(planner.count, *value.shape[1:]) for value in values])
            for values in ([pin.values for pin in pins], [pin.mask for pin in pins])
        )
        network: Any = planner.denoiser
        rng = generator(0)

        def reference() -> None:
            textbook.ddim(network.network, known, mask, count=len(known), steps=planner.steps, rng=rng)

        ours = partial(planner.plan, asked[0]) if requests == 1 else partial(planner.plan_many, asked)
        figures = beneath(self.turns(ours, reference), self.ceilings, work(reference, network))
        made = self._row(what, figures, "textbook")
        return made if growth is None else {**made, "times": growth}

    def _row(self, what: str, figures: Row, reference: str, **facts: Any) -> Row:
        return row(what, {"maze": self.maze.name, **facts, **figures}, reference)


def fresh(design: Design) -> GaussianNet:
    """Return a network that was not trained, but is not all zeros either; the same for the same design."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = design.network()
        with torch.no_grad():
            for weight in network.parameters():
                weight.add_(0.02 * torch.randn_like(weight))
    return network.eval()


def one_by_one(planner: Any, asked: Sequence[Any]) -> None:
    """Plan for one request after the other."""
    for request in asked:
        planner.plan(request)


def passed(planner: MazePlanner, asked: Sequence[Reach]) -> list[float]:
    """Return for each request whether its chosen plan passes."""
    plans = planner.plan_many(asked, seeds=range(len(asked)))
    return [float(plan.chosen.verdict.passed) for plan in plans]


def kept(ours: Sequence[float], reference: Sequence[float]) -> dict[str, Any]:
    """Return both scores of the same requests, and what is lost, paired by request."""
    lost = [b - a for a, b in zip(ours, reference, strict=True)]
    return {"score": score(ours), "reference_score": score(reference), "lost": score(lost)}
