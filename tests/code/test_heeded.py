"""Whether a program heeds every word of its description."""

from collections.abc import Sequence

import pytest
import torch
from agentic_diffusion_code.heeded import WORDS, heeded, left_out


def test_each_word_that_says_something_is_left_out_once() -> None:
    assert list(left_out("Return the sum of `values`, doubled.")) == [
        "Return the sum of `values`, doubled.",
        "Return the of `values`, doubled.",
        "Return the sum of doubled.",
        "Return the sum of `values`,",
    ]
    long = " ".join(f"word{number}" for number in range(3 * WORDS))
    assert len(list(left_out(long))) == 1 + WORDS
    assert list(left_out("Return it.")) == ["Return it."]


class Words:
    """A model to which a program is as likely as its prompts are long, unless the word 9 is in the way."""

    def hears(self, prompts: Sequence[Sequence[int]], program: Sequence[int], *, block: int):
        rows = [[-4.0 + len(prompt) - 3.0 * (9 in prompt)] * len(program) for prompt in prompts]
        return torch.tensor(rows), 1


@pytest.mark.parametrize(
    ("prompts", "least"),
    [([[1, 2, 3], [1, 2], [1, 3]], 2.0), ([[1, 2, 9], [1, 2], [1, 9]], -4.0), ([[1]], 0.0)],
)
def test_the_word_that_matters_least_counts(prompts: list[list[int]], least: float) -> None:
    found = heeded(Words(), prompts, [5, 6], block=4)
    assert found.features == (least,)
    assert found.forwards == 1
