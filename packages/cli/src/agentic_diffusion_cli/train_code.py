"""The command `train code`: trains the embedded coder on the corpus, the same recipe on a CPU and on a GPU."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    RecomputeOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.progress import bars, gently

PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
"""Dense bf16 operations a second, as the makers state them."""
VALIDATION = 77_000
"""The seed of the validation questions; those of the benchmark count from 10,000."""
DEEP = (0.0, 1.0, 4.0, 4.0)
"""How many stages the deep ones have: about as many as held-out compositions, which are deep because each of their
pairs is a chance to be held out."""

StagesOption: TypeAlias = Annotated[
    str, typer.Option(help="How often programs of one, two, three and four stages are drawn.")
]
TreesOption: TypeAlias = Annotated[
    bool,
    typer.Option("--trees", help="Hide whole nodes of the syntax tree instead of lines and brackets."),
]
PlausibleOption: TypeAlias = Annotated[
    bool, typer.Option("--plausible", help="Wrong tokens that are shown are ones that could be meant.")
]
NaturalOption: TypeAlias = Annotated[
    float,
    typer.Option(min=0, max=0.9, help="Share of rows that are functions of Python's standard library."),
]
AgainstOption: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        help="A benchmark's file; rows that share 13 words in a row with it are left out. Repeatable."
    ),
]
LearningRateOption: TypeAlias = Annotated[
    float, typer.Option(help="Peak rate of AdamW, for embeddings and vectors.")
]
BlocksOption: TypeAlias = Annotated[
    str,
    typer.Option(help="Tokens denoised together, one size drawn for each step; 0 is the whole program."),
]
EarlyOption: TypeAlias = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of the steps that begin with blocks of 1, 2 and 4 tokens."),
]
BeginOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder of a run of the same sizes to begin with.")
]
QuestionsOption: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Validation questions that confidence is fitted to; 0 leaves it out.")
]


def code(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write.")],
    steps: Annotated[int, typer.Option(min=1, help="Optimiser steps.")] = 10_000,
    rows: Annotated[int, typer.Option(min=1, help="Rows of data in a step.")] = 8,
    width: Annotated[int, typer.Option(min=2, help="Width of the transformer.")] = 128,
    depth: Annotated[int, typer.Option(min=1, help="Layers.")] = 5,
    heads: Annotated[int, typer.Option(min=1, help="Attention heads.")] = 4,
    languages: Annotated[str, typer.Option(help="Languages of the corpus, with commas.")] = "python",
    longest: Annotated[int, typer.Option(min=8, help="Tokens of the longest program.")] = 144,
    stages: StagesOption = "0.2,0.4,0.27,0.13",
    trees: TreesOption = False,
    plausible: PlausibleOption = False,
    natural: NaturalOption = 0.0,
    against: AgainstOption = None,
    length: Annotated[int, typer.Option(min=0, help="Packed row; 0 packs rows of like size, for a CPU.")] = 0,
    learning_rate: LearningRateOption = 3.5e-3,
    muon: Annotated[float, typer.Option(help="Peak rate of Muon, for all other matrices.")] = 2e-2,
    warmup: Annotated[int, typer.Option(min=0, help="Steps of warm-up.")] = 60,
    blocks: BlocksOption = "4,8,8,0",
    early: EarlyOption = 0.25,
    begin: BeginOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 0,
    questions: QuestionsOption = 0,
    every: Annotated[int, typer.Option(min=1, help="Steps between checkpoints.")] = 100,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    recompute: RecomputeOption = False,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Train the embedded coder; interrupted, the same command goes on where it stopped.

    About 1.5 million parameters by default, for a CPU. About 40 million for one GPU and half an hour:
    --width 512 --depth 12 --heads 8 --rows 512 --length 512 --longest 256 --languages python,javascript,typescript
    --precision bf16 --compile.
    """
    from agentic_diffusion.denoising.nn.block import Shape
    from agentic_diffusion_code.lessons import Manner
    from agentic_diffusion_code.model.train import Recipe
    from agentic_diffusion_code.school import Course
    from agentic_diffusion_code.tokens import Vocabulary

    compute = compute_of(
        device, precision, matmul=matmul, compiles=compile_, threads=threads, recompute=recompute
    )
    recipe = Recipe(
        steps=steps,
        rows=rows,
        learning_rate=learning_rate,
        muon=muon,
        warmup=warmup,
        blocks=_sizes(blocks),
        early_share=early,
        length=length,
        seed=seed,
    )
    course = Course(
        Shape(Vocabulary.load().size, width, depth, heads),
        recipe,
        languages=tuple(languages.split(",")),
        manner=Manner(longest=longest, trees=trees),
        depths=_weights(stages),
        plausible=plausible,
        natural=natural,
        benchmarks=tuple(against or ()),
    )
    facts = {"command": report.typed(), "hardware": machine.facts(compute.where), **machine.commit()}
    follow(course, out, compute=compute, every=every, begin=begin, facts=facts)
    if questions:
        fit(out, questions=questions, compute=compute)
    report.say_next(f"agentic-diffusion bench code --tasks builtin --weights {out}")


