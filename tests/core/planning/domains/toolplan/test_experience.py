"""Experience: what leaving examples out says equals a fit without them."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.experience import closeness, fit_experience, targets


def examples(count=12, size=20):
    rng = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.rand(count, size, generator=rng), dim=1).half().float()
    kinds = torch.tensor([[0, 1, 3], [2, 3, 3], [1, 0, 2]])
    return rows, kinds[torch.randint(3, (count,), generator=rng)]


def test_targets_say_what_where_and_how_long() -> None:
    told = targets(torch.tensor([[1, 0, 3], [2, 3, 3], [3, 3, 3]]), 3)
    assert told[0].tolist() == [1, 1, 0, 1, -1, 0, 0, 0, 1, 0]
    assert told[1].tolist() == [0, 0, 1, 0, 0, -1, 0, 1, 0, 0]
    assert told[2].tolist() == [0] * 6 + [1, 0, 0, 0]


@pytest.mark.parametrize("whole_group", [False, True])
def test_leaving_out_equals_a_fit_without(whole_group) -> None:
    rows, plans = examples()
    fold = fit_experience(rows, plans, tools=3)
    texts = [torch.stack([row, row.roll(1)]) for row in rows]
    told = dict(
        (index, (scores, near)) for index, scores, near in fold.without(texts, whole_group=whole_group)
    )
    assert sorted(told) == list(range(12))
    for index in (0, 5, 11):
        out = (plans == plans[index]).all(dim=1) if whole_group else torch.arange(12) == index
        fresh = fit_experience(rows[~out], plans[~out], tools=3).experience
        scores, near = told[index]
        assert torch.allclose(scores, fresh.scores(fresh.products(texts[index])), atol=1e-3)
        assert bool((near[out] == -1).all())


def test_known_texts_are_remembered_and_empty_ones_say_nothing() -> None:
    rows, plans = examples()
    known = fit_experience(rows, plans, tools=3, ridge=1e-4).experience
    told = known.scores(known.products(rows))
    assert torch.allclose(told, targets(plans, 3), atol=0.05)
    assert known.scores(known.products(torch.zeros(1, 20))).abs().sum() == 0
    assert closeness(torch.ones(1, 1)).item() == pytest.approx(1.0)
    assert 0.05 <= known.reach <= 1


def test_examples_that_do_not_fit_are_refused() -> None:
    rows, plans = examples()
    with pytest.raises(InvalidConfigError):
        fit_experience(rows, plans, tools=3, ridge=0.0)
    assert fit_experience(rows[:1], plans[:1], tools=3).experience.reach == 1.0
