"""Knowledge from outside: a sentence encoder beside the words of the texts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.reading import rows_of, told_rows
from agentic_diffusion.planning.domains.toolplan.text import READ_LIMIT, Encoder

SHARE, DIRECTIONS = 0.35, 64
"""What an encoder from outside counts beside ours, and the directions that are kept of its rows."""

WORDLLAMA = "wordllama"
TOKENIZER, WEIGHTS = "tokenizers/l2_supercat_tokenizer_config.json", "weights/l2_supercat_256.safetensors"
"""What the package of that name brings along: 32,000 tokens with 256 numbers each."""


@final
@dataclass(frozen=True)
class Beside:
    """Two encoders side by side: products are (1 - share) · those of the first + share · those of the second.

    Args:
        first: Turns texts into rows, such as `Lexical`.
        second: Does the same in another way.
        share: What the second one counts, between 0 and 1.
    """

    first: Encoder
    second: Encoder
    share: float = SHARE

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InvalidConfigError(
                f"Beside(share={self.share})", "a share from 0 to 1", f"{SHARE} is a fair start."
            )

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "texts size"]:
        """Return one row for each text."""
        one, two = rows_of(self.first, texts), rows_of(self.second, texts)
        return torch.cat([(1 - self.share) ** 0.5 * one, self.share**0.5 * two], dim=1)


@final
@dataclass(frozen=True)
class Directed:
    """Rows of another encoder without what all have in common, in their main directions, scaled to length 1.

    A row of zeros stays one. Few directions are quick to compare, and what is left out is mostly noise.

    Args:
        inner: The other encoder.
        middle: The mean row.
        turn: (size, directions).
    """

    inner: Encoder
    middle: Float[Tensor, " size"]
    turn: Float[Tensor, "size directions"]

    @staticmethod
    def fit(inner: Encoder, texts: Sequence[str], *, most: int = DIRECTIONS) -> Directed:
        """Return the main directions of these texts.

        Args:
            inner: Turns texts into rows.
            texts: What is common is seen in these.
            most: Directions.

        Raises:
            InvalidConfigError: The encoder does not return one finite row a text, or there is no text.
        """
        if not texts:
            raise InvalidConfigError("no text", "at least one text", "Give the texts of the tools.")
        rows = told_rows(inner, texts)
        middle = rows.mean(dim=0)
        apart = (rows - middle).double()
        vectors = torch.linalg.eigh(apart.T @ apart).eigenvectors
        return Directed(inner, middle, vectors[:, -most:].flip(1).float().contiguous())

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "texts directions"]:
        """Return one row for each text."""
        rows = told_rows(self.inner, texts)
        some = (rows != 0).any(dim=1, keepdim=True)
        return normalize((rows - self.middle) @ self.turn, dim=1) * some


@final
class TokenMean:
    """The mean of the embeddings of a text's tokens: a table and a tokenizer of the library `tokenizers`.

    Args:
        tokenizer: File of the tokenizer.
        weights: File of the table (safetensors, one tensor).
    """

    def __init__(self, tokenizer: Path, weights: Path) -> None:
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        (table,) = load_file(weights).values()
        self.table = table.float()

    def __call__(self, texts: Sequence[str]) -> Float[Tensor, "texts size"]:
        """Return one row for each text; 0 where it has no token."""
        read = [text[:READ_LIMIT] for text in texts]
        ids = [told.ids for told in self._tokenizer.encode_batch(read, add_special_tokens=False)]
        ends = torch.tensor([0, *map(len, ids)]).cumsum(dim=0)
        every = torch.tensor([place for some in ids for place in some], dtype=torch.long)
        return embedding_bag(every, self.table, ends[:-1], mode="mean")


def outside(name: str) -> Encoder:
    """Return the encoder of this name.

    Args:
        name: `wordllama` for the table that the package of that name brings along, or `module:function` for a function
            from a list of texts to a tensor with one row each.

    Raises:
        InvalidConfigError: There is no such encoder.
    """
    if name == WORDLLAMA:
        return _wordllama()
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function) if module and function else None
    except (ImportError, AttributeError) as error:
        raise _refused(name, f" ({error})") from error
    if not callable(found):
        raise _refused(name)
    encoder: Encoder = found
    return encoder


def _wordllama() -> Encoder:
    """Return the token table of the package, read from its files: nothing of it is run and nothing is fetched."""
    spec = find_spec(WORDLLAMA)
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    if folder is None or not all((folder / name).is_file() for name in (TOKENIZER, WEIGHTS)):
        raise InvalidConfigError(
            f"the encoder {WORDLLAMA!r}, of which nothing is installed"
            if folder is None
            else f"the encoder {WORDLLAMA!r}, without {TOKENIZER} or {WEIGHTS}",
            "the package with its table",
            "Install it with `pip install wordllama`, or name another encoder as module:function.",
        )
    return TokenMean(folder / TOKENIZER, folder / WEIGHTS)


def _refused(name: str, why: str = "") -> InvalidConfigError:
    return InvalidConfigError(
        f"the encoder {name!r}{why}",
        f"{WORDLLAMA}, or module:function of something that can be imported and called",
        "Correct the name, or put the module's folder on PYTHONPATH.",
    )