def _sizes(text: str) -> tuple[int, ...]:
    from agentic_diffusion.errors import InvalidConfigError

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts):
        raise InvalidConfigError(f"--blocks {text!r}", "whole numbers with commas", "Write such as 4,8,8,0.")
    return tuple(map(int, parts))


def _weights(text: str) -> tuple[float, ...]:
    from agentic_diffusion.errors import InvalidConfigError

    try:
        return tuple(map(float, text.split(",")))
    except ValueError as error:
        raise InvalidConfigError(
            f"--stages {text!r}", "numbers with commas", "Write such as 1,4,6,6."
        ) from error


def follow(
    course: Any, out: Path, *, compute: Any, every: int, begin: Path | None = None, facts: dict[str, Any]
) -> None:
    """Train with a bar; tokens a second and the share of the machine's peak are measured and shown."""
    from contextlib import closing

    from agentic_diffusion_code.school import train

    begun, tokens, flops, smooth, made = time.perf_counter(), 0, 0.0, 0.0, 0
    steps = course.recipe.steps
    training = train(course, out, compute=compute, every=every, begin=begin, facts=facts)
    with bars(keep=True) as shown, gently() as asked, closing(training):
        task = shown.add_task("Training the coder", total=steps, note="")
        for progress in training:
            made += 1
            tokens, flops = tokens + progress.tokens, flops + progress.flops
            smooth += (progress.loss - smooth) * max(0.02, 1 / made)
            rate = tokens / (time.perf_counter() - begun)
            shown.update(task, completed=progress.step, note=f"loss {smooth:.3f}  {rate:,.0f} tokens/s")
            if asked.is_set() and progress.step < steps:
                word = f"Step {progress.step - progress.step % every} of {steps} is kept; the command goes on there."
                raise KeyboardInterrupt(word)
    seconds = time.perf_counter() - begun
    said = f"{made} steps in {seconds:.0f} s, {tokens / seconds:,.0f} tokens/s, {flops / seconds / 1e9:,.0f} GFLOP/s"
    peak = peak_of(facts["hardware"])
    said += f", {100 * flops / seconds / peak:.1f} % of the machine's peak" if peak else ""
    report.out().print(said)


def fit(out: Path, *, questions: int, compute: Any) -> None:
    """Fit the chance to pass on validation questions, half of them deep, and write it into the card of the weights.

    As many held-out compositions, none of the benchmark's, say how much less is right of what is unlike the training.
    """
    from dataclasses import replace

    from agentic_diffusion import store
    from agentic_diffusion.errors import InvalidConfigError
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.evaluate import calibrated
    from agentic_diffusion_code.questions import built_in
    from agentic_diffusion_code.sandbox import ProcessSandbox

    asked = built_in(seed=VALIDATION, count=questions - questions // 2, split="valid")
    asked += built_in(seed=VALIDATION + 1, count=questions // 2, split="valid", depths=DEEP)
    harder = built_in(seed=VALIDATION + 2, count=questions)
    with ProcessSandbox() as sandbox, bars() as shown:
        task = shown.add_task("Fitting confidence", total=questions, note="")
        coder = replace(load_coder(out, sandbox=sandbox, rounds=1, compute=compute), confidence=None)
        try:
            fitted = calibrated(
                coder,
                asked,
                sandbox=sandbox,
                harder=harder,
                tell=lambda _, done, total: shown.update(task, completed=done),
            )
        except InvalidConfigError as error:
            report.err().print(f"Confidence was not fitted: {error.given}.", style="yellow")
            return
    bundle = store.load(out)
    store.save(out, bundle.tensors, {**bundle.card, "confidence": fitted.model_dump(mode="json")})
    report.out().print(f"Confidence fitted to {questions} validation questions.")


def peak_of(hardware: dict[str, Any]) -> float | None:
    """Return the operations a second of a GPU that is known; None for anything else."""
    name = str(hardware)
    return next((peak for word, peak in PEAK.items() if word in name), None)
