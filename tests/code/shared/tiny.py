"""A tiny network that is torn between a right and a wrong program, for tests of learning from outcomes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, asked
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Embedded, Marks
from agentic_diffusion_code.model.rows import Noise, Row
from agentic_diffusion_code.model.train import Recipe, Run
from agentic_diffusion_code.writer import TokenWriter
from library import Lexemes

DEEDS = {
    "doubles": "x + x",
    "squares": "x * x",
    "halves": "x / 2",
    "negates": "0 - x",
    "keeps": "x + 0",
    "zeroes": "x - x",
}
WRONG = "x + 1"
NUMBERS = {
    "doubles": (3, 6),
    "squares": (3, 9),
    "halves": (4, 2.0),
    "negates": (3, -3),
    "keeps": (3, 3),
    "zeroes": (3, 0),
}


def program(body: str) -> str:
    return f"{body}\n"


def request(deed: str) -> CodeRequest:
    given, wanted = NUMBERS[deed]
    return asked(f"{deed} it", [f"f({given}) == {wanted!r}"])


def torn(seed: int, *, steps: int = 60, right: float = 0.5) -> tuple[Coder, Lexemes]:
    """Return a coder whose network writes the right program in so many cases, and the same wrong one otherwise."""
    tokens = Lexemes()
    writer = TokenWriter(None, tokens, Decoding(block=4, bound=0.1))  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    deeds = list(DEEDS)

    def rows() -> Iterator[Row]:
        while True:
            deed = deeds[int(rng.integers(len(deeds)))]
            body = DEEDS[deed] if rng.random() < right else WRONG
            code = (*tokens.encode(program(body), "python"), tokens.end)
            yield Row(writer.prompt(request(deed)), code)

    torch.manual_seed(seed)
    network = BlockTransformer(Shape(tokens.size, width=24, depth=1, heads=2))
    recipe = Recipe(
        steps=steps, rows=16, learning_rate=1e-2, warmup=5, pool=2, blocks=(4,), early_share=0.0, seed=seed
    )
    run = Run(network, Noise(tokens.pad, tokens.mask), recipe)
    for _ in run.run(rows()):
        pass
    network.load_state_dict(run.averaged())
    marks = Marks(tokens.mask, tokens.end, tokens.pad)
    model = Embedded(network.eval().requires_grad_(False), marks)
    whole = TokenWriter(model, tokens, Decoding(block=4, bound=0.1))
    return Coder(whole, count=0, rounds=0, lints=False), tokens
