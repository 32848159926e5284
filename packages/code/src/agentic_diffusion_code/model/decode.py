"""Programs from noise: block after block, or all holes of one program at once, on the one loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import torch
from agentic_diffusion.denoising.belief import Categorical
from agentic_diffusion.denoising.guidance import Guidance, guided
from agentic_diffusion.denoising.process import MaskedProcess
from agentic_diffusion.denoising.sample import Kernel, confident, denoise, drawn_anew, revising
from agentic_diffusion.denoising.schedule import LogLinear, times
from agentic_diffusion.denoising.state import Condition, Inpaint, Rng, Time
from agentic_diffusion.errors import InvalidConfigError
from jaxtyping import Bool, Int
from torch import Tensor

from agentic_diffusion_code.model.reading import Marks, Reading, Reads

Guides: TypeAlias = Callable[[Tensor], Sequence[Guidance[Tensor, Categorical]]]
"""From the finished tokens before a block to the guides of that block."""


Score: TypeAlias = Callable[[Tensor], Tensor]
"""From programs on their way, one row each, to one score a row."""


def unguided(before: Tensor) -> Sequence[Guidance[Tensor, Categorical]]:
    """Guide nothing."""
    return ()


@final
@dataclass(frozen=True)
class Decoding:
    """How programs are denoised.

    Args:
        block: Tokens denoised together; finished blocks are read from the cache.
        bound: Joint uncertainty in nats that may be accepted in one move (see `confident`); 0 reveals one by one.
        temperature: Of the tokens that are drawn; 0 takes the most likely ones.
        revise: Probability under which a shown token is hidden again; 0 never.
        longest: Tokens of the longest program.
        end_penalty: Subtracted from the logits of end and padding while a block is denoised.
    """

    block: int = 16
    bound: float = 0.3
    temperature: float = 0.0
    revise: float = 0.0
    longest: int = 320
    end_penalty: float = 0.0

    def __post_init__(self) -> None:
        if min(self.block, self.longest) < 1 or min(self.bound, self.temperature) < 0:
            raise InvalidConfigError(
                repr(self),
                "block, longest >= 1 and bound, temperature >= 0",
                "Decoding() is a fair start.",
            )

    def kernel(self, process: MaskedProcess) -> Kernel[Tensor, Categorical]:
        """Return how one move is made."""
        move = confident(process, bound=self.bound, temperature=self.temperature)
        return revising(move, process, below=self.revise) if self.revise > 0 else move


@final
@dataclass(frozen=True)
class Draft:
    """Programs on their way.

    Args:
        tokens: One row for each candidate: finished blocks, then the one that is being denoised.
        forwards: How often the network was asked so far.
        done: Whether nothing is left to do.
    """

    tokens: Int[Tensor, "batch length"]
    forwards: int
    done: bool = False


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


def write(
    model: Reads,
    prompt: Sequence[int],
    *,
    count: int,
    rng: Rng,
    fixed: Sequence[int] = (),
    decoding: Decoding | None = None,
    guides: Guides = unguided,
    score: Score | None = None,
) -> Iterator[Draft]:
    """Denoise programs block by block; each begins with the fixed tokens and ends where the model ends it.

    Args:
        model: What to believe.
        prompt: What is read first.
        count: Candidates, denoised together.
        rng: Where randomness comes from.
        fixed: The first tokens of every candidate, such as a signature.
        decoding: How.
        guides: Tilt the beliefs of each block.
        score: Lets candidates compete: after each block they are drawn anew in proportion to exp(score - score before)
            (see `particles`); none by default.

    Yields:
        A draft after every call of the network; the last is `done`.
    """
    how, marks = decoding or Decoding(), model.marks
    reading = model.open(prompt)
    before = torch.zeros(count)
    written = torch.zeros(count, 0, dtype=torch.long)
    ended = torch.zeros(count, dtype=torch.bool)
    head = torch.tensor(list(fixed), dtype=torch.long)
    while not bool(ended.all()) and written.shape[1] < how.longest:
        at = written.shape[1]
        values = torch.full((count, how.block), marks.pad)
        known = ended[:, None].expand(count, how.block).clone()
        given = head[at : at + how.block]
        values[:, : len(given)], known[:, : len(given)] = given, True
        x = canvas = torch.where(known, values, marks.mask)
        believes = Believes(reading, marks, how.end_penalty)
        for x in _moves(believes, canvas, known, how, guides(written), rng=rng):
            yield Draft(torch.cat([written, x], dim=1), reading.forwards)
        over = (x == marks.end).long().cumsum(1)
        x = torch.where((over - (x == marks.end).long() > 0) & ~known, marks.pad, x)
        ended |= over[:, -1] > 0
        written = torch.cat([written, x], dim=1)
        reading.keep(x)
        if score is not None:
            now = score(written)
            index = drawn_anew(now - before, rng)
            reading.pick(index)
            before, written, ended = now[index], written[index], ended[index]
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
        A draft after every call of the network; the last is `done`.
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
