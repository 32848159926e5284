"""Trains the embedded coder on the corpus: one resumable run, from a seed to a folder of weights and a card."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import torch
from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import InvalidConfigError

from .confidence import words_of
from .corpus import Task, generate
from .corpus.compose import DEPTH_WEIGHTS
from .corpus.decontaminate import Decontaminator
from .corpus.natural import mixed, written
from .embedded import SHAPE, save_model
from .lessons import Lesson, Manner, rows
from .model.quantise import restore
from .model.rows import Noise, Row
from .model.train import Progress, Recipe, Run
from .noise import corrupt_visible
from .tokens import Vocabulary

CHECKPOINT = "run"
KIND = "embedded coder"
WORDS = 2000
BOUND = 0.1
"""Joint uncertainty in nats that one move may accept; chosen on 60 questions of the split `valid`."""


@final
@dataclass(frozen=True)
class Course:
    """What to train, and on what.

    Args:
        shape: The sizes of the network.
        recipe: How to train.
        languages: The languages of the corpus.
        manner: How lessons differ from the corpus.
        depths: How often programs of one, two, three and four stages are drawn.
        plausible: Whether wrong tokens that are shown are ones that could be meant (`noise`), instead of any.
        natural: Share of rows that are documented functions of the standard library of the running Python.
        benchmarks: Files of benchmarks; rows that share 13 neighbouring words with one are left out.
    """

    shape: Shape
    recipe: Recipe
    languages: tuple[str, ...] = ("python",)
    manner: Manner = field(default_factory=Manner)
    depths: tuple[float, ...] = DEPTH_WEIGHTS
    plausible: bool = False
    natural: float = 0.0
    benchmarks: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.natural < 1 or (self.natural and "python" not in self.languages):
            raise InvalidConfigError(
                f"natural={self.natural} with the languages {', '.join(self.languages)}",
                "a share of at least 0 and below 1, and python among the languages where it is above 0",
                "Leave it at 0, or add python.",
            )

    def settings(self, vocabulary: Vocabulary) -> dict[str, Any]:
        """Return what makes one run another, as plain data; the length of the run is not part of it."""
        recipe = {name: value for name, value in asdict(self.recipe).items() if name != "steps"}
        plain: dict[str, Any] = {
            "shape": {name: getattr(self.shape, name) for name in SHAPE},
            "recipe": recipe,
            "languages": self.languages,
            "manner": asdict(self.manner),
            "depths": self.depths,
            "tokens": vocabulary.fingerprint,
        }
        if not self.manner.trees:  # runs from before it was there go on
            del plain["manner"]["trees"]
        plain |= {"plausible": True} if self.plausible else {}
        plain |= {"natural": self.natural} if self.natural else {}
        known = [hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in self.benchmarks]
        plain |= {"benchmarks": known} if known else {}
        return json.loads(json.dumps(plain))  # type: ignore[no-any-return]


def lessons(course: Course, vocabulary: Vocabulary, *, start: int) -> Iterator[Row]:
    """Yield training rows without end; another start gives other tasks."""
    seed = course.recipe.seed * 1_000_003 + start
    tasks: Iterator[Lesson] = generate(
        seed=seed, languages=course.languages, split="train", depths=course.depths
    )
    if course.natural:
        tasks = mixed(tasks, written(), share=course.natural, seed=seed)
    if course.benchmarks:
        tasks = Decontaminator.of_files(course.benchmarks).clean(tasks)
    return rows(tasks, vocabulary, seed=seed, manner=course.manner)


def noise_of(course: Course, vocabulary: Vocabulary) -> Noise:
    """Return how the programs of a course are hidden and spoilt."""

    def plausible(tokens: Sequence[int], share: float, seed: int) -> list[int]:
        rng = random.Random(seed)  # noqa: S311  chance that can be repeated
        return corrupt_visible(tokens, rng, share=share, vocabulary=vocabulary)

    return Noise(vocabulary.pad, vocabulary.mask, plausible=plausible if course.plausible else None)


def train(
    course: Course,
    folder: Path,
    *,
    compute: Compute | None = None,
    every: int = 100,
    begin: Path | None = None,
    facts: Mapping[str, Any],
) -> Generator[Progress, None, None]:
    """Train into a folder; stopped at any step, the same call goes on from the last checkpoint.

    Args:
        course: What to train.
        folder: Where weights, card and, until the end, the checkpoint go.
        compute: Device and precision.
        every: Steps between checkpoints.
        begin: A folder of another run of these sizes to begin with instead of with chance; its card is told in the new
            one. Weights that it lacks, of a part that was added since, begin at zero, where they change nothing.
        facts: What else the card says: command, commit, hardware.

    Raises:
        InvalidConfigError: The folder holds a run with other settings, or the one to begin with has other sizes.
        StoreError: The checkpoint is damaged, or the disk refused.
    """
    vocabulary = Vocabulary.load()
    settings = course.settings(vocabulary)
    torch.manual_seed(course.recipe.seed)
    network = BlockTransformer(course.shape)
    run = Run(network, noise_of(course, vocabulary), course.recipe, compute or Compute())
    origin = {} if begin is None else {"begun_with": _begin(run, begin, settings)}
    before = _resume(run, folder / CHECKPOINT, settings)
    about = {**_about(course), "kind": KIND, "parameters": sum(p.numel() for p in network.parameters())}
    seconds, tokens, flops = 0.0, 0, 0.0
    for progress in run.run(lessons(course, vocabulary, start=run.step)):
        seconds, tokens = seconds + progress.seconds, tokens + progress.tokens
        flops += progress.flops
        if progress.step % every == 0 or progress.step == course.recipe.steps:
            tensors, place = run.state()
            store.save(
                folder / CHECKPOINT, tensors, {**place, "settings": settings, "seconds": before + seconds}
            )
            known = {**facts, **_told(settings), **about, **origin, "seed": course.recipe.seed}
            known |= {"step": progress.step, "timed_steps": progress.step, "loss": round(progress.loss, 4)}
            known |= {"seconds": round(before + seconds, 1), "seconds_this_time": round(seconds, 1)}
            known |= {
                "tokens_per_second": round(tokens / seconds),
                "flops_per_second": float(f"{flops / seconds:.3g}"),
            }
            known["decoding"] = {"block": min(filter(None, course.recipe.blocks), default=16), "bound": BOUND}
            weights = run.averaged()
            save_model(folder, weights, shape=course.shape, vocabulary=vocabulary, facts=known)
        yield progress


def _told(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that `save_model` does not write itself."""
    return {name: value for name, value in settings.items() if name not in ("shape", "tokens")}


