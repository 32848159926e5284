"""What a decoder needs of a model: a belief about tokens with holes, after what was read before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Past, joined, left_of
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.hindsight import hindsight


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
        """Forget the block of so many tokens that was kept last, and read by a look since."""
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
    """

    def __init__(self, network: BlockTransformer, prompt: Sequence[int]) -> None:
        self._network = network
        self._device = network.embed.weight.device
        self._past: Past = ()
        self._fresh: list[Tensor] = []
        self._last = torch.tensor([prompt[-1] if prompt else -1], device=self._device)
        self._lasts: list[Tensor] = []
        self._at = 0
        self.forwards = 0
        if prompt:
            tokens = torch.tensor([list(prompt)], device=self._device)
            position = torch.arange(-len(prompt), 0, device=self._device)[None]
            _, self._past = self._ask(tokens, position, None, before=left_of(tokens))

    def _ask(
        self, tokens: Tensor, position: Tensor, mask: Tensor | None, *, before: Tensor
    ) -> tuple[Tensor, Past]:
        self.forwards += 1
        hidden: Tensor
        hidden, fresh = self._network(tokens, position, mask, before=before, past=self._past)
        return hidden, fresh

    @torch.inference_mode()
    def look(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token of `x`."""
        return self._network.logits(self.states(x))

    @torch.inference_mode()
    def states(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length width"]:
        """Return the last hidden states of `x`."""
        x = x.to(self._device)
        if not self._fresh:
            return self._ask(x, self._places(x.shape[1]), None, before=left_of(x, self._last))[0]
        kept = torch.cat(self._fresh, dim=1)
        both = torch.cat([kept, x], dim=1)
        first, mask = kept.shape[1], self._seen(both.shape[1])
        left = left_of(both, self._last)
        hidden, fresh = self._ask(both, self._places(both.shape[1]), mask, before=left)
        self._past = joined(self._past, tuple((k[:, :, :first], v[:, :, :first]) for k, v in fresh))
        self._at += first
        for block in self._fresh:
            self._lasts.append(self._last)
            self._last = block[:, -1]
        self._fresh = []
        return hidden[:, first:]

    def _seen(self, length: int) -> Tensor:
        """Return who may look at whom: all at what was read before, each block at itself and those to its left."""
        sizes = [block.shape[1] for block in self._fresh]
        sizes.append(length - sum(sizes))
        owner = torch.arange(len(sizes)).repeat_interleave(torch.tensor(sizes))
        before = self._past[0][0].shape[2] if self._past else 0
        mask = torch.cat([torch.ones(length, before, dtype=torch.bool), owner[:, None] >= owner], dim=1)
        return mask.to(self._device)[None, None]

    def _places(self, length: int) -> Tensor:
        return torch.arange(self._at, self._at + length, device=self._device)[None]

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read; they become one block."""
        self._fresh.append(x.to(self._device))

    def back(self, count: int) -> None:
        """Forget the block of so many tokens that was kept last, and read by a look since."""
        self._past = tuple((key[:, :, :-count], value[:, :, :-count]) for key, value in self._past)
        self._at -= count
        self._last = self._lasts.pop()

    def pick(self, index: Int[Tensor, " batch"]) -> None:
        """Go on with these candidates; what all share stays shared."""
        index = index.to(self._device)
        self._fresh = [block[index] for block in self._fresh]
        if len(self._last) > 1:
            self._last = self._last[index]
        self._lasts = [last[index] if len(last) > 1 else last for last in self._lasts]
        if self._past and self._past[0][0].shape[0] > 1:
            self._past = tuple((key[index], value[index]) for key, value in self._past)


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
        return CachedReading(self.network, prompt)

    def scan(
        self, prompt: Sequence[int], program: Sequence[int], *, block: int
    ) -> Float[Tensor, "length vocabulary"]:
        """Return the log-probabilities of every token at each place of a program (see `hindsight`)."""
        marks = self.marks
        return hindsight(self.network, prompt, program, block=block, mask=marks.mask, pad=marks.pad)
