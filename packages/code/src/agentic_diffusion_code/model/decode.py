"""Programs from noise: block after block, or all holes of one program at once, on the one loop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Guidance, guided
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.sample import denoise, drawn_anew
from agentic_diffusion.denoising.schedule import LogLinear, times
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng, Time
from agentic_diffusion.errors import InvalidConfigError
from jaxtyping import Bool, Int
from torch import Tensor

from agentic_diffusion_code.model.decoding import DRAWN, Decoding
from agentic_diffusion_code.model.reading import Marks, Reading, Reads, Rewinds

Guides: TypeAlias = Callable[[Tensor], Sequence[Guidance[Tensor, Categorical]]]
"""From the finished tokens before a block to the guides of that block."""


Viable: TypeAlias = Callable[[Tensor], Tensor]
"""From beginnings, one row each, to whether each can still become a program."""

Score: TypeAlias = Callable[[Tensor], Tensor]
"""From programs on their way, one row each, to one score a row."""


def unguided(before: Tensor) -> Sequence[Guidance[Tensor, Categorical]]:
    """Guide nothing."""
    return ()


@final
@dataclass(frozen=True)
class Draft:
    """Programs on their way.

    Args:
        tokens: One row for each candidate: finished blocks, then the one that is being denoised.
        forwards: How often the network was asked so far.
        done: Whether nothing is left to do.
        begun: Whether a block was begun, and nothing was looked at yet.
    """

    tokens: Int[Tensor, "batch length"]
    forwards: int
    done: bool = False
    begun: bool = False


@final
@dataclass(frozen=True)
class Believes:
    """A reading as a denoiser; masks and padding before the end are never believed in.

    Args:
        reading: What was read, and the network.
        marks: The tokens that a decoder must know.
        end_penalty: Subtracted from the logits of end and padding.
    """

    reading: Reading
    marks: Marks
    end_penalty: float = 0.0

    def __call__(self, x: Int[Tensor, "batch length"], t: Time, condition: Condition[Tensor]) -> Categorical:
        """Return the belief about the tokens behind the masks."""
        logits = self.reading.look(x).float().to(x.device)
        tilt = torch.zeros(logits.shape[-1], device=logits.device)
        tilt[self.marks.mask] = -torch.inf
        tilt[[self.marks.end, self.marks.pad]] = -self.end_penalty
        return Categorical(logits + tilt, x == self.marks.mask, torch.ones((), device=x.device))


@final
@dataclass(frozen=True)
class Trial:
    """One block on its way: denoised, and anew where nothing right can follow.

    Args:
        believes: What to believe about it.
        written: All before it.
        guides: Tilt the belief.
        viable: Judges what was written together with the block.
    """

    believes: Believes
    written: Int[Tensor, "batch length"]
    guides: Sequence[Guidance[Tensor, Categorical]]
    viable: Viable

    def run(
        self, canvas: Tensor, known: Tensor, how: Decoding, *, good: Tensor, first: int, rng: Rng
    ) -> Generator[Draft, None, tuple[Tensor, Tensor]]:
        """Yield drafts; return the block, and which candidates can go on or need not be judged.

        Args:
            canvas: The block, masked where it is to be written.
            known: What of it is pinned.
            how: How often, and how.
            good: Candidates that need not be judged.
            first: The number of the first try (see `Decoding.trying`).
            rng: Where randomness comes from.
        """
        marks, x, pinned = self.believes.marks, canvas, known
        for tried in range(first, first + 1 + how.again):
            yield Draft(torch.cat([self.written, x], dim=1), self.believes.reading.forwards, begun=True)
            for moved in _moves(self.believes, x, pinned, how.trying(tried), self.guides, rng=rng):
                x = moved
                yield Draft(torch.cat([self.written, x], dim=1), self.believes.reading.forwards)
            ends = (x == marks.end).long()
            x = torch.where((ends.cumsum(1) - ends > 0) & ~known, marks.pad, x)
            judged = good | self.viable(torch.cat([self.written, x], dim=1))
            if bool(judged.all()) or tried == first + how.again:
                break
            x, pinned = torch.where(judged[:, None], x, canvas), judged[:, None] | known
        return x, judged


def _any(rows: Tensor) -> Tensor:
    return torch.ones(len(rows), dtype=torch.bool)


def _heads(fixed: Sequence[Sequence[int]], count: int, mask: int) -> Int[Tensor, "batch length"]:
    """Return what each candidate begins with, and masks where its part is shorter than another."""
    if len(fixed) not in (0, 1, count):
        raise InvalidConfigError(
            f"{len(fixed)} beginnings for {count} candidates",
            "one for each, one for all, or none",
            "Give as many.",
        )
    heads = torch.full((count, max(map(len, fixed), default=0)), mask)
    for index, row in enumerate(fixed):
        heads[index if len(fixed) == count else slice(None), : len(row)] = torch.tensor(row, dtype=torch.long)
    return heads


def write(
    model: Reads,
    prompt: Sequence[int],
    *,
    count: int,
    rng: Rng,
    fixed: Sequence[Sequence[int]] = (),
    decoding: Decoding | None = None,
    guides: Guides = unguided,
    score: Score | None = None,
    viable: Viable | None = None,
) -> Iterator[Draft]:
    """Denoise programs block by block; each begins with the fixed tokens and ends where the model ends it.

    Args:
        model: What to believe.
        prompt: What is read first.
        count: Candidates, denoised together.
        rng: Where randomness comes from.
        fixed: The first tokens of each candidate, such as a signature; one row serves all, none is nothing.
        decoding: How.
        guides: Tilt the beliefs of each block.
        score: Lets candidates compete: after each block they are drawn anew in proportion to exp(score - score before)
            (see `particles`); none by default.
        viable: Refuses beginnings that nothing right can follow; their last block is denoised anew.

    Yields:
        A draft after every look of the model; the last is `done`.
    """
    drafts = drafting(
        model.open(prompt),
        model.marks,
        count=count,
        rng=rng,
        fixed=fixed,
        decoding=decoding or Decoding(),
        guides=guides,
        score=score,
        viable=viable,
    )
    yield from (draft for draft in drafts if not draft.begun)


def drafting(
    reading: Reading,
    marks: Marks,
    *,
    count: int,
    rng: Rng,
    fixed: Sequence[Sequence[int]],
    decoding: Decoding,
    guides: Guides,
    viable: Viable | None,
    score: Score | None = None,
    rewinds: bool = True,
) -> Iterator[Draft]:
    """Write behind what was read, as `write` does; also yield a draft where a block is begun.

    After a draft whose last block has holes the next look is at that block as it is.
    """
    how = decoding
    before = torch.zeros(count)
    written = torch.zeros(count, 0, dtype=torch.long)
    ended, lost = torch.zeros(2, count, dtype=torch.bool)
    back = backs = 0
    heads = _heads(fixed, count, marks.mask)
    while not bool(ended.all()) and written.shape[1] < how.longest:
        at = written.shape[1]
        canvas = torch.full((count, how.block), marks.mask)
        given = heads[:, at : at + how.block]
        canvas[:, : given.shape[1]] = given
        canvas[ended] = marks.pad
        known = canvas != marks.mask
        trial = Trial(Believes(reading, marks, how.end_penalty), written, guides(written), viable or _any)
        x, good = yield from trial.run(canvas, known, how, good=ended | lost, first=back, rng=rng)
        stuck = not bool(good.any()) and backs < how.again and at >= heads.shape[1] + how.block
        if stuck and rewinds and isinstance(reading, Rewinds):
            reading.back(how.block)
            written, backs, back = written[:, : -how.block], backs + 1, DRAWN
            continue
        lost, back = lost | ~good, 0
        ended |= (x == marks.end).any(1)
        written = torch.cat([written, x], dim=1)
        reading.keep(x)
        if score is not None:
            now = score(written)
            index = drawn_anew(now - before, rng)
            reading.pick(index)
            before, written, ended, lost = now[index], written[index], ended[index], lost[index]
            heads = heads[index]
    yield Draft(written, reading.forwards, done=True)


def fill(
    model: Reads,
    prompt: Sequence[int],
    *,
    canvas: Int[Tensor, "batch length"],
    rng: Rng,
    decoding: Decoding | None = None,
    guides: Guides = unguided,
) -> Iterator[Draft]:
    """Denoise the holes of programs as one block; everything that is not a mask stays as it is.

    Args:
        model: What to believe.
        prompt: What is read first.
        canvas: Programs with masks in their holes; the end token is part of them.
        rng: Where randomness comes from.
        decoding: How; `block` and `longest` do not matter here.
        guides: Tilt the belief.

    Yields:
        A draft after every look of the model; the last is `done`.
    """
    how, marks = decoding or Decoding(), model.marks
    reading = model.open(prompt)
    known, x = canvas != marks.mask, canvas
    believes = Believes(reading, marks, how.end_penalty)
    for x in _moves(believes, canvas, known, how, guides(canvas[:, :0]), rng=rng):
        yield Draft(x, reading.forwards)
    yield Draft(x, reading.forwards, done=True)


def _moves(
    believes: Believes,
    canvas: Int[Tensor, "batch length"],
    known: Bool[Tensor, "batch length"],
    how: Decoding,
    guides: Sequence[Guidance[Tensor, Categorical]],
    *,
    rng: Rng,
) -> Iterator[Tensor]:
    """Denoise one canvas on the one loop, and stop as soon as nothing is hidden."""
    mask = believes.marks.mask
    open_ = int((canvas == mask).sum(1).max())
    if open_ == 0:
        return
    process = MaskedProcess(LogLinear(0.0), mask)
    for step in denoise(
        process,
        guided(believes, guides),
        like=canvas,
        condition=Condition(Inpaint(canvas, known)),
        times=times(open_),
        rng=rng,
        kernel=how.kernel(process),
    ):
        yield step.x
        if not bool((step.x == mask).any()):
            return
