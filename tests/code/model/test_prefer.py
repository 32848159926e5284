"""Learning from pairs: the bound is what it should be, the margin grows, and what it began with stays as it was."""

import math

import numpy as np
import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.model.prefer import Drill, Pair, drilled, likelihood, preference
from agentic_diffusion_code.model.rows import Noise, Row, noisy

NOISE = Noise(0, 1, span_share=0.0, wrong_share=0.0)
GOOD, BAD = Row((5, 6), (7, 8, 9, 2)), Row((5, 6), (7, 8, 10, 2))


def network(seed: int = 0) -> BlockTransformer:
    torch.manual_seed(seed)
    return BlockTransformer(Shape(12, width=8, depth=1, heads=2))


def test_each_token_is_asked_for_once_whatever_stands_beside_it() -> None:
    net = network()
    pieces = [
        noisy(row, NOISE, size=2, rng=np.random.default_rng(n)) for n, row in enumerate((GOOD, BAD, GOOD))
    ]
    together = likelihood(net, pieces, pad=0)
    alone = torch.cat([likelihood(net, [piece], pad=0) for piece in pieces])
    assert torch.allclose(together, alone, atol=1e-5)
    net.embed.weight.data.zero_()
    even = likelihood(net, pieces, pad=0)
    assert even.tolist() == pytest.approx([-4 * math.log(12)] * 3, rel=1e-5)


def test_a_network_has_no_opinion_about_where_it_began() -> None:
    net = network()
    loss, margin = preference(
        net, network(), [Pair(GOOD, BAD)], noise=NOISE, drill=Drill(draws=3), rng=np.random.default_rng(0)
    )
    assert loss.item() == pytest.approx(math.log(2))
    assert float(margin) == pytest.approx(0, abs=1e-5)


def test_the_margin_grows_with_pairs_and_the_beginning_stays() -> None:
    net = network()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    ends = {}
    for beta in (0.0, 0.5):
        drill = Drill(steps=12, pairs=2, rows=2, beta=beta, learning_rate=1e-2, blocks=(2, 0), seed=3)
        *told, (last, student) = drilled(net, [Pair(GOOD, BAD)], [GOOD], noise=NOISE, drill=drill)
        assert [moved.step for moved, _ in told] == list(range(1, 12))
        _, ends[beta] = preference(
            student, net, [Pair(GOOD, BAD)], noise=NOISE, drill=Drill(draws=8), rng=np.random.default_rng(1)
        )
        assert (last.margin > 0) is (beta > 0)
    assert ends[0.5] > max(ends[0.0], 0)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_old_rows_are_drawn_in_their_share() -> None:
    drawn = []

    def old():
        while True:
            drawn.append(1)
            yield BAD

    drill = Drill(steps=3, rows=8, old=0.25, blocks=(2,))
    assert len(list(drilled(network(), [], [GOOD], noise=NOISE, drill=drill, old=old()))) == 3
    assert len(drawn) == 3 * 2


def test_nonsense_is_refused() -> None:
    for wrong in ({"steps": 0}, {"old": 1.0}, {"beta": -1.0}, {"blocks": ()}, {"learning_rate": 0.0}):
        with pytest.raises(InvalidConfigError):
            Drill(**wrong)
    with pytest.raises(InvalidConfigError, match="no program that passed"):
        next(drilled(network(), [], [], noise=NOISE, drill=Drill()))
