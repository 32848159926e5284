"""Foresight: the same programs in fewer calls, and nothing remembered that does not follow what was kept."""

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.denoising.state import generator
from agentic_diffusion_code.model.cached import CachedReading
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.foresight import Foresight, Guess, Look
from agentic_diffusion_code.model.reading import Embedded, Marks

MASK, END = 1, 2
MARKS = Marks(MASK, END, 0)


class Plain(Embedded):
    """The same model without foresight."""

    def open(self, prompt):
        return CachedReading(self.network, prompt)


def network(seed: int) -> BlockTransformer:
    torch.manual_seed(seed)
    made = BlockTransformer(Shape(12, width=16, depth=2, heads=2)).eval()
    with torch.no_grad():
        made.embed.weight.mul_(3.0)  # beliefs with opinions
    return made


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_programs_are_the_same_in_fewer_calls(temperature) -> None:
    how = Decoding(block=4, bound=0.4, longest=24, temperature=temperature)
    fewer = 0
    for seed in range(4):
        made = network(seed)

        def last(model, seed=seed):
            *_, draft = write(model, [5, 6, 7], count=1, rng=generator(seed), decoding=how)
            return draft

        one, two = last(Embedded(made, MARKS)), last(Plain(made, MARKS))
        assert torch.equal(one.tokens, two.tokens)
        assert one.forwards <= two.forwards - 1, "the prompt is read with the first look"
        fewer += two.forwards - one.forwards
    assert fewer > 4


def test_several_programs_are_asked_about_as_before() -> None:
    made, how = network(0), Decoding(block=4, bound=0.4, longest=16)
    drafts = [
        [*write(model, [5, 6], count=3, rng=generator(0), decoding=how)][-1]
        for model in (Embedded(made, MARKS), Plain(made, MARKS))
    ]
    assert torch.equal(drafts[0].tokens, drafts[1].tokens)
    assert drafts[0].forwards == drafts[1].forwards


def test_the_states_of_a_guess_hide_what_is_doubted_most() -> None:
    guess = Guess((5, 6, 7, 8), (0.1, 0.9, 0.5, 0.2))
    assert [*guess.states((MASK,) * 4, MASK, 3)] == [(5, 1, 7, 8), (5, 1, 1, 8), (5, 1, 1, 1)]
    assert [*guess.states((5, 6, MASK, MASK), MASK, 3)] == [(5, 6, 1, 8)]
    assert [*guess.states((5, 6, 7, MASK), MASK, 3)] == []


def test_only_what_follows_is_remembered() -> None:
    def sure(*tokens: int) -> torch.Tensor:
        return 20.0 * torch.nn.functional.one_hot(torch.tensor([tokens]), 12).float()

    ahead = Foresight(MASK, END, ahead=1, wide=1, doubts=1)
    blank = (MASK, MASK)
    assert [*ahead.wishes(blank)] == [Look((), blank * 2)]
    ahead.learn(blank, {Look((), blank): sure(5, 6), Look((), blank * 2): sure(5, 6, 7, 8)})
    assert [*ahead.wishes((5, MASK))] == [
        Look(((5, 6),), blank),
        Look(((5, 6),), (MASK, 8)),
        Look((), (5, MASK, *blank)),
    ]
    assert [*ahead.wishes((4, MASK))] == [Look((), (4, MASK, *blank))], (
        "what is shown is not what was guessed"
    )
    told = {look: sure(5, 6) for look in ahead.wishes((5, MASK))}
    told |= {Look((), (5, MASK)): sure(5, 6), Look((), (5, MASK, *blank)): sure(5, 6, 7, 8)}
    ahead.learn((5, MASK), told)
    assert ahead.known(blank) is None
    ahead.keep((5, 6))
    assert ahead.known(blank) is not None
    assert ahead.known((MASK, 8)) is not None
    ahead.keep((9, 9))
    assert ahead.known(blank) is None


def test_nothing_is_guessed_behind_the_end() -> None:
    ahead, blank = Foresight(MASK, END, ahead=2, wide=1, doubts=0), (MASK, MASK)
    sure = 20.0 * torch.nn.functional.one_hot(torch.tensor([[5, END]]), 12).float()
    ahead.learn(blank, {Look((), blank): sure, Look((), blank * 2): torch.cat([sure, sure], dim=1)})
    assert [*ahead.wishes(blank)] == [Look((), blank * 2)]


def test_a_block_that_is_given_up_is_forgotten() -> None:
    made = network(3)
    block, other = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[8, 7, 6, 5]])
    readings = Embedded(made, MARKS).open([5]), CachedReading(made, [5])
    for reading in readings:
        reading.look(block)
        reading.keep(block)
        reading.back(4)
        reading.keep(other)
        reading.look(block)
        reading.keep(block)
        reading.look(other)
        reading.back(4)
    assert torch.allclose(readings[0].look(other), readings[1].look(other), atol=1e-4)