def _about(course: Course) -> dict[str, Any]:
    """Return what the card says of the data: a hash of the first tasks, and the words of their descriptions."""
    tasks = first(course, WORDS)
    said = "\n".join(task.id for task in tasks[:64])
    data = hashlib.sha256(said.encode()).hexdigest()[:16]
    return {"data": data, "words": sorted(words_of([task.description for task in tasks]))}


def _begin(run: Run, folder: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Take the averaged weights of another run as the first ones, and return what tells which run that was.

    Where the checkpoint is gone, as in the folder that ships, its weights in eight bits serve, and the card says so.
    """
    finished = store.load(folder)
    card, found = finished.card, restore(finished.tensors)
    there: Any = card
    exact = (folder / CHECKPOINT / store.CARD).is_file()
    if exact:
        bundle = store.load(folder / CHECKPOINT)
        there = bundle.card.get("settings")
        found = {k.removeprefix("average/"): v for k, v in bundle.tensors.items() if k.startswith("average/")}
    if not isinstance(there, dict) or any(there.get(name) != settings[name] for name in ("shape", "tokens")):
        raise InvalidConfigError(
            f"a run of other sizes or another vocabulary in {folder}",
            f"{settings['shape']}",
            "Give the same width, depth and heads, or begin anew.",
        )
    run.begin({name: found.get(name, torch.zeros_like(value)) for name, value in run.average.items()})
    told = {name: card[name] for name in ("command", "commit", "step", "data", "recipe") if name in card}
    told["precision"] = "fp32" if exact else "int8"
    return {**told, "begun_with": card["begun_with"]} if "begun_with" in card else told


def _resume(run: Run, folder: Path, settings: Mapping[str, Any]) -> float:
    """Take a run up where its checkpoint left it, and return how many seconds it had taken."""
    if not (folder / store.CARD).is_file():
        return 0.0
    bundle = store.load(folder)
    if bundle.card.get("settings") != settings:
        raise InvalidConfigError(
            f"a checkpoint with other settings in {folder}",
            "a run with the same sizes, recipe, corpus and vocabulary",
            "Give the settings it was started with, or another folder.",
        )
    run.resume(bundle.tensors, bundle.card)
    taken = bundle.card.get("seconds", 0.0)
    return float(taken) if isinstance(taken, int | float) else 0.0


def first(course: Course, count: int) -> Sequence[Task]:
    """Return the first tasks of a course."""
    seed = course.recipe.seed * 1_000_003
    tasks = generate(seed=seed, languages=course.languages, split="train", depths=course.depths)
    return [next(tasks) for _ in range(count)]
