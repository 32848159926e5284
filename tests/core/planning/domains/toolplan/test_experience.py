"""Experience: what leaving examples out says equals a fit without them."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.experience import (
    OF_FIRST,
    OF_LAST,
    OF_LENGTH,
    OF_PLAN,
    OF_TOOLS,
    closeness,
    fit_experience,
    main_directions,
    targets,
)


def examples(count=12, size=20):
    rng = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.rand(count, size, generator=rng), dim=1).half().float()
    kinds = torch.tensor([[0, 1, 3], [2, 3, 3], [1, 0, 2]])
    return rows, kinds[torch.randint(3, (count,), generator=rng)]


def test_targets_say_which_tools_which_plan_how_long_and_which_ends() -> None:
    held, rest = targets(torch.tensor([[1, 0, 3], [2, 3, 3], [3, 3, 3], [1, 0, 3]]), 3)
    assert held.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 1, 0]]
    assert rest[0].tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0]
    assert rest[1].tolist() == [0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1]
    assert rest[2].tolist() == [0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert torch.equal(rest[3], rest[0])


def test_what_varies_together_is_written_in_few_directions() -> None:
    _, rest = targets(examples()[1], 3)
    spread = main_directions(rest)
    assert len(spread) == 3  # there are three different plans
    assert torch.allclose(rest @ spread.T @ spread, rest, atol=1e-5)


def test_plans_are_likely_where_their_own_score_their_tools_their_length_and_their_ends_are() -> None:
    rows, plans = examples()
    known = fit_experience(rows, plans, tools=3).experience
    assert known.known.tolist() == [[0, 1, 3], [1, 0, 2], [2, 3, 3]]
    tools, own = torch.tensor([[0.9, 0.8, 0.1]]), torch.tensor([0.1, 0.2, 0.3])
    lengths, first, last = torch.tensor([[0, 0.2, 0.6, 0.1], [0.3, 0.7, 0.2, 0], [0.5, 0.1, 0.9, 0]])
    first, last = first[:3], last[:3]
    held = torch.tensor([0.9 + 0.8 - 1, 0.9 + 0.8 + 0.1 - 1.5, 0.1 - 0.5])
    worth = OF_TOOLS * held + OF_PLAN * own + OF_LENGTH * lengths[[2, 3, 1]]
    worth = worth + OF_FIRST * first + OF_LAST * last[[1, 2, 2]]
    rest = torch.cat([own, lengths, first, last])
    told = known.weighed(tools, rest)
    assert told.plans.tolist() == pytest.approx(worth.softmax(0).tolist(), rel=1e-5)
    assert torch.equal(told.ends, torch.stack([first, last], dim=1))
    assert told.sure == pytest.approx(0.3)
    barred = known.weighed(tools, rest, barred=torch.tensor([True, False, True]))
    assert barred.plans.tolist() == [0, 1, 0]
    none = known.weighed(tools, rest, barred=torch.ones(3, dtype=torch.bool))
    assert none.plans.tolist() == [0, 0, 0]


@pytest.mark.parametrize("placed", [False, True])
@pytest.mark.parametrize("whole_group", [False, True])
def test_leaving_out_equals_a_fit_without(whole_group, placed) -> None:
    rows, plans = examples()
    stands = (torch.rand(12, 5, generator=torch.Generator().manual_seed(1)) - 0.5).half().float()
    stands = stands if placed else stands[:, :0]
    fold = fit_experience(rows, plans, tools=3, stands=stands)
    texts = [torch.stack([row, row.roll(1)]) for row in rows]
    told = {index: (said, near) for index, said, near in fold.without(texts, whole_group=whole_group)}
    assert sorted(told) == list(range(12))
    for index in (0, 5, 11):
        out = (plans == plans[index]).all(dim=1) if whole_group else torch.arange(12) == index
        fresh = fit_experience(rows[~out], plans[~out], tools=3, stands=stands[~out]).experience
        said, near = told[index]
        expected = fresh.said(fresh.products(texts[index]), stands[index])
        assert torch.allclose(said.tools, expected.tools, atol=1e-3)
        assert torch.allclose(said.lengths, expected.lengths, atol=1e-3)
        assert torch.allclose(said.ends, expected.ends, atol=1e-3)
        still = [row.tolist() in fresh.known.tolist() for row in fold.experience.known]
        assert torch.allclose(said.plans[still], expected.plans, atol=5e-3)
        assert bool((said.plans[~torch.tensor(still)] == 0).all())
        assert still.count(False) == int(whole_group)
        assert bool((near[out] == -1).all())


def test_known_texts_are_remembered_and_empty_ones_say_nothing() -> None:
    rows, plans = examples()
    known = fit_experience(rows, plans, tools=3, ridge=1e-4).experience
    told = known.said(known.products(rows), torch.zeros(0))
    assert torch.allclose(told.tools, targets(plans, 3)[0], atol=0.05)
    assert torch.equal(known.known[told.plans.argmax()], plans[0])
    assert torch.allclose(known.products(rows), rows @ rows.T, atol=1e-5)
    nothing = known.said(known.products(torch.zeros(1, 20)), torch.zeros(0))
    assert nothing.tools.abs().sum() == 0
    assert nothing.sure == 0
    assert closeness(torch.ones(1, 1)).item() == pytest.approx(1.0)
    assert 0.05 <= known.reach <= 1


def test_examples_that_do_not_fit_are_refused() -> None:
    rows, plans = examples()
    with pytest.raises(InvalidConfigError):
        fit_experience(rows, plans, tools=3, ridge=0.0)
    assert fit_experience(rows[:1], plans[:1], tools=3).experience.reach == 1.0


def test_where_words_stand_tells_the_order_of_plans() -> None:
    rows = torch.ones(8, 1)
    plans = torch.tensor([[0, 1], [1, 0]] * 4)
    stands = torch.tensor([[0.6, -0.6], [-0.6, 0.6]] * 4)
    known = fit_experience(rows, plans, tools=2, stands=stands).experience
    told = known.said(known.products(rows[:1]), stands[1])
    assert told.plans[known.known.tolist().index([1, 0])] > 0.8
    assert told.ends[:, 0].argmax() == told.ends[:, 1].argmin() == 1
    blind = fit_experience(rows, plans, tools=2).experience
    assert blind.said(blind.products(rows[:1]), torch.zeros(0)).plans.tolist() == pytest.approx([0.5, 0.5])
