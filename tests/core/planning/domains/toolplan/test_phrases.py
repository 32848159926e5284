"""Phrases: what leaving an example's phrases out says equals a fit without them."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.experience import sparse_product
from agentic_diffusion.planning.domains.toolplan.phrases import fit_phrases


def phrases(count=14, size=20):
    rng = torch.Generator().manual_seed(0)
    rows = torch.nn.functional.normalize(torch.rand(count, size, generator=rng), dim=1).half().float()
    return rows, torch.randint(3, (count,), generator=rng), torch.arange(count) // 2


def test_with_every_phrase_a_landmark_it_is_kernel_ridge_regression() -> None:
    rows, tools, owners = phrases()
    told = fit_phrases(rows, tools, owners, count=3).phrases
    kernel = ((rows @ rows.T + 0.3) / 1.3) ** 2
    weights = torch.linalg.solve(kernel + 0.3 * torch.eye(14), torch.nn.functional.one_hot(tools, 3).float())
    said = told.said(sparse_product(rows, told.columns))
    assert torch.allclose(said, kernel @ weights, atol=0.02)  # up to what keeps the kernel invertible
    assert told.said(torch.zeros(1, 14)).abs().sum() == 0


@pytest.mark.parametrize("grouped", [False, True])
def test_leaving_out_equals_a_fit_without(grouped) -> None:
    rows, tools, owners = phrases()
    fold = fit_phrases(rows, tools, owners, count=3)
    texts = [torch.stack([rows[2 * k], rows[k].roll(1)]) for k in range(7)]
    groups = torch.tensor([0, 1, 0, 2, 3, 4, 5]) if grouped else torch.arange(7)
    told = dict(fold.without(texts, groups))
    assert sorted(told) == [*range(7)]
    for index in (0, 3):
        out = torch.isin(owners, (groups == groups[index]).nonzero()[:, 0])
        features = fold.features[~out]
        aims = torch.nn.functional.one_hot(tools[~out], 3).float()
        weights = torch.linalg.solve(features.T @ features + 0.3 * torch.eye(14), features.T @ aims)
        kernel = ((sparse_product(texts[index], fold.phrases.columns) + 0.3) / 1.3) ** 2
        assert torch.allclose(told[index], kernel @ fold.turn @ weights, atol=1e-3)


def test_few_landmarks_are_kept_and_no_phrase_is_refused() -> None:
    rows, tools, owners = phrases()
    assert fit_phrases(rows, tools, owners, count=3, landmarks=5).phrases.weights.shape == (5, 3)
    with pytest.raises(InvalidConfigError, match="0 phrases"):
        fit_phrases(rows[:0], tools[:0], owners[:0], count=3)
