"""Several requests as one batch: who can be joined, and that rows are those of each request."""

import pytest
import torch
from agentic_diffusion.denoising.belief import Categorical, Gaussian
from agentic_diffusion.denoising.state import Condition, Inpaint, Shared
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.together import Once, different, joined, kind_of, paired, picked

LIKE = torch.zeros(2, 3)


def pinned(value, **context):
    mask = torch.tensor([[True, False, False]])
    return Condition(Inpaint(torch.full((1, 3), float(value)), mask), context)


def test_rows_are_those_of_each_request() -> None:
    told = [pinned(k, hint=torch.tensor([[float(k)]])) for k in (1, 2, 3)]
    both = joined(told, rows=2)
    x = both.pin(torch.zeros(6, 3))
    assert x[:, 0].tolist() == [1, 1, 2, 2, 3, 3]
    assert x[:, 1:].abs().max() == 0
    assert both.context["hint"][:, 0].tolist() == [1, 1, 2, 2, 3, 3]
    assert isinstance(both.context, Shared)
    assert both.context.rows["hint"][:, 0].tolist() == [1, 2, 3]
    already = Condition(context={"hint": torch.tensor([[5.0], [6.0]])})
    assert joined([already, already], rows=2).context["hint"][:, 0].tolist() == [5, 6, 5, 6]
    assert torch.equal(joined([Condition()], rows=2).pin(LIKE), LIKE)


def test_rows_can_be_picked_and_what_all_have_in_common_is_not_copied() -> None:
    plans = torch.arange(4.0)[None]
    told = [pinned(k, hint=torch.tensor([[float(k)]]), plans=plans[:]) for k in (1, 2)]
    both = joined(told, rows=1)
    some = picked(both, torch.tensor([1, 1, 0]), of=2)
    assert some.context["hint"][:, 0].tolist() == [2, 2, 1]
    assert some.pin(torch.zeros(3, 3))[:, 0].tolist() == [2, 2, 1]
    assert some.context["plans"].tolist() == plans.expand(3, 4).tolist()
    assert some.context["plans"].data_ptr() == plans.data_ptr()


def test_who_can_be_joined() -> None:
    one = kind_of(LIKE, pinned(1, hint=torch.ones(1, 4)))
    assert one == kind_of(LIKE, pinned(2, hint=torch.ones(2, 4)))
    others = [
        kind_of(LIKE, pinned(1, hint=torch.ones(1, 5))),
        kind_of(LIKE, pinned(1)),
        kind_of(LIKE.long(), pinned(1, hint=torch.ones(1, 4))),
        kind_of(torch.zeros(2, 4), pinned(1, hint=torch.ones(1, 4))),
        kind_of(LIKE, Condition(context={"hint": torch.ones(1, 4)})),
    ]
    assert None not in others
    assert one not in others
    assert kind_of(LIKE, Condition(lambda x: x)) is None
    assert kind_of(("no", "tensor"), Condition()) is None
    with pytest.raises(InvalidConfigError, match="different kinds"):
        joined([pinned(1), Condition()], rows=2)


def test_one_value_for_each_request() -> None:
    assert paired("seeds", None, count=3, default=7) == [7, 7, 7]
    assert paired("seeds", [1, 2], count=2, default=7) == [1, 2]
    with pytest.raises(InvalidConfigError, match="2 seeds for 3 requests"):
        paired("seeds", [1, 2], count=3, default=7)


def telling(asked):
    """Believe in the sum of the row and the hint of its request; note how many rows are asked about."""

    def believe(x, t, condition):
        asked.append(len(x))
        told = condition.context["hint"].expand(len(x), -1) + x.float() + condition.pin(x).float()
        weight = t if t.ndim else torch.ones(())
        return Categorical(told[..., None].expand(*x.shape, 2), x == 0, weight)

    return believe


@pytest.mark.parametrize("t", [torch.tensor(0.5), torch.linspace(0, 1, 6)])
def test_equal_rows_of_one_request_are_asked_about_once(t) -> None:
    asked: list[int] = []
    mask = torch.tensor([[True, False]])
    told = [
        Condition(Inpaint(torch.full((1, 2), k), mask), {"hint": torch.tensor([[float(k)]])}) for k in (7, 9)
    ]
    both = joined(told, rows=3)
    x = torch.tensor([[7, 0], [7, 0], [7, 0], [9, 0], [9, 0], [9, 0]])
    said, plain = (ask(x, t, both) for ask in (Once(telling(asked), rows=3), telling(asked)))
    assert asked == [2, 6]
    assert torch.equal(said.logits, plain.logits)
    assert torch.equal(said.hidden, plain.hidden)
    assert said.counted is not None
    assert torch.equal(said.entropy(), plain.entropy())
    if not t.ndim:
        assert torch.equal(said.weight, plain.weight)
    mixed = torch.tensor([[7, 0], [7, 1], [7, 0], [9, 2], [9, 0], [9, 0]])
    assert torch.equal(
        Once(telling(asked), rows=3)(mixed, t, both).logits, telling(asked)(mixed, t, both).logits
    )
    assert asked[2:] == [6, 6]  # four kinds of six rows are not worth it


def test_rows_of_two_requests_differ_and_numbers_are_left_alone() -> None:
    first, back = different(torch.zeros(6, 4, dtype=torch.long), rows=2)
    assert first[back].tolist() == [0, 0, 2, 2, 4, 4]
    asked: list[int] = []

    def numbers(x, t, condition):
        asked.append(len(x))
        return Gaussian(x.float(), torch.ones(()), torch.ones(()))

    Once(numbers, rows=4)(torch.zeros(4, 3), torch.tensor(1.0), Condition())
    tokens = Once(numbers, rows=4)(torch.zeros(4, 3, dtype=torch.long), torch.tensor(1.0), Condition())
    assert asked == [4, 1, 4]
    assert len(tokens.mean) == 4
