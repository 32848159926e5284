"""Operations and bytes are those of the sums that one does by hand, there and on the way back."""

import pytest
import torch
from agentic_diffusion_cli.speed.clock import Ceilings
from agentic_diffusion_cli.speed.roofline import beneath, work
from torch import nn


def test_products_are_counted_and_views_move_nothing():
    a, b = torch.ones(8, 16), torch.ones(4, 16)
    assert work(lambda: a @ b.t()) == (2 * 8 * 16 * 4, 4 * 8 * 4)
    with torch.inference_mode():
        assert work(lambda: a @ b.t()) == (2 * 8 * 16 * 4, 4 * 8 * 4)


def test_weights_are_counted_where_they_are_read():
    net, rows = nn.Linear(16, 4, bias=False), torch.ones(8, 16)
    with torch.inference_mode():
        assert work(lambda: net(rows), net) == (2 * 8 * 16 * 4, 4 * (8 * 4 + 16 * 4))
        assert work(lambda: (net(rows), net(rows)), net)[1] == 2 * 4 * (8 * 4 + 16 * 4)
        table = nn.Embedding(1000, 4)
        assert work(lambda: table(torch.zeros(3, dtype=torch.long)), table)[1] == 4 * 3 * 4 + 8 * 3


def test_the_way_back_and_the_optimiser_are_counted():
    net, rows = nn.Linear(16, 4, bias=False), torch.ones(8, 16, requires_grad=True)
    optimiser = torch.optim.AdamW(net.parameters(), fused=True)

    def there():
        return net(rows).sum()

    def step():
        optimiser.zero_grad()
        there().backward()
        optimiser.step()

    step()  # the moments are there from now on
    flops, moved = work(step, net)
    assert flops == 3 * work(there, net)[0]  # products for the outputs, the inputs and the weights
    weights = 4 * 16 * 4
    assert (
        moved > work(there, net)[1] + 6 * weights
    )  # a gradient; read twice more; itself and two moments written


def test_heads_of_attention_are_counted():
    heads = torch.ones(1, 2, 8, 16)
    flops, _ = work(lambda: nn.functional.scaled_dot_product_attention(heads, heads, heads))
    assert flops == 2 * (2 * 2 * 8 * 8 * 16)


def test_the_larger_of_both_is_the_roofline():
    ceilings, figures = Ceilings(flops=1e9, bandwidth=1e6), {"ms": {"mean": 10.0}}
    told = beneath(figures, ceilings, (2e6, 1e3))
    assert (told["roofline_ms"], told["roofline_share"], told["roofline_by"]) == (2.0, 0.2, "operations")
    told = beneath(figures, ceilings, (1e3, 5e3))
    assert (told["roofline_ms"], told["roofline_by"]) == (5.0, "bytes")
    assert told["gflop"] == pytest.approx(0.0)
    assert told["ms"] == figures["ms"]
