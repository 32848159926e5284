"""Block models of others read with their own key-value cache: what is finished goes through the network once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

import torch
from agentic_diffusion.errors import InvalidConfigError
from jaxtyping import Float, Int
from torch import Tensor

from agentic_diffusion_code.model.reading import Marks


@runtime_checkable
class Keeps(Protocol):
    """A model with a cache of the transformers library."""

    def read(self, tokens: Tensor, past: Any) -> Any:
        """Return the cache after these tokens, all of which see each other and all before; None is an empty one."""
        ...

    def look(self, x: Tensor, past: Any) -> Tensor:
        """Return the logits of a block that follows what was read; the cache is as it was."""
        ...


@final
@dataclass(frozen=True)
class Blocks:
    """A block-causal model that takes an additive mask of four axes and a cache, as the library's decoders do.

    Layers with a sliding window cannot take a block back out of the cache once it is full; the library then refuses.

    Args:
        model: The model; it names each token where it stands.
    """

    model: Any

    def read(self, tokens: Tensor, past: Any) -> Any:
        """Return the cache after these tokens."""
        return self._asked(tokens, past).past_key_values

    def look(self, x: Tensor, past: Any) -> Tensor:
        """Return the logits of a block, and take it out of the cache again."""
        logits: Tensor = self._asked(x, past).logits
        past.crop(-x.shape[1])
        return logits

    def _asked(self, tokens: Tensor, past: Any) -> Any:
        seen = tokens.shape[1] + (past.get_seq_length() if past is not None else 0)
        mask = torch.zeros(len(tokens), 1, tokens.shape[1], seen, device=tokens.device)
        mask = mask.to(next(iter(self.model.parameters())).dtype)
        return self.model(input_ids=tokens, attention_mask=mask, past_key_values=past, use_cache=True)


@final
@dataclass
class KeptReading:
    """A reading that shows the model only the block that is being denoised.

    Args:
        keeps: The model.
        prompt: What is read first.
        longest: Tokens that the model can read; more is refused, never cut.
        device: Where the model is.
    """

    keeps: Keeps
    prompt: Int[Tensor, "1 length"]
    longest: int
    device: torch.device
    forwards: int = 0
    _past: Any = None
    _length: int = 0
    _rows: int = 1
    _alike: bool = True
    _waiting: list[Tensor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting.append(self.prompt)

    @torch.inference_mode()
    def look(self, x: Int[Tensor, "batch length"]) -> Float[Tensor, "batch length vocabulary"]:
        """Return the logits of each token of `x`.

        Raises:
            InvalidConfigError: There are more tokens than the model can read.
        """
        waiting = sum(part.shape[1] for part in self._waiting)
        if self._length + waiting + x.shape[1] > self.longest:
            raise InvalidConfigError(
                f"{self._length + waiting + x.shape[1]} tokens",
                f"at most {self.longest}",
                "Ask for a shorter program.",
            )
        self._read()
        self._widen(x.shape[0])
        self.forwards += 1
        return self.keeps.look(x.to(self.device), self._past).float().cpu()

    def keep(self, x: Int[Tensor, "batch length"]) -> None:
        """Take finished tokens as read; they go through the network before the next look."""
        self._waiting.append(x)

    @torch.inference_mode()
    def pick(self, index: Int[Tensor, " batch"]) -> None:
        """Go on with these candidates."""
        self._read()
        if not self._alike:
            self._past.batch_select_indices(index.to(self.device))
            self._rows = len(index)

    def _read(self) -> None:
        for part in self._waiting:
            if part is not self.prompt:
                self._widen(part.shape[0])
                self._alike = self._alike and part.shape[0] == 1
            self._past = self.keeps.read(part.to(self.device), self._past)
            self._length += part.shape[1]
        self._waiting.clear()

    def _widen(self, rows: int) -> None:
        """Have as many rows in the cache; where all are alike any of them will do."""
        if self._rows == rows:
            return
        if not self._alike:
            raise InvalidConfigError(
                f"{rows} candidates", f"{self._rows}, as many as were kept", "Pick candidates first."
            )
        self._past.batch_select_indices(torch.zeros(rows, dtype=torch.long, device=self.device))
        self._rows = rows


@final
@dataclass(frozen=True)
class KeptModel:
    """A block model of others as a model that reads, with its cache.

    Args:
        keeps: How it is asked: `Blocks` or `Canvas` of the model.
        marks: Its mask, end and padding.
        longest: Tokens that it can read.
        device: Where it is.
    """

    keeps: Keeps
    marks: Marks
    longest: int = 2048
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def open(self, prompt: Sequence[int]) -> KeptReading:
        """Read a prompt."""
        tokens = torch.tensor([list(prompt)], dtype=torch.long)
        return KeptReading(self.keeps, tokens, self.longest, self.device)
