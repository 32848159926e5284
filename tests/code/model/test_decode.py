"""Decoding with an exact model of a few programs: what comes out is one of them, pinned parts stay."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import torch
from agentic_diffusion.denoising.guidance import Allowed
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.model.decode import Draft, fill, write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Marks

MARKS = Marks(1, 2, 0)
PROGRAMS = [[4, 5, 6, 7, 8, 9, 2], [4, 5, 10, 11, 2], [4, 12, 6, 7, 13, 14, 15, 2]]


@dataclass
class Recall:
    """Believes that one of the programs is behind what it sees."""

    before: torch.Tensor | None = None
    forwards: int = 0

    def look(self, x: torch.Tensor) -> torch.Tensor:
        self.forwards += 1
        before = x[:, :0] if self.before is None else self.before
        seen = torch.cat([before, x], 1)
        rows = torch.zeros(len(PROGRAMS), max(seen.shape[1], 16), dtype=torch.long)
        for row, program in zip(rows, PROGRAMS, strict=True):
            row[: len(program)] = torch.tensor(program)
        rows = rows[:, : seen.shape[1]]
        agrees = ((seen[:, None] == rows) | (seen == 1)[:, None]).float().mean(-1)
        agrees = (agrees == agrees.max(1, keepdim=True).values).float()
        share = torch.einsum("bp,plv->blv", agrees, torch.nn.functional.one_hot(rows, 16).float())
        return (share / agrees.sum(1)[:, None, None] + 1e-9).log()[:, before.shape[1] :]

    def keep(self, x: torch.Tensor) -> None:
        self.before = x if self.before is None else torch.cat([self.before, x], 1)


@dataclass
class Library:
    marks: Marks = MARKS
    opened: list[Recall] = field(default_factory=list)

    def open(self, prompt: Sequence[int]) -> Recall:
        self.opened.append(Recall())
        return self.opened[-1]


def program(row: torch.Tensor) -> list[int]:
    return [token for token in row.tolist() if token != 0]


def last(drafts: Sequence[Draft]) -> Draft:
    assert [draft.done for draft in drafts] == [False] * (len(drafts) - 1) + [True]
    return drafts[-1]


@pytest.mark.parametrize("block", [2, 3, 16])
def test_programs_are_written_block_by_block(block: int) -> None:
    how = Decoding(block=block, temperature=1.0, bound=0.1)
    draft = last(list(write(Library(), [3], count=6, rng=generator(2), decoding=how)))
    assert all(program(row) in PROGRAMS for row in draft.tokens)
    assert len({tuple(program(row)) for row in draft.tokens}) > 1
    assert draft.tokens.shape[1] % block == 0


def test_a_seed_repeats_and_a_bound_saves_calls() -> None:
    def run(bound: float) -> Draft:
        how = Decoding(block=8, bound=bound, temperature=1.0)
        return last(list(write(Library(), [3], count=2, rng=generator(3), decoding=how)))

    assert torch.equal(run(0.5).tokens, run(0.5).tokens)
    assert run(0.5).forwards < run(0.0).forwards == 8


def test_fixed_tokens_stay_and_length_is_bounded() -> None:
    how = Decoding(block=4, longest=8)
    draft = last(
        list(write(Library(), [3], count=2, rng=generator(0), fixed=[[4, 5, 10, 11, 7]], decoding=how))
    )
    assert draft.tokens[:, :5].tolist() == [[4, 5, 10, 11, 7]] * 2
    assert draft.tokens.shape[1] <= 8
    library = Library()
    how = Decoding(block=4, longest=8, end_penalty=40.0)
    draft = last(list(write(library, [3], count=1, rng=generator(0), decoding=how)))
    assert 2 not in draft.tokens
    assert draft.forwards == library.opened[0].forwards


def test_guides_see_what_was_written_before() -> None:
    widths: list[int] = []

    def guides(before: torch.Tensor) -> list[Allowed]:
        widths.append(before.shape[1])
        allowed = torch.ones(1, 1, 16, dtype=torch.bool)
        allowed[..., 12] = False
        return [Allowed(lambda x: allowed)]

    how = Decoding(block=4, temperature=1.0)
    draft = last(list(write(Library(), [3], count=8, rng=generator(0), decoding=how, guides=guides)))
    assert 12 not in draft.tokens
    assert widths == list(range(0, 4 * len(widths), 4))


def test_holes_are_filled_and_the_rest_stays() -> None:
    canvas = torch.tensor([[4, 1, 6, 1, 13, 1, 15, 2], [4, 5, 10, 1, 2, 0, 0, 0]])
    draft = last(list(fill(Library(), [3], canvas=canvas, rng=generator(0))))
    assert [program(row) for row in draft.tokens] == [PROGRAMS[2], PROGRAMS[1]]
    whole = last(list(fill(Library(), [3], canvas=draft.tokens, rng=generator(0))))
    assert torch.equal(whole.tokens, draft.tokens)
    assert whole.forwards == 0


def test_doubtful_tokens_are_denoised_again() -> None:
    how = Decoding(block=8, revise=0.01, bound=0.0)
    draft = last(list(write(Library(), [3], count=3, rng=generator(1), decoding=how)))
    assert all(program(row) in PROGRAMS for row in draft.tokens)


class Rewound(Recall):
    """A recall that can go back."""

    def back(self, count: int) -> None:
        assert self.before is not None
        self.before = self.before[:, :-count]


@dataclass
class Rewindable:
    marks: Marks = MARKS

    def open(self, prompt: Sequence[int]) -> Rewound:
        return Rewound()


def test_a_block_that_nothing_can_follow_is_denoised_anew() -> None:
    seen: list[list[int]] = []

    def viable(rows: torch.Tensor) -> torch.Tensor:
        seen.extend(rows.tolist())
        return rows[:, 1] != 5

    drawn = [Decoding(block=2, bound=0.3, again=40)]
    done = last([*write(Library(), [3], count=3, rng=generator(0), decoding=drawn[0], viable=viable)])
    assert [program(row) for row in done.tokens] == [PROGRAMS[2]] * 3
    assert [4, 5] in seen
    given_up = Decoding(block=2, bound=0.3, again=0)
    lost = last([*write(Library(), [3], count=2, rng=generator(0), decoding=given_up, viable=viable)])
    assert [program(row) for row in lost.tokens] == [PROGRAMS[0]] * 2


def test_where_no_block_helps_the_one_before_is_denoised_anew() -> None:
    def viable(rows: torch.Tensor) -> torch.Tensor:
        return ~((rows[:, 1] == 5) & (rows.shape[1] > 2))

    how = Decoding(block=2, again=30)
    done = last([*write(Rewindable(), [3], count=1, rng=generator(1), decoding=how, viable=viable)])
    assert program(done.tokens[0]) == PROGRAMS[2]
    stays = last([*write(Library(), [3], count=1, rng=generator(1), decoding=how, viable=viable)])
    assert program(stays.tokens[0])[:2] == [4, 5]


def test_each_candidate_has_its_own_beginning() -> None:
    library = Library()
    *_, draft = write(
        library, [3], count=2, rng=generator(0), fixed=[[4], [4, 5]], decoding=Decoding(block=4)
    )
    assert draft.tokens[:, 0].tolist() == [4, 4]
    assert int(draft.tokens[1, 1]) == 5
    with pytest.raises(InvalidConfigError, match="one for each"):
        next(write(library, [3], count=2, rng=generator(0), fixed=[[4]] * 3))
