"""What syntax costs while programs are denoised: bars on impossible tokens, and the judging of beginnings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from agentic_diffusion.compute import Compute
from agentic_diffusion_code.questions import Question, built_in

from agentic_diffusion_cli.speed.clock import Row, row, score, seconds
from agentic_diffusion_cli.speed.programs import writer

QUESTIONS = 24
NONE, BARS, ALL = "no syntax", "bars on impossible tokens", "bars, and beginnings judged"


def syntax(compute: Compute, repeats: int, *, questions: int = QUESTIONS) -> Iterator[Row]:
    """Most likely programs without search, question by question with all of it, with bars alone and with none.

    `extra` is how much more processor time a way takes than none does, as a share, over turns; the ways take turns at
    each question. `extra_a_call` is the same of each call of the network: what is judged to be lost is written anew,
    which takes calls. `same` is how many programs are those without judging.

    Args:
        compute: Where to compute.
        repeats: Turns; one before them warms up and is not counted.
        questions: How many, of the split `valid`.
    """
    spelled = writer(compute)
    barred = replace(spelled, viable=None)
    ways = {ALL: spelled, BARS: barred, NONE: replace(barred, syntax=None)}
    asked = built_in(seed=88_000, count=questions, split="valid")
    turns = [_turn(ways, asked) for _ in range(repeats + 1)][1:]
    sources = {name: _written(way, asked) for name, way in ways.items()}
    plain = [1e3 * turn[NONE] for turn in turns]
    calls = {way: sum(each for _, each in told) for way, told in sources.items()}
    for name in (BARS, ALL):
        mine = [1e3 * turn[name] for turn in turns]
        ratios = [ours / other for ours, other in zip(mine, plain, strict=True)]
        told = {
            "ms": score(mine),
            "reference_ms": score(plain),
            "speedup": score([1 / ratio for ratio in ratios]),
            "extra": score([ratio - 1 for ratio in ratios]),
            "extra_a_call": score([ratio * calls[NONE] / calls[name] - 1 for ratio in ratios]),
            "clock_p50_ms": 0.0,
            "same": sum(a == b for (a, _), (b, _) in zip(sources[name], sources[BARS], strict=True)),
            "calls": calls[name],
            "reference_calls": calls[NONE],
        }
        yield row(f"{questions} programs, {name}", told, NONE)


def _turn(ways: Mapping[str, Any], asked: list[Question]) -> dict[str, float]:
    """Return the processor time of each way; which comes first changes from question to question."""
    spent = dict.fromkeys(ways, 0.0)
    for place, question in enumerate(asked):
        names = list(ways)[place % len(ways) :] + list(ways)[: place % len(ways)]
        for name in names:
            spent[name] += seconds(partial(_one, ways[name], question))
    return spent


def _one(way: Any, question: Question) -> tuple[str, int]:
    head = way.head(question.request)
    *_, sketch = way.drafted(question.request, head, count=1, seed=0, temperature=0.0)
    return sketch.sources[0], sketch.forwards


def _written(way: Any, asked: list[Question]) -> list[tuple[str, int]]:
    return [_one(way, question) for question in asked]
