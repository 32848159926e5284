"""Pieces: blocks lie where torch puts them, and networks are emptied and refilled without losing anything."""

import pytest
import torch
from agentic_diffusion.compute.distributed import Cuts, cuts, unfilled
from agentic_diffusion.compute.distributed.pieces import emptied, shard
from agentic_diffusion.errors import InvalidConfigError
from torch import nn


@pytest.mark.parametrize("rows", [0, 1, 2, 5, 12])
@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_rows_are_dealt_as_torch_deals_them(rows, size) -> None:
    whole = torch.arange(float(rows * 3)).reshape(rows, 3)
    for dim, like in ((0, whole), (1, whole.t())):
        chunks = like.chunk(size, dim)
        for rank in range(size):
            ((offset, shape),) = shard(like.shape, dim, rank=rank, size=size)
            found = cuts({"x": like}).cut("x", offset, shape)
            expected = chunks[rank] if rank < len(chunks) else like.narrow(dim, 0, 0)
            assert torch.equal(found, expected)


def test_each_part_of_a_stacked_weight_is_divided() -> None:
    stacked = torch.arange(12.0)  # queries, keys and values of two heads, two rows each
    found = [
        [cuts({"x": stacked}).cut("x", *where).tolist() for where in shard((12,), 0, rank=r, size=2, parts=3)]
        for r in range(2)
    ]
    assert found == [[[0, 1], [4, 5], [8, 9]], [[2, 3], [6, 7], [10, 11]]]


def test_whole_tensors_can_be_cut() -> None:
    source = cuts({"x": torch.arange(6.0).reshape(2, 3), "one": torch.tensor(7)})
    assert isinstance(source, Cuts)
    assert cuts(source) is source
    assert (list(source), source.shape("x"), source.shape("one")) == (["x", "one"], (2, 3), ())
    assert source.cut("x", (1, 1), (1, 2)).tolist() == [[4, 5]]
    assert source.cut("one", (), ()).item() == 7


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.register_buffer("grid", torch.arange(3.0), persistent=False)


def test_an_emptied_network_keeps_shapes_and_gives_up_all_it_held() -> None:
    net = Net()
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    taken = emptied(net)
    assert all(value.is_meta for value in (*net.parameters(), *net.buffers()))
    assert taken.keys() == {"layer.weight", "layer.bias", "grid"}
    assert all(torch.equal(taken[name], value) for name, value in before.items())
    assert net.layer.weight.requires_grad
    net.other = nn.Linear(2, 3)
    net.layer = net.other
    with pytest.raises(InvalidConfigError, match=r"other\.weight is also a weight"):
        emptied(net)


def test_a_network_can_be_made_without_weights_but_with_its_buffers() -> None:
    with unfilled():
        net = Net()
    assert all(value.is_meta for value in net.parameters())
    assert net.grid.tolist() == [0, 1, 2]
    assert not Net().layer.weight.is_meta
