"""The UltraTool benchmark: our planner, and three baselines on the same split."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, final

from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion.planning.domains.toolplan.judging import Feasible
from agentic_diffusion.planning.domains.toolplan.lesson import prepare
from agentic_diffusion.planning.domains.toolplan.outside import Beside, Directed, outside
from agentic_diffusion.planning.domains.toolplan.planner import ToolPlanner, tool_planner
from agentic_diffusion.planning.domains.toolplan.reading import Reading
from agentic_diffusion.planning.domains.toolplan.standing import Standing
from agentic_diffusion.planning.domains.toolplan.text import Encoder, Lexical
from agentic_diffusion.planning.domains.toolplan.training import Judged, ToolTraining, network_of
from agentic_diffusion.planning.domains.toolplan.weighing import SecondLook

from agentic_diffusion_worlds.ultratool.baselines import fit_logistic, nearest_plans, train_autoregressive
from agentic_diffusion_worlds.ultratool.data import Example, UltraTool
from agentic_diffusion_worlds.ultratool.score import Answer, summary

Row: TypeAlias = dict[str, Any]

OURS, AUTOREGRESSIVE, LINEAR, NEAREST, UNTAUGHT = (
    "ours",
    "autoregressive",
    "logistic regression + order",
    "nearest plan",
    "untaught",
)
RARITY = 0.25
"""The power of how rare a gram is, chosen on training rows left out one by one: names and dates tell little."""

FOLDS, SECOND = 3, 1e-3
"""Shares of the requests that the second look is fitted on, and its weight decay."""

KINDS = (OURS, AUTOREGRESSIVE, LINEAR, NEAREST, UNTAUGHT)
"""What is compared: ours, a model that writes one tool after the other, a linear one, the nearest example, and ours
without any example."""

PUBLISHED: Sequence[Mapping[str, Any]] = (
    {"name": "GPT-4-turbo, direct", "node_f1": 69.54, "link_f1": 41.79, "accuracy": 28.17},
    {"name": "GPT-3.5-turbo + GraphSAGE", "node_f1": 70.49, "link_f1": 47.79, "accuracy": 39.74},
    {"name": "CodeLlama-13B + GraphSAGE", "node_f1": 72.81, "link_f1": 45.26, "accuracy": 43.49},
)
"""GNN4TaskPlan (arXiv:2405.19119, table 3), one example in the prompt, on its 500 test requests; answers that could
not be read are left out there. Language models that saw no training request; ours is supervised in-domain."""


@final
@dataclass(frozen=True)
class Settings:
    """How the networks of the benchmark are trained.

    Args:
        steps: Optimiser steps.
        rate: Peak learning rate.
        width: Width of the network.
        count: Candidates of a plan.
        folds: Shares of the requests that confidence and second look are fitted on (see `ToolTraining`); the first
            seed fits them for all.
        seeds: How many seeds, counted from 0.
        only: The rows to measure, out of `KINDS`.
        curve: Numbers of training requests to measure ours with, beside all of them.
        encoder: An encoder from outside that reads beside our own (see `outside`); none where it is empty.
    """

    steps: int = 1500
    rate: float = 2.5e-3
    width: int = 96
    count: int = 8
    folds: int = FOLDS
    seeds: int = 3
    only: Sequence[str] = KINDS
    curve: Sequence[int] = ()
    encoder: str = ""


@final
@dataclass(frozen=True)
class Progress:
    """So much of one part is done."""

    part: str
    done: int
    total: int


@final
@dataclass
class Bench:
    """Measures the rows; `rows` holds the figures once `run` is through."""

    data: UltraTool
    settings: Settings
    rows: list[Row] = field(default_factory=list)
    _judged: dict[tuple[str, int], Judged] = field(default_factory=dict, init=False, repr=False)
    _lesson: tuple[Sequence[Example], Any] | None = field(default=None, init=False, repr=False)

    def run(self) -> Iterator[Progress]:
        """Measure every row, yielding progress."""
        train, test = self.data.train, self.data.test
        if NEAREST in self.settings.only:
            self._plain(NEAREST, nearest_plans(train, test), parameters=0)
            yield Progress(NEAREST, 1, 1)
        if LINEAR in self.settings.only:
            names = [tool.name for tool in self.data.tools]
            started = time.process_time()
            model = fit_logistic(train, names, links=self.data.links)
            spent = time.process_time() - started
            told = model([request.goal for request, _ in test])
            size = model.weights.numel() + model.offset.numel()
            self._plain(LINEAR, told, parameters=size, cpu_seconds=spent)
            yield Progress(LINEAR, 1, 1)
        if UNTAUGHT in self.settings.only:
            yield from self._untaught()
        for kind in (AUTOREGRESSIVE, OURS):
            if kind in self.settings.only:
                yield from self._networks(kind, train)
        for size in self.settings.curve:
            yield from self._networks(OURS, train[:size], name=f"ours, {size} training requests")

    def _plain(self, name: str, told: Sequence[tuple[str, ...]], **facts: float) -> None:
        seen = {plan.tools for _, plan in self.data.train}
        answers = [
            Answer(tools, plan.tools, plan.tools in seen)
            for tools, (_, plan) in zip(told, self.data.test, strict=True)
        ]
        self.rows.append({"name": name, "seeds": 1, **facts, **summary([answers])})

    def _untaught(self) -> Iterator[Progress]:
        """Measure a planner that knows the texts of the tools and nothing else."""
        runs = []
        for seed in range(self.settings.seeds):
            alone = tool_planner(
                self.data.tools,
                links=self.data.links,
                width=self.settings.width,
                count=self.settings.count,
                seed=seed,
            )
            runs.append([*ask(alone, self.data.test, self.data.train, seed=seed)])
            yield Progress(UNTAUGHT, seed + 1, self.settings.seeds)
        self.rows.append(
            {"name": UNTAUGHT, "seeds": len(runs), "examples": 0, **sizes(alone), **summary(runs)}
        )

    def _networks(self, kind: str, train: Sequence[Example], *, name: str = "") -> Iterator[Progress]:
        runs, spent, size = [], [], {}
        for seed in range(self.settings.seeds):
            part = f"{name or kind}, seed {seed}"
            started = time.process_time()
            planner = yield from self._train(kind, train, seed=seed, part=part)
            spent.append(time.process_time() - started)
            size = sizes(planner)
            answers = []
            for answer in ask(planner, self.data.test, train, seed=seed):
                answers.append(answer)
                if len(answers) % 50 == 0:
                    yield Progress(f"{part}: asked", len(answers), len(self.data.test))
            runs.append(answers)
        mean = sum(spent) / len(spent)
        outer = f", {self.settings.encoder} beside" if self.settings.encoder else ""
        row = {"name": f"{name or kind}{outer}", "seeds": len(runs), "examples": len(train)}
        row |= {"cpu_seconds": mean, **size}
        self.rows.append({**row, **summary(runs)})

    def _train(
        self, kind: str, train: Sequence[Example], *, seed: int, part: str
    ) -> Generator[Progress, None, ToolPlanner]:
        settings = self.settings
        goals = [request.goal for request, _ in train]
        slots = max(len(plan.steps) for _, plan in train)
        planner = tool_planner(
            self.data.tools,
            links=self.data.links,
            slots=slots,
            encode=encoding(goals, settings.encoder),
            stand=Standing().fit(goals),
            width=settings.width,
            count=settings.count,
            seed=seed,
            compute=Compute("cpu", threads=1),
        )
        recipe = Recipe(
            steps=settings.steps,
            learning_rate=settings.rate,
            warmup=min(100, settings.steps // 5),
            weight_decay=0.02,
            average=0.998,
        )
        if self._lesson is None or self._lesson[0] is not train:  # the same for every seed
            domain: Any = planner.domain
            told = self.data.phrases[: len(train)]
            self._lesson = (train, prepare(domain, train, phrases=told))
        training = ToolTraining(
            planner,
            train,
            recipe=recipe,
            seed=seed,
            lesson=self._lesson[1],
            folds=settings.folds,
            judged=self._judged.get((kind, len(train))),
            second=SECOND,
        )
        process: Any = planner.process
        steps = training.run() if kind == OURS else train_autoregressive(training, process)
        for step in steps:
            if step.step % 20 == 0 or step.step == settings.steps:
                yield Progress(part, step.step, settings.steps)
        made = training.planner
        if isinstance(made.verify, Feasible) and isinstance(made.verify.second, SecondLook):
            calibrate: Any = made.select.calibrate  # type: ignore[attr-defined]
            self._judged[kind, len(train)] = Judged(calibrate, made.verify.second.glance)
        return made


def encoding(goals: Sequence[str], name: str = "") -> Encoder:
    """Return what turns texts into rows: hashed words and letter groups, with an encoder from outside beside them.

    Args:
        goals: What is rare, and the directions of the other encoder, are seen in these.
        name: The encoder from outside (see `outside`); none where it is empty.

    Raises:
        InvalidConfigError: There is no such encoder.
    """
    ours = Lexical().fit(goals, power=RARITY)
    return Beside(ours, Directed.fit(outside(name), goals)) if name else ours


def sizes(planner: ToolPlanner) -> dict[str, int]:
    """Return how many numbers were learned, and how many examples are kept beside them."""
    reading = planner.domain.read  # type: ignore[attr-defined]
    network = sum(weights.numel() for weights in network_of(planner).parameters())
    if not isinstance(reading, Reading) or reading.experience is None:
        return {"parameters": network, "kept_examples": 0}
    known = reading.experience
    learned = known.weights.numel() + known.rest.numel() + known.spread.numel()
    second = getattr(planner.verify, "second", None)
    if isinstance(second, SecondLook):
        learned += sum(
            part.numel() for part in (second.glance.weights, second.glance.offset, second.glance.worth)
        )
    learned += 0 if reading.phrases is None else reading.phrases.weights.numel()
    return {"parameters": network + learned, "kept_examples": len(known.rows)}


def ask(
    planner: ToolPlanner, test: Sequence[Example], train: Sequence[Example], *, seed: int
) -> Iterator[Answer]:
    """Ask one request after the other, text included, and yield the answers."""
    seen = {plan.tools for _, plan in train}
    for request, _ in test[:3]:
        planner.plan(request, seed=seed)  # the first calls of a process are slower
    for request, truth in test:
        wall, cpu = time.perf_counter(), time.process_time()
        plan = planner.plan(request, seed=seed)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        yield Answer(
            plan.chosen.value.tools,
            truth.tools,
            truth.tools in seen,
            confidence=plan.confidence,
            milliseconds=1000 * wall,
            cpu_milliseconds=1000 * cpu,
        )
