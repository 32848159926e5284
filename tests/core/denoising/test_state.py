"""The indoor nouns: pins, steps and seeded randomness."""

import pytest
import torch
from agentic_diffusion.denoising.state import (
    Condition,
    Inpaint,
    Shared,
    Shares,
    Step,
    expand,
    generator,
    normal,
    uniform,
    unpinned,
)
from agentic_diffusion.errors import InvalidStateError


def test_a_condition_pins_nothing_until_told() -> None:
    x = torch.randn(2, 3)
    assert Condition().pin(x) is x
    assert unpinned(x) is x
    assert dict(Condition().context) == {}


def test_inpaint_restores_exactly_what_is_known() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    mask = torch.tensor([[True, False, True]])
    pinned = Inpaint(torch.tensor([[10.0, 11.0, 12.0]]), mask)(x)
    assert pinned.tolist() == [[10.0, 1.0, 12.0], [10.0, 4.0, 12.0]]


def test_the_same_seed_gives_the_same_numbers_in_every_dtype() -> None:
    a = normal(torch.zeros(100, 7), generator(3))
    b = normal(torch.zeros(100, 7, dtype=torch.float64), generator(3))
    assert b.dtype == torch.float64
    assert torch.equal(a.double(), b)
    assert not torch.equal(a, normal(torch.zeros(100, 7), generator(4)))
    assert abs(a.mean().item()) < 0.12
    assert abs(a.var().item() - 1) < 0.15


def test_uniform_numbers_are_fractions_also_for_tokens() -> None:
    drawn = uniform(torch.zeros(1000, dtype=torch.long), generator(0))
    assert drawn.dtype == torch.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    assert abs(drawn.mean().item() - 0.5) < 0.03
    assert torch.equal(drawn, uniform(torch.ones(1000), generator(0)))


def test_expand_lets_a_time_for_each_sample_broadcast() -> None:
    x = torch.ones(2, 3, 4)
    assert (expand(torch.tensor([2.0, 5.0]), x) * x)[:, 2, 3].tolist() == [2.0, 5.0]
    assert expand(torch.tensor(0.5), x).ndim == 0


def test_a_step_remembers_its_belief_only_if_there_was_one() -> None:
    step: Step[torch.Tensor, None] = Step(torch.zeros(1), torch.tensor(1.0))
    assert step.belief is None
    assert step.since is None


def test_shares_draw_for_each_part_what_it_would_draw_alone() -> None:
    both = Shares([generator(1), generator(2)], rows=3)
    for draw in (normal, uniform, normal):
        alone = Shares([generator(1)], rows=3), Shares([generator(2)], rows=3)
        drawn = draw(torch.zeros(6, 2), Shares([generator(1), generator(2)], rows=3))
        assert torch.equal(drawn, torch.cat([draw(torch.zeros(3, 2), one) for one in alone]))
        assert torch.equal(drawn[:3], draw(torch.zeros(3, 2), generator(1)))
    assert uniform(torch.zeros(6), both).shape == (6,)
    with pytest.raises(InvalidStateError, match="2 times 3 samples"):
        normal(torch.zeros(5, 2), both)


def test_a_shared_context_is_read_as_if_each_sample_had_its_own() -> None:
    hint, alike = torch.tensor([[1.0], [2.0]]), torch.arange(3)[None].expand(2, 3)
    context = Shared({"hint": hint, "alike": alike}, torch.tensor([1, 0, 1]))
    assert list(context) == ["hint", "alike"]
    assert len(context) == 2
    assert context["hint"].tolist() == [[2.0], [1.0], [2.0]]
    assert context["hint"] is context["hint"]
    assert context["alike"].shape == (3, 3)
    assert context["alike"].data_ptr() == alike.data_ptr()
    some = context.some(torch.tensor([2, 2, 1, 0]))
    assert some["hint"].tolist() == [[2.0], [2.0], [1.0], [2.0]]
    assert some.rows is context.rows
