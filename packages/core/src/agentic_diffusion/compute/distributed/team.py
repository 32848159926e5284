"""The processes that train one network together: which rows are whose, and what all of them agree on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, final

import torch
from torch import Tensor, distributed

from agentic_diffusion.errors import InvalidConfigError, WorkerError

Strategy: TypeAlias = Literal["ddp", "fsdp", "tensor"]
"""What is divided among processes: the batch; the batch and the weights; each layer of a transformer."""

STRATEGIES: tuple[Strategy, ...] = ("ddp", "fsdp", "tensor")
BROKEN = (
    "connection closed by peer",
    "connection reset by peer",
    "broken pipe",
    "socket",
    "timed out",
    "nccl",
)


@final
@dataclass(frozen=True)
class Team:
    """This process among those that train together; without a strategy it is alone.

    Every process draws the same batch and the same noise from the same seed. With `ddp` and `fsdp` each looks at its
    own rows of them, with `tensor` all look at all rows with their part of each layer. The loss and its gradient are
    those of the whole batch, so that a run does not depend on the number of processes, but for rounding.

    Args:
        strategy: What is divided; see `Strategy`.
        rank: The number of this process, from 0.
        size: How many there are.
    """

    strategy: Strategy | None = None
    rank: int = 0
    size: int = 1

    def __post_init__(self) -> None:
        alone = self.strategy is None and self.size == 1
        if not 0 <= self.rank < self.size or not (alone or self.strategy in STRATEGIES):
            raise InvalidConfigError(
                f"Team({self.strategy!r}, rank={self.rank}, size={self.size})",
                "ddp, fsdp or tensor, and 0 <= rank < size",
                "`joined` makes the right one from what torchrun says.",
            )

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes and speaks for all."""
        return self.rank == 0

    @property
    def splits_rows(self) -> bool:
        """Whether each process looks at rows of its own."""
        return self.strategy in ("ddp", "fsdp")

    @property
    def splits_weights(self) -> bool:
        """Whether each process holds only a part of the weights."""
        return self.strategy in ("fsdp", "tensor")

    def rows(self, count: int) -> slice:
        """Return which of `count` rows of a batch this process looks at.

        Raises:
            InvalidConfigError: There are fewer rows than processes.
        """
        if not self.splits_rows:
            return slice(0, count)
        if count < self.size:
            raise InvalidConfigError(
                f"a batch of {count} for {self.size} processes",
                "at least one row for each",
                "Use a larger batch or fewer processes.",
            )
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def weighted(self, values: Tensor, count: int) -> Tensor:
        """Return a loss of the rows of this process whose mean over processes is the mean over all `count` rows."""
        return values.sum() * (self.size if self.splits_rows else 1) / count

    def mean(self, value: float) -> float:
        """Return the mean over processes of a number."""
        return self._sum(value) / self.size if self.splits_rows else value

    def any(self, flag: bool) -> bool:
        """Whether any process says so; all must ask."""
        return flag if self.strategy is None else self._sum(float(flag)) > 0

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.strategy is not None:
            self._sum(0.0)

    def agree(self, value: float, *, about: str) -> None:
        """Make sure that all processes say the same.

        Raises:
            InvalidConfigError: They do not.
        """
        if self.strategy is not None:
            most, least = (self._all(sign * value, distributed.ReduceOp.MAX) for sign in (1, -1))
            if most != -least:
                raise InvalidConfigError(
                    f"processes that differ about {about}: from {-least:g} to {most:g}",
                    "the same of each",
                    "Give all of them the same settings and a folder that every machine sees.",
                )

    def heard(self, said: str) -> list[str]:
        """Return what each process says, in their order; all must speak."""
        if self.strategy is None:
            return [said]
        device, text = _device(), said.encode()
        length = torch.tensor([len(text)], device=device)
        lengths = [torch.zeros_like(length) for _ in range(self.size)]
        with self.watching("a message"):
            distributed.all_gather(lengths, length)
            room = int(max(lengths)) + 1  # one more: no tensor is made of nothing
            told = torch.frombuffer(bytearray(text.ljust(room)), dtype=torch.uint8).to(device)
            each = [torch.zeros_like(told) for _ in range(self.size)]
            distributed.all_gather(each, told)
        return [bytes(t[: int(n)].tolist()).decode() for t, n in zip(each, lengths, strict=True)]

    def _sum(self, value: float) -> float:
        return self._all(value, distributed.ReduceOp.SUM)

    def _all(self, value: float, how: Any) -> float:
        told = torch.tensor(value, dtype=torch.float64, device=_device())
        with self.watching("a message"):
            distributed.all_reduce(told, how)
        return float(told)

    @contextmanager
    def watching(self, what: str) -> Iterator[None]:
        """Turn the error of a lost connection into one that says what to do.

        Raises:
            WorkerError: Another process of the team is gone.
        """
        try:
            yield
        except RuntimeError as error:
            if self.strategy is None or isinstance(error, WorkerError) or not _is_lost(error):
                raise
            raise WorkerError(
                f"process {self.rank} of {self.size} alone: another one is gone, in {what} "
                f"({str(error).splitlines()[0][:120]})",
                "processes that live until the training is done",
                "Start the same command again; it goes on from the last checkpoint, with any number of processes.",
            ) from error


ALONE = Team()
"""One process that trains alone."""


def _is_lost(error: RuntimeError) -> bool:
    if isinstance(error, distributed.DistError):
        return True
    text = str(error).lower()
    return any(word in text for word in BROKEN)


def _device() -> torch.device:
    """Return where numbers must lie to be sent: nccl sends none from the host."""
    if distributed.get_backend() == "nccl":
        return torch.device("cuda", torch.cuda.current_device())
    return torch.device("cpu")
