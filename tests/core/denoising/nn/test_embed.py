"""Embeddings of time and context."""

import math

import torch
from agentic_diffusion.denoising.nn.embed import ContextEmbedding, TimeEmbedding


def test_time_is_sines_and_cosines_of_a_geometric_grid() -> None:
    torch.manual_seed(0)
    embed = TimeEmbedding(8, frequencies=4)
    angles = [0.3 * 1000 ** (k / 3) for k in range(4)]
    waves = torch.tensor([[math.sin(a) for a in angles] + [math.cos(a) for a in angles]])
    assert torch.allclose(embed(torch.tensor([0.3])), embed.net(waves), atol=1e-4)
    assert "grid" not in embed.state_dict()


def test_a_context_that_is_missing_or_left_out_is_the_learned_stand_in() -> None:
    embed = ContextEmbedding(2, 3)
    torch.nn.init.constant_(embed.missing, 5.0)
    vector = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    given = embed.net(vector)
    assert torch.equal(embed({"context": vector}), given)
    assert embed({}).tolist() == [[5.0, 5.0, 5.0]]
    mixed = embed({"context": vector, "told": torch.tensor([1.0, 0.0])})
    assert torch.equal(mixed[0], given[0])
    assert mixed[1].tolist() == [5.0, 5.0, 5.0]


def test_a_number_that_all_rows_share_is_embedded_once() -> None:
    torch.manual_seed(0)
    embed = TimeEmbedding(8)
    shared = embed(torch.tensor(0.3).expand(5))
    assert shared.shape == (1, 8)
    assert torch.allclose(embed(torch.full((5,), 0.3)), shared.expand(5, 8), atol=1e-6)
