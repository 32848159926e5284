"""What a decoder needs of a model: a belief about tokens with holes, after what was read before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, final, runtime_checkable

import torch
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.cached import CachedReading, Side
from agentic_diffusion_code.model.foresight import Foresight
from agentic_diffusion_code.model.hindsight import hindsight, hindsights, likelihoods


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
class Several(Protocol):
    """Readings of one model, one for each program, that are asked about in one call."""

    @property
    def readings(self) -> Sequence[Reading]:
        """All of them."""
        ...

    @property
    def forwards(self) -> int:
        """How often the network was asked so far."""
        ...

    def known(self, number: int, x: Int[Tensor, "1 length"]) -> bool:
        """Say whether the answer to a look of a reading is there already."""
        ...

    def ask(self, looks: Mapping[int, Int[Tensor, "1 length"]]) -> None:
        """Ask for looks, one of each of these readings, in one call; they are then known."""
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


@runtime_checkable
class Placed(Protocol):
    """A model that says where and how it computes."""

    @property
    def placed(self) -> Compute:
        """Where and how it computes."""
        ...


@runtime_checkable
class Moves(Protocol):
    """A model that can be had elsewhere."""

    def on(self, compute: Compute) -> Reads:
        """Return a copy of it that lies elsewhere; this one stays where it is."""
        ...


@final
@dataclass(frozen=True)
class Embedded:
    """The embedded network as a model that reads.

    Args:
        network: The network, ready to infer.
        marks: The tokens that a decoder must know.
        compute: Where the network lies, and the precision; fp32 where it lies, if left out.
    """

    network: BlockTransformer
    marks: Marks
    compute: Compute | None = None

    @property
    def placed(self) -> Compute:
        """Where and how the network computes."""
        return self.compute or Compute(str(self.network.embed.weight.device))

    def on(self, compute: Compute) -> Embedded:
        """Return a copy whose network lies elsewhere."""
        return replace(self, network=compute.copied(self.network), compute=compute)

    @torch.inference_mode()
    def open(self, prompt: Sequence[int]) -> CachedReading:
        """Read a prompt."""
        foresight = Foresight(self.marks.mask, self.marks.end)
        return CachedReading(self.network, prompt, foresight=foresight, compute=self.placed)

    def several(self, prompt: Sequence[int], count: int) -> Side:
        """Read a prompt for several programs, each of which goes its own way."""
        return Side(self.network, [self.open(prompt) for _ in range(count)], compute=self.placed)

    def scan(
        self, prompt: Sequence[int], program: Sequence[int], *, block: int
    ) -> Float[Tensor, "length vocabulary"]:
        """Return the log-probabilities of every token at each place of a program (see `hindsight`)."""
        marks = self.marks
        with self.placed.autocast():
            return hindsight(self.network, prompt, program, block=block, mask=marks.mask, pad=marks.pad)

    def scans(
        self, prompt: Sequence[int], programs: Sequence[Sequence[int]], *, block: int
    ) -> list[Float[Tensor, "length vocabulary"]]:
        """Return what `scan` says of several programs, in one call."""
        marks = self.marks
        with self.placed.autocast():
            return hindsights(self.network, prompt, programs, block=block, mask=marks.mask, pad=marks.pad)

    def hears(
        self, prompts: Sequence[Sequence[int]], program: Sequence[int], *, block: int
    ) -> tuple[Float[Tensor, "prompts length"], int]:
        """Return the log-probabilities of a program after each of several prompts (see `likelihoods`)."""
        marks = self.marks
        with self.placed.autocast():
            return likelihoods(self.network, prompts, program, block=block, mask=marks.mask, pad=marks.pad)
