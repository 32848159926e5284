"""The loss: the entropy of chance at first, and little after a few steps on one row."""

import math

import numpy as np
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code.model.objective import hits, surprise
from agentic_diffusion_code.model.rows import Noise, Row, noisy, packed


def test_a_row_is_learnt() -> None:
    torch.manual_seed(0)
    network = BlockTransformer(Shape(16, width=32, depth=1, heads=2))
    row, rng = Row((5, 6), (7, 8, 9, 10, 2)), np.random.default_rng(0)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    before = 0.0
    for step in range(60):
        size = (2, 0)[step % 2]
        pieces = [noisy(row, Noise(0, 1), size=size, rng=rng) for _ in range(4)]
        batch = packed(pieces, length=32, pad=0)
        loss = surprise(network, batch)
        before = before or float(loss.detach())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert abs(before - math.log(16)) < 1.5
    assert float(loss.detach()) < 0.5
    assert float(hits(network, batch)) > 0.8
