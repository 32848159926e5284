"""The embedded network as it reads: what was kept is read once, and what comes next is asked for in the same call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Past, joined
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.foresight import LONGEST, Foresight, Look
from agentic_diffusion_code.model.sheet import Sheet, ask_all

PLAIN = Compute("cpu")
"""Every product in fp32, wherever the network lies."""


@final
@dataclass(frozen=True)
class Page:
    """What is asked in one call for one program.

    Args:
        sheet: The runs of tokens.
        shown: The tokens that are looked at now.
        asked: Which run answers which look.
    """

    sheet: Sheet
    shown: tuple[int, ...]
    asked: Mapping[Look, int]


@final
class CachedReading:
    """A reading by the embedded network; all blocks kept since the last look are read once, together with the next.

    Looking with the cache and reading everything anew give the same logits, for no kept token ever looks ahead.

    Args:
        network: The network, ready to infer.
        prompt: What is read first, at positions that end at -1.
        foresight: Asks for later looks in the same call, where one program is written; nothing is where it is None.
        compute: The precision; fp32 where it is left out.
    """

    def __init__(
        self,
        network: BlockTransformer,
        prompt: Sequence[int],
        *,
        foresight: Foresight | None = None,
        compute: Compute = PLAIN,
    ) -> None:
        self._network, self._compute = network, compute
        self._device = network.embed.weight.device
        self._foresight = foresight
        self._past: Past = ()
        self._answer: tuple[tuple[int, ...], Tensor] | None = None
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
        with self._compute.autocast():
            return self._look(x.to(self._device))

    def _look(self, x: Tensor) -> Tensor:
        if len(x) > 1:
            self._read_shared()
            sheet = self._begun()
            number = self._beside(sheet, x)
            return self._network.logits(sheet.part(self._ask(sheet), number))
        told = self.known(x)
        if told is None:
            page = self.page(x)
            self.forwards += 1
            told = self.take(page, *page.sheet.ask(self._network, self._past))
        self._answer = None
        return told

    def known(self, x: Int[Tensor, "1 length"]) -> Float[Tensor, "1 length vocabulary"] | None:
        """Return the logits of a look that was asked for beforehand."""
        shown = tuple(x[0].tolist())
        if self._answer is not None and self._answer[0] == shown:
            return self._answer[1]
        return self._foresight.known(shown) if self._foresight is not None and len(shown) <= LONGEST else None

    @property
    def past(self) -> Past:
        """Keys and values of all that was read."""
        return self._past

    def page(self, x: Int[Tensor, "1 length"]) -> Page:
        """Return what is to be asked of the network for a look of one program: what comes next stands on it too."""
        x, shown = x.to(self._device), tuple(x[0].tolist())
        sheet, guessed = self._begun(), dict[tuple[tuple[int, ...], ...], int]()
        asked = {Look((), shown): self._beside(sheet, x)}
        first, place, edge = len(self._fresh), self._at + _length(self._fresh), self._edge()
        foreseen = self._foresight is not None and len(shown) <= LONGEST
        for look in self._foresight.wishes(shown) if self._foresight is not None and foreseen else ():
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
        return Page(sheet, shown, asked)

    def take(self, page: Page, hidden: Tensor, fresh: Past) -> Float[Tensor, "1 length vocabulary"]:
        """Take what the network said of a page; what was kept is read then."""
        self._took(fresh)
        logits = self._network.logits(hidden)
        told = {look: page.sheet.part(logits, number) for look, number in page.asked.items()}
        if len(told) > 1 and self._foresight is not None:
            self._foresight.learn(page.shown, told)
        own = told[Look((), page.shown)]
        self._answer = page.shown, own
        return own

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
        hidden, fresh = sheet.ask(self._network, self._past)
        self._took(fresh)
        return hidden

    def _took(self, fresh: Past) -> None:
        length = _length(self._fresh)
        if length:
            self._past = joined(self._past, tuple((k[:, :, :length], v[:, :, :length]) for k, v in fresh))
            self._at += length
        for run in self._fresh:
            self._lasts.append(self._last)
            self._last = run[:, -1]
        self._fresh = []

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read; they become one block."""
        self._answer = None
        self._fresh.append(x.to(self._device))
        if self._foresight is not None:
            self._foresight.keep(tuple(x[0].tolist())) if len(x) == 1 else self._foresight.forget()

    def back(self, count: int) -> None:
        """Forget the block of so many tokens that was kept last."""
        self._answer = None
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


@final
class Side:
    """Readings by the embedded network side by side: each is at its own place, and all are asked in one call.

    Args:
        network: The network, ready to infer.
        readings: The readings.
        compute: The precision; fp32 where it is left out.
    """

    def __init__(
        self, network: BlockTransformer, readings: Sequence[CachedReading], *, compute: Compute = PLAIN
    ) -> None:
        self._network, self._compute = network, compute
        self.readings: Sequence[CachedReading] = tuple(readings)
        self._calls = 0

    @property
    def forwards(self) -> int:
        """How often the network was asked so far."""
        return self._calls + sum(reading.forwards for reading in self.readings)

    def known(self, number: int, x: Int[Tensor, "1 length"]) -> bool:
        """Say whether the answer to a look of a reading is there already."""
        return self.readings[number].known(x) is not None

    @torch.inference_mode()
    def ask(self, looks: Mapping[int, Int[Tensor, "1 length"]]) -> None:
        """Ask for looks, one of each of these readings, in one call."""
        asked = [self.readings[number] for number in looks]
        pages = [reading.page(x) for reading, x in zip(asked, looks.values(), strict=True)]
        with self._compute.autocast():
            told = ask_all(self._network, [page.sheet for page in pages], [reading.past for reading in asked])
            self._calls += 1
            for reading, page, (hidden, fresh) in zip(asked, pages, told, strict=True):
                reading.take(page, hidden, fresh)


def _length(runs: Sequence[Tensor]) -> int:
    return sum(run.shape[1] for run in runs)
