"""Encoded outcomes: states, rewards, trust and pins stay in step."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.encoded import encode


def test_pins_are_those_of_each_request(arcs) -> None:
    one, two = arcs.values([0.0, 0.4])
    data = encode(
        [
            Outcome(request=arcs.request, value=one, reward=1.0),
            Outcome(request=Reach(start=(0.5,)), value=two, reward=2.0, trust=0.5),
        ],
        arcs.domain,
    )
    assert len(data) == 2
    assert data.trust.tolist() == [1.0, 0.5]
    noise = torch.randn(2, 8, 1)
    pinned = data.condition.pin(noise)
    assert torch.equal(pinned[1, 1:], noise[1, 1:])
    for row, request in enumerate((arcs.request, Reach(start=(0.5,)))):
        assert torch.equal(pinned[row : row + 1], arcs.domain.condition(request).pin(noise[row : row + 1]))
    swapped = data[torch.tensor([1, 0])]
    assert swapped.rewards.tolist() == [2.0, 1.0]
    assert torch.equal(swapped.condition.pin(noise.flip(0)), pinned.flip(0))
    assert torch.equal(swapped.condition.context["known"], data.condition.context["known"].flip(0))


def test_nothing_cannot_be_encoded(arcs) -> None:
    with pytest.raises(InvalidConfigError, match="no outcome"):
        encode([], arcs.domain)
