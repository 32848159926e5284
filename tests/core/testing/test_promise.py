"""What proofs are made of: comparisons that cannot be fooled and errors that speak plainly."""

import pytest
import torch
from agentic_diffusion.denoising.state import generator, normal
from agentic_diffusion.errors import ContractError
from agentic_diffusion.testing.promise import far, promise, repeats, same, wired


def test_a_broken_promise_says_what_was_seen_promised_and_to_be_done() -> None:
    promise(True, expected="x", given="y", action="z")
    with pytest.raises(ContractError, match=r"Got rain. Expected sun. Wait."):
        promise(False, expected="sun", given="rain", action="Wait.")


def test_same_looks_at_shape_dtype_and_value() -> None:
    a = torch.ones(2)
    assert same(a, a.clone())
    assert same(a, a + 0.01, within=0.1)
    assert not same(a, a + 0.01)
    assert not same(a, a.double())
    assert not same(a, torch.ones(3))
    assert not same(torch.tensor([1]), torch.tensor([2]))


def test_far_is_a_root_mean_square_or_a_share() -> None:
    assert far(torch.tensor([3.0, 4.0]), torch.zeros(2)) == pytest.approx(12.5**0.5)
    assert far(torch.tensor([1, 2, 3, 4]), torch.tensor([1, 2, 3, 9])) == 0.25


def test_repeats_returns_what_was_drawn_and_wired_says_where() -> None:
    drawn = repeats("noise", lambda rng: normal(torch.zeros(3), rng), 5)
    assert torch.equal(drawn, normal(torch.zeros(3), generator(5)))
    with pytest.raises(ContractError, match="ZeroDivisionError in the oven"), wired("the oven"):
        _ = 1 / 0
