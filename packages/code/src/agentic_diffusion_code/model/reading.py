"""What a decoder needs of a model: a belief about tokens with holes, after what was read before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Past, joined
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.foresight import LONGEST, Foresight, Look
from agentic_diffusion_code.model.hindsight import hindsight
from agentic_diffusion_code.model.sheet import Sheet


@final
@dataclass(frozen=True)
class Marks:
    """The tokens that a decoder must know.

    Args:
        mask: Stands for a hidden token.
        end: Ends a program.
        pad: Fills what comes after the end.
    """

    mask: int
    end: int
    pad: int


@runtime_checkable
class Reading(Protocol):
    """A model that has read something; told what comes next, it believes what may stand in the holes."""

    @property
    def forwards(self) -> int:
        """How often the network was asked so far."""
        ...

    def look(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token of `x`, which follows all that was kept."""
        ...

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read."""
        ...

    def pick(self, index: Int[Tensor, " batch"]) -> None:
        """Go on with these candidates, some perhaps twice, instead of the present ones."""
        ...


@runtime_checkable
class Rewinds(Protocol):
    """A reading that can forget the last block."""

    def back(self, count: int) -> None:
        """Forget the block of so many tokens that was kept last."""
        ...


@runtime_checkable
class Reads(Protocol):
    """A model: opened with a prompt it gives a fresh reading."""

    @property
    def marks(self) -> Marks:
        """The tokens that a decoder must know."""
        ...

    def open(self, prompt: Sequence[int]) -> Reading:
        """Read a prompt."""
        ...


@final
class CachedReading:
    """A reading by the embedded network; all blocks kept since the last look are read once, together with the next.

    Looking with the cache and reading everything anew give the same logits, for no kept token ever looks ahead.

    Args:
        network: The network, ready to infer.
        prompt: What is read first, at positions that end at -1.
        foresight: Asks for later looks in the same call, where one program is written; nothing is where it is None.
    """

    def __init__(
        self, network: BlockTransformer, prompt: Sequence[int], *, foresight: Foresight | None = None
    ) -> None:
        self._network = network
        self._device = network.embed.weight.device
        self._foresight = foresight
        self._past: Past = ()
        self._fresh: list[Tensor] = []
        self._last = torch.tensor([-1], device=self._device)
        self._lasts: list[Tensor] = []
        self._at = -len(prompt)
        self.forwards = 0
        if prompt:
            self._fresh.append(torch.tensor([list(prompt)], device=self._device))

    @torch.inference_mode()
    def look(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token of `x`."""
        foresight = self._foresight if len(x) == 1 and x.shape[1] <= LONGEST else None
        x = x.to(self._device)
        if len(x) > 1:
            self._read_shared()
        if foresight is None:
            sheet = self._begun()
            number = self._beside(sheet, x)
            return self._network.logits(sheet.part(self._ask(sheet), number))
        shown = tuple(x[0].tolist())
        told = foresight.known(shown)
        return self._foreseen(foresight, x, shown) if told is None else told

    def _foreseen(self, foresight: Foresight, x: Tensor, shown: tuple[int, ...]) -> Tensor:
        """Look, and ask for what comes next in the same call."""
        sheet, guessed = self._begun(), dict[tuple[tuple[int, ...], ...], int]()
        asked = {Look((), shown): self._beside(sheet, x)}
        first, place, edge = len(self._fresh), self._at + _length(self._fresh), self._edge()
        for look in foresight.wishes(shown):
            chain = [look.after[:count] for count in range(1, len(look.after) + 1)]
            for before, after in zip([(), *chain], chain, strict=False):
                if after not in guessed:
                    left = torch.tensor(before[-1][-1:], device=self._device) if before else edge
                    seen = [*range(first), *(guessed[told] for told in chain[: len(before)])]
                    run = torch.tensor([after[-1]], device=self._device)
                    start = place + sum(map(len, before))
                    guessed[after] = sheet.add(run, start=start, left=left, sees=seen)
            left = torch.tensor(look.after[-1][-1:], device=self._device) if chain else edge
            seen = [*range(first), *(guessed[told] for told in chain)]
            run, start = torch.tensor([look.shown], device=self._device), place + sum(map(len, look.after))
            asked.setdefault(look, sheet.add(run, start=start, left=left, sees=seen))
        logits = self._network.logits(self._ask(sheet))
        told = {look: sheet.part(logits, number) for look, number in asked.items()}
        foresight.learn(shown, told)
        return told[Look((), shown)]

    def _read_shared(self) -> None:
        """Read what all candidates share and was not read yet, once for all of them."""
        count = sum(len(run) == 1 for run in self._fresh)
        if count:
            self._fresh, own = self._fresh[:count], self._fresh[count:]
            self._ask(self._begun())
            self._fresh = own

    def _begun(self) -> Sheet:
        """Return a sheet with all that was kept and not yet read."""
        sheet, start, left = Sheet(), self._at, self._last
        for number, run in enumerate(self._fresh):
            sheet.add(run, start=start, left=left, sees=range(number))
            start, left = start + run.shape[1], run[:, -1]
        return sheet

    def _beside(self, sheet: Sheet, x: Tensor) -> int:
        start = self._at + _length(self._fresh)
        return sheet.add(x, start=start, left=self._edge(), sees=range(len(self._fresh)))

    def _edge(self) -> Tensor:
        return self._fresh[-1][:, -1] if self._fresh else self._last

    def _ask(self, sheet: Sheet) -> Tensor:
        """Ask the network; what was kept is read then."""
        self.forwards += 1
        past = self._past[0][0].shape[2] if self._past else 0
        hidden: Tensor
        hidden, fresh = self._network(
            sheet.tokens, sheet.position, sheet.mask(past), before=sheet.before, past=self._past
        )
        length = _length(self._fresh)
        if length:
            self._past = joined(self._past, tuple((k[:, :, :length], v[:, :, :length]) for k, v in fresh))
            self._at += length
        for run in self._fresh:
            self._lasts.append(self._last)
            self._last = run[:, -1]
        self._fresh = []
        return hidden

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read; they become one block."""
        self._fresh.append(x.to(self._device))
        if self._foresight is not None:
            self._foresight.keep(tuple(x[0].tolist())) if len(x) == 1 else self._foresight.forget()

    def back(self, count: int) -> None:
        """Forget the block of so many tokens that was kept last."""
        if self._foresight is not None:
            self._foresight.forget()
        if self._fresh:
            self._fresh.pop()
            return
        self._past = tuple((key[:, :, :-count], value[:, :, :-count]) for key, value in self._past)
        self._at -= count
        self._last = self._lasts.pop()

    def pick(self, index: Int[Tensor, " batch"]) -> None:
        """Go on with these candidates; what all share stays shared."""
        index = index.to(self._device)
        if self._foresight is not None:
            self._foresight.forget()
        self._fresh = [run[index] if len(run) > 1 else run for run in self._fresh]
        if len(self._last) > 1:
            self._last = self._last[index]
        self._lasts = [last[index] if len(last) > 1 else last for last in self._lasts]
        if self._past and self._past[0][0].shape[0] > 1:
            self._past = tuple((key[index], value[index]) for key, value in self._past)


def _length(runs: Sequence[Tensor]) -> int:
    return sum(run.shape[1] for run in runs)


@final
@dataclass(frozen=True)
class Embedded:
    """The embedded network as a model that reads.

    Args:
        network: The network, ready to infer.
        marks: The tokens that a decoder must know.
    """

    network: BlockTransformer
    marks: Marks

    @torch.inference_mode()
    def open(self, prompt: Sequence[int]) -> CachedReading:
        """Read a prompt."""
        return CachedReading(self.network, prompt, foresight=Foresight(self.marks.mask, self.marks.end))

    def scan(
        self, prompt: Sequence[int], program: Sequence[int], *, block: int
    ) -> Float[Tensor, "length vocabulary"]:
        """Return the log-probabilities of every token at each place of a program (see `hindsight`)."""
        marks = self.marks
        return hindsight(self.network, prompt, program, block=block, mask=marks.mask, pad=marks.pad)
