"""Measures the corpus: whether its programs parse and are right, and whether its cases notice wrong ones."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from agentic_diffusion_code.corpus import ir, mutate
from agentic_diffusion_code.corpus.compose import compose, draw_stages
from agentic_diffusion_code.corpus.decontaminate import Decontaminator
from agentic_diffusion_code.corpus.evaluate import UnfitError, compile_program
from agentic_diffusion_code.corpus.render import LANGUAGES, UnsayableError, render
from agentic_diffusion_code.corpus.rows import cases_of, generate
from agentic_diffusion_code.corpus.task import Task
from agentic_diffusion_code.corpus.wording import Wording
from agentic_diffusion_code.language import by_name
from agentic_diffusion_code.sandbox import Limits, ProcessSandbox
from agentic_diffusion_code.sandbox.base import MIB
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.tokens import Vocabulary
from agentic_diffusion_code.verify import verify

Progress = Callable[[str, int, int], None]
Z = 1.959964
PATIENT = Limits(wall_seconds=120.0, cpu_seconds=60.0, memory_bytes=512 * MIB)
"""Limits for right programs on a busy machine: compilers and the Java machine take seconds to begin."""


def share(hits: int, n: int) -> dict[str, Any]:
    """Return a percentage with its 95 % interval: Wilson's, which is honest at 0 and at 100."""
    if n == 0:
        return {"mean": 0.0, "ci95": [0.0, 100.0], "n": 0}
    p = hits / n
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * ((p * (1 - p) / n + Z * Z / (4 * n * n)) ** 0.5) / (1 + Z * Z / n)
    return {
        "mean": 100 * p,
        "ci95": [max(0.0, 100 * (middle - half)), min(100.0, 100 * (middle + half))],
        "n": n,
    }


def mean(values: Sequence[float]) -> dict[str, Any]:
    """Return a mean with its 95 % interval over seeds."""
    n = len(values)
    middle = sum(values) / n
    spread = (sum((value - middle) ** 2 for value in values) / (n - 1)) ** 0.5 if n > 1 else 0.0
    half = Z * spread / n**0.5
    return {"mean": middle, "ci95": [middle - half, middle + half], "n": n}


def run_bench(
    *,
    seeds: int,
    tasks: int,
    executed: int,
    against: Sequence[Path] = (),
    languages: Sequence[str] = LANGUAGES,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Return one row for each language.

    Args:
        seeds: Seeds of the corpus, from 0.
        tasks: Tasks drawn for each seed and language.
        executed: How many of them are run in the fence, where the language answers calls here.
        languages: Which languages.
        against: Benchmarks to compare with for copied passages.
        progress: Told what is done: a name, how much, of how much.
    """
    tell = progress or (lambda name, done, total: None)
    words = Vocabulary.load()
    filter_ = Decontaminator.of_files(against) if against else None
    found = []
    with ProcessSandbox() as sandbox:
        for place, language in enumerate(languages):
            tell(language, place, len(languages))
            drawn, rates = _drawn(language, seeds=seeds, tasks=tasks)
            row = _figures(drawn, language, words)
            row["tasks_each_cpu_second"] = mean(rates)
            row["sayable_percent"] = _sayable(language, seeds=seeds, tasks=tasks)
            row |= _executed(drawn, language, sandbox=sandbox, count=executed)
            if filter_ is not None:
                clean = sum(1 for _ in filter_.clean(drawn))
                row["shares_a_passage_percent"] = share(len(drawn) - clean, len(drawn))
            found.append(row)
        found.append(_mutants(seeds=seeds, tasks=max(12, tasks // 2)))
    tell("done", len(languages), len(languages))
    return found


def _drawn(language: str, *, seeds: int, tasks: int) -> tuple[list[Task], list[float]]:
    drawn: list[Task] = []
    rates = []
    for seed in range(seeds):
        begun = time.process_time()
        drawn += islice(generate(seed=seed, languages=(language,)), tasks)
        rates.append(tasks / max(1e-9, time.process_time() - begun))
    return drawn, rates


def _sayable(language: str, *, seeds: int, tasks: int) -> dict[str, Any]:
    """Return the share of compositions that a language can say; the others are refused and never patched over."""
    said = tried = 0
    for seed in range(seeds):
        rng = random.Random(2000 + seed)  # noqa: S311  chance that can be repeated, not secrecy
        for _ in range(tasks):
            stages = draw_stages(rng)
            if not stages:
                continue
            made = compose(stages, rng, Wording(rng, seen_only=True))
            tried += 1
            try:
                render(made.program, language)
            except UnsayableError:
                continue
            said += 1
    return share(said, tried)


def _figures(drawn: Sequence[Task], language: str, words: Vocabulary) -> dict[str, Any]:
    parsed = sum(by_name(language).check(task.source).passed for task in drawn)
    exact = sum(words.decode(words.encode(task.source, language), language) == task.source for task in drawn)
    lengths = [float(len(words.encode(task.source, language))) for task in drawn]
    return {
        "name": "ours",
        "language": language,
        "parse_percent": share(parsed, len(drawn)),
        "round_trip_percent": share(exact, len(drawn)),
        "distinct_sources_percent": share(len({task.source for task in drawn}), len(drawn)),
        "distinct_compositions_percent": share(len({task.stages for task in drawn}), len(drawn)),
        "tokens": mean(lengths),
        "cases": mean([float(len(task.cases)) for task in drawn]),
    }


def _executed(drawn: Sequence[Task], language: str, *, sandbox: ProcessSandbox, count: int) -> dict[str, Any]:
    tools = toolchain(language)
    if tools is None:
        return {"executed": f"toolchain missing: no {language} on this machine"}
    chosen = list(drawn[:: max(1, len(drawn) // max(1, count))])[:count]
    passed = sum(verify(task.source, task.asked(), sandbox=sandbox, limits=PATIENT).passed for task in chosen)
    native = [by_name(language).check(task.source, sandbox) for task in chosen]
    return {
        "executed": "in the fence",
        "right_percent": share(passed, len(chosen)),
        "native_check_percent": share(sum(verdict.passed for verdict in native), len(chosen)),
    }


def _mutants(*, seeds: int, tasks: int) -> dict[str, Any]:
    """Return how many wrong variants fail a case, over all places of a change and not only those that were tried."""
    killed = tried = kept = asked = 0
    for seed in range(seeds):
        rng = random.Random(1000 + seed)  # noqa: S311  chance that can be repeated, not secrecy
        for _ in range(tasks):
            stages = draw_stages(rng)
            if not stages:
                continue
            made = compose(stages, rng, Wording(rng, seen_only=True))
            asked += 1
            cases = cases_of(made, rng)
            if cases is None:
                continue
            kept += 1
            for wrong in mutate.mutants(made.program, 6, rng):
                tried += 1
                killed += any(not _agrees(wrong, arguments, answer) for arguments, answer in cases)
    return {
        "name": "ours",
        "language": "the form behind them",
        "mutants_killed_percent": share(killed, tried),
        "compositions_kept_percent": share(kept, asked),
    }


def _agrees(program: ir.Program, arguments: Sequence[Any], answer: object) -> bool:
    try:
        return compile_program(program)(arguments) == answer
    except (UnfitError, KeyError):
        return False
