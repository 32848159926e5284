"""Several requests as one batch: who can be joined, and that rows are those of each request."""

import pytest
import torch
from agentic_diffusion.denoising.state import Condition, Inpaint
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.together import joined, kind_of, paired

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
    already = Condition(context={"hint": torch.tensor([[5.0], [6.0]])})
    assert joined([already, already], rows=2).context["hint"][:, 0].tolist() == [5, 6, 5, 6]
    assert torch.equal(joined([Condition()], rows=2).pin(LIKE), LIKE)


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
