"""Standing: the same words in another order are another row."""

import math

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.standing import Standing


def test_a_word_counts_by_where_it_stands() -> None:
    row = Standing(size=4096, share=1.0)(["pay anna"])[0]
    told = row[row != 0].tolist()
    assert sorted(told) == pytest.approx(
        [-math.cos(math.pi / 4) / math.sqrt(2), math.cos(math.pi / 4) / math.sqrt(2)]
    )
    assert torch.allclose(Standing(size=4096, share=0.25)(["pay anna"])[0], row / 2)


def test_the_other_order_is_far_and_nothing_is_said_of_no_words() -> None:
    texts = ["book the hotel then cancel the train", "cancel the train then book the hotel", "", "rain"]
    standing = Standing().fit(texts)
    rows = standing(texts)
    assert rows[0] @ rows[0] > 0.1
    assert rows[0] @ rows[1] < 0
    assert rows[2].abs().sum() == 0
    assert rows[3].abs().sum() == pytest.approx(0, abs=1e-6)  # a lone word stands in the middle
    assert float((rows**2).sum(dim=1).max()) <= standing.share
    assert standing.rarity is not None


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"size": 3}, {"share": -1.0}, {"rarity": torch.ones(3)}):
        with pytest.raises(InvalidConfigError):
            Standing(**wrong)
