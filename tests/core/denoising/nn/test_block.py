"""The block transformer: rotary positions are relative, and the cache is exact."""

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape, joined, left_of, rotate, unit

SMALL = Shape(11, width=16, depth=2, heads=2)


@pytest.fixture
def network() -> BlockTransformer:
    torch.manual_seed(0)
    return BlockTransformer(SMALL).eval()


def test_sizes_are_checked() -> None:
    assert Shape(10, width=192).hidden == 512
    assert Shape(10, width=12, heads=2, inner=7).hidden == 7
    for bad in ({"vocabulary": 0}, {"vocabulary": 5, "width": 10, "heads": 2}):
        with pytest.raises(ValueError, match="Choose other numbers"):
            Shape(**bad)


def test_the_norm_and_its_gradient_are_those_of_torch() -> None:
    torch.manual_seed(0)
    x, along = torch.randn(3, 5, 8, requires_grad=True), torch.randn(3, 5, 8)
    ours, theirs = unit(x), torch.nn.functional.rms_norm(x, (8,), None, 1e-6)
    assert torch.allclose(ours, theirs, atol=1e-6)
    (mine,) = torch.autograd.grad(ours, x, along, retain_graph=True)
    (torchs,) = torch.autograd.grad(theirs, x, along)
    assert torch.allclose(mine, torchs, atol=1e-5)
    assert torch.allclose(unit(x.detach()), theirs, atol=1e-6)


def test_turning_keeps_lengths_and_shows_only_differences() -> None:
    x, y = torch.randn(2, 1, 1, 1, 8).unbind()
    assert torch.allclose(rotate(x.double(), (torch.ones(4), torch.zeros(4))), x.double())
    turns = 10_000.0 ** (-torch.arange(4) / 4)

    def at(value: torch.Tensor, place: float) -> torch.Tensor:
        angle = place * turns
        return rotate(value, (angle.cos(), angle.sin()))

    assert torch.allclose(at(x, 5.0).norm(), x.norm())
    slow = rotate(x.double(), ((2.0 * turns).cos(), (2.0 * turns).sin()))
    assert torch.allclose(slow.float(), at(x, 2.0), atol=1e-6)
    assert torch.allclose((at(x, 7.0) * at(y, 4.0)).sum(), (at(x, 3.0) * at(y, 0.0)).sum(), atol=1e-5)


def test_cached_is_uncached(network: BlockTransformer) -> None:
    tokens, position = torch.randint(0, 11, (2, 9)), torch.arange(-4, 5)[None]
    block = torch.tensor([0, 0, 0, 0, 1, 1, 2, 2, 2])
    mask = (block[:, None] >= block[None])[None, None]
    whole, _ = network(tokens, position, mask)
    past, left = (), left_of(tokens)
    parts = []
    for each in range(3):
        here = block == each
        hidden, fresh = network(tokens[:, here], position[:, here], before=left[:, here], past=past)
        past = joined(past, fresh)
        parts.append(hidden)
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-5)


def test_the_token_before_is_carried(network: BlockTransformer) -> None:
    tokens = torch.tensor([[3, 4, 5], [6, 7, 8]])
    assert left_of(tokens).tolist() == [[-1, 3, 4], [-1, 6, 7]]
    assert left_of(tokens, torch.tensor([1, 2])).tolist() == [[1, 3, 4], [2, 6, 7]]
    alone = torch.eye(3, dtype=torch.bool)[None, None]
    place = torch.zeros(1, 3, dtype=torch.long)
    plain, _ = network(tokens, place, alone)
    other, _ = network(torch.tensor([[9, 4, 5], [6, 7, 8]]), place, alone)
    assert not torch.allclose(plain[0, 1], other[0, 1])
    assert torch.equal(plain[0, 2], other[0, 2])


def test_one_row_is_like_many(network: BlockTransformer) -> None:
    tokens, position = torch.randint(0, 11, (4, 6)), torch.arange(6)[None]
    many = network.logits(network(tokens, position)[0])
    one = torch.cat([network.logits(network(row[None], position)[0]) for row in tokens])
    assert many.shape == (4, 6, 11)
    assert torch.allclose(many, one, atol=1e-5)


def test_joining_repeats_what_is_shared(network: BlockTransformer) -> None:
    _, shared = network(torch.zeros(1, 3, dtype=torch.long), torch.arange(3)[None])
    _, own = network(torch.ones(2, 2, dtype=torch.long), torch.arange(3, 5)[None])
    both = joined(shared, own)
    assert both[1][0].shape == (2, 2, 5, 8)
    assert joined((), shared) is shared
    assert joined() == ()
