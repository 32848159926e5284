"""Speed of the coder and of the fence around programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.embedded import load_writer
from agentic_diffusion_code.evaluate import single
from agentic_diffusion_code.questions import Question, built_in
from agentic_diffusion_code.sandbox import ProcessSandbox

from agentic_diffusion_cli.speed import textbook
from agentic_diffusion_cli.speed.clock import Ceilings, Row, Turns, row
from agentic_diffusion_cli.speed.roofline import beneath, work

SOURCE = "print(sum(range(1000)))"


def writer(compute: Compute) -> Any:
    """Return the writer with the weights that ship."""
    return load_writer(compute=compute)[0]


def asked_of_coder(count: int) -> list[Question]:
    """Return questions that the coder was not trained on."""
    return built_in(seed=20_000, count=count, split="valid")


def written(spelled: Any, questions: Sequence[Question]) -> tuple[int, int]:
    """Write one program for each question; return the tokens and the calls of the network."""
    tokens = calls = 0
    for question in questions:
        *_, sketch = spelled.write(question.request, count=1, seed=0, temperature=0.0)
        tokens, calls = tokens + sketch.tokens, calls + sketch.forwards
    return tokens, calls


def looked(spelled: Any, question: Question, *, count: int = 8) -> None:
    """Read a question and look once at some hidden blocks: the same work, whatever the network makes of it."""
    block = torch.full((count, 16), int(spelled.tokens.mask))
    spelled.model.open(spelled.prompt(question.request)).look(block)


def right(spelled: Any, questions: Sequence[Question]) -> list[float]:
    """Return for each question whether its first program passes the hidden tests."""
    with ProcessSandbox() as fence:
        coder = Coder(spelled, fence)
        return [float(single(coder, each, sandbox=fence).passed) for each in questions]


def programs(compute: Compute, turns: Turns, ceilings: Ceilings) -> Iterator[Row]:
    """Several tokens a call against one, and verdicts of the fence against fresh interpreters without one."""
    spelled, questions = writer(compute), asked_of_coder(3)
    plain = replace(spelled, decoding=replace(spelled.decoding, bound=0.0))
    figures = turns(partial(written, spelled, questions), partial(written, plain, questions))
    (tokens, calls), (all_tokens, all_calls) = written(spelled, questions), written(plain, questions)
    told = {
        "per_second": 1e3 * tokens / float(figures["ms"]["mean"]),
        "tokens_per_forward": tokens / calls,
        "reference_tokens_per_forward": all_tokens / all_calls,
    }
    counted = work(partial(written, spelled, questions), spelled.model.network)
    yield row("the coder, 3 programs", beneath({**figures, **told}, ceilings, counted), "one token a look")
    with ProcessSandbox() as fence:
        fence.run(SOURCE)
        clock = replace(turns, by_clock=True)
        figures = clock(partial(fence.run, SOURCE), partial(textbook.program, SOURCE))
    rate = 1e3 / float(figures["ms"]["mean"])
    told = {**figures, "per_second": rate}
    yield row("verdict of the fence, by the clock", told, "a fresh interpreter, unfenced")
