"""Speed of maze planners: latency, many requests, one step, eight bits, training; each against its plain reference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, final

import torch
from agentic_diffusion.compute import Compute, int8
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
from agentic_diffusion_cli.speed.clock import Ceilings, paired, score, work

Row = dict[str, Any]
LARGE = {"width": 512, "depth": 6, "heads": 8}  # a network for which eight bits are meant


@final
@dataclass(frozen=True)
class Bench:
    """Measures the planners of one maze.

    Args:
        maze: Where.
        compute: Device and threads.
        ceilings: What the machine can do.
        repeats: Turns of each measurement.
        requests: Requests that are planned for at once.
    """

    maze: Maze
    compute: Compute
    ceilings: Ceilings
    repeats: int = 5
    requests: int = 64

    def rows(self) -> Iterator[Row]:
        """Yield one figure after the other."""
        yield from self.latency()
        yield from self.growth()
        yield from self.many()
        yield from self.one_step()
        yield from self.eight_bits()
        yield from self.training()

    def latency(self) -> Iterator[Row]:
        """Plans, verified and selected, against the textbook's sampler alone on the same network."""
        for count, steps in ((1, 3), (16, 1), (16, 3), (16, 10)):
            planner = load_planner(self.maze, steps=steps, count=count, compute=self.compute)
            yield self._against_textbook(planner, f"plan, {count} candidates, {steps} steps")

    def growth(self) -> Iterator[Row]:
        """Latency at 1, 4 and 16 times the candidates, and at 1, 4 and 16 times the horizon."""
        base = design_for(self.maze)
        for times in (1, 4, 16):
            planner = load_planner(self.maze, count=4 * times, compute=self.compute)
            yield self._against_textbook(planner, f"growth, {times}x candidates", growth=times)
        for times in (1, 4, 16):
            design = replace(base, horizon=base.horizon * times, stride=max(1, base.stride // times))
            planner = assemble(self.maze, design, denoiser=_network(design), count=4, compute=self.compute)
            yield self._against_textbook(planner, f"growth, {times}x horizon", growth=times)

    def many(self) -> Iterator[Row]:
        """Many requests at once against one after the other, for the shipped network and for one of little work."""
        asked = errands(self.maze, seed=2, count=self.requests)
        small = replace(design_for(self.maze), width=16, depth=1, heads=2)
        planners = {
            "16 candidates, 3 steps": load_planner(self.maze, compute=self.compute),
            "1 candidate, 1 step": load_planner(self.maze, count=1, steps=1, compute=self.compute),
            "1 candidate, 3 steps, width 16": assemble(
                self.maze, small, denoiser=_network(small), count=1, compute=self.compute
            ),
        }
        for name, planner in planners.items():
            figures = paired(
                partial(planner.plan_many, asked),
                partial(_one_by_one, planner, asked),
                repeats=max(2, self.repeats // 2),
                warm=1,
            )
            yield self._row(f"{len(asked)} requests at once, {name}", figures, "one by one")

    def one_step(self) -> Iterator[Row]:
        """One step of the distilled planner, where one ships, against the three steps of its teacher."""
        if not one_step_folder(self.maze).is_dir():
            return
        asked = errands(self.maze, seed=3, count=8)
        quick = load_planner(self.maze, one_step=True, compute=self.compute)
        whole = load_planner(self.maze, compute=self.compute)
        figures = paired(
            lambda: [quick.plan(each) for each in asked],
            lambda: [whole.plan(each) for each in asked],
            repeats=self.repeats,
        )
        yield self._row("distilled to one step, 16 candidates, 8 plans", figures, "3 steps")

    def eight_bits(self) -> Iterator[Row]:
        """Networks in eight bits against fp32, and what becomes of the plans."""
        shipped = load_planner(self.maze, compute=self.compute)
        design = replace(design_for(self.maze), **LARGE)
        large = assemble(self.maze, design, denoiser=_network(design), compute=self.compute)
        for name, planner in (("shipped", shipped), ("width 512, 6 blocks", large)):
            small = replace(planner, denoiser=int8(planner.denoiser))
            ask = self._asker(planner), self._asker(small)
            row = self._row(
                f"network in int8, {name}", paired(ask[1], ask[0], repeats=3 * self.repeats), "fp32"
            )
            if planner is shipped:
                asked = errands(self.maze, seed=4, count=self.requests)
                row["passed"] = _passed(small, asked)
                row["reference_passed"] = _passed(planner, asked)
            yield row

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

        ours = Training(
            _network(design),
            GaussianProcess(SCHEDULE),
            draw=batch,
            recipe=Recipe(steps=10_000),
            rng=generator(0),
            compute=self.compute,
        ).run()
        reference = textbook.trainer(_network(design).network, plain, rng=rng)
        figures = paired(lambda: next(ours), reference, repeats=self.repeats)
        yield self._row("training step, 64 windows", figures, "textbook")

    def _against_textbook(self, planner: MazePlanner, what: str, *, growth: int | None = None) -> Row:
        request = errands(self.maze, seed=1, count=1)[0]
        pin: Any = planner.domain.condition(request).pin
        network: Any = planner.denoiser
        rng = generator(0)

        def reference() -> None:
            textbook.ddim(
                network.network, pin.values, pin.mask, count=planner.count, steps=planner.steps, rng=rng
            )

        row = self._row(
            what, paired(lambda: planner.plan(request), reference, repeats=self.repeats), "textbook"
        )
        flops, moved = work(reference)
        least = self.ceilings.bound(flops, moved)
        row |= {"gflop": round(flops / 1e9, 4), "roofline_ms": round(1e3 * least, 3)}
        row["roofline_share"] = round(1e3 * least / row["ms"]["mean"], 3)
        return row if growth is None else {**row, "times": growth}

    def _asker(self, planner: MazePlanner) -> Callable[[], Any]:
        request = errands(self.maze, seed=1, count=1)[0]
        condition = planner.domain.condition(request)
        x = torch.randn(planner.count, *planner.domain.blank(request, 1).shape[1:], generator=generator(0))

        def ask() -> None:
            with torch.inference_mode():
                planner.denoiser(x, torch.tensor(1.0), condition)

        return ask

    def _row(self, what: str, figures: Mapping[str, Any], reference: str) -> Row:
        return {"name": "ours", "what": what, "reference": reference, "maze": self.maze.name, **figures}


def _network(design: Design) -> GaussianNet:
    """Return a network that was not trained, but is not all zeros either; the same for the same design."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = design.network()
        with torch.no_grad():
            for weight in network.parameters():
                weight.add_(0.02 * torch.randn_like(weight))
    return network.eval()


def _one_by_one(planner: MazePlanner, asked: Sequence[Reach]) -> None:
    for request in asked:
        planner.plan(request)


def _passed(planner: MazePlanner, asked: list[Reach]) -> dict[str, object]:
    """Return the share of requests whose chosen plan passes."""
    plans = planner.plan_many(asked, seeds=range(len(asked)))
    return score([float(plan.chosen.verdict.passed) for plan in plans])


def verdicts(repeats: int) -> Row:
    """Return the verdicts of the fence against fresh interpreters without one."""
    from agentic_diffusion_code.sandbox import ProcessSandbox

    source = "print(sum(range(1000)))"
    with ProcessSandbox() as fence:
        fence.run(source)
        ours, plain = [], []
        for _ in range(repeats):
            ours.append(_wall(lambda: fence.run(source)))
            plain.append(_wall(lambda: textbook.program(source)))
    ratios = [b / a for a, b in zip(ours, plain, strict=True)]
    figures = {"ms": score([1e3 * t for t in ours]), "reference_ms": score([1e3 * t for t in plain])}
    return {
        "name": "ours",
        "what": "verdict of the fence (wall clock)",
        "reference": "a fresh interpreter, unfenced",
        **figures,
        "speedup": score(ratios),
    }


def _wall(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
