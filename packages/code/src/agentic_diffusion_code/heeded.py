"""Whether a program heeds every word of its description: how much less likely it becomes when one is left out.

What was overlooked can be left out, and the program stays as likely; where a word was in the way of what was written,
it even becomes likelier.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from .writes import Heeded

WORDS = 40
"""Words of the longest description of which each is left out once; of longer ones as many, evenly spread."""
_WEAK = """
a an and are begin by can compute continue define determine find finally function give gives given i implement in is it
me need of please return returns should so step take taking that the then to with write you
"""
_SAYS_NOTHING = frozenset(_WEAK.split())


@runtime_checkable
class Hears(Protocol):
    """A model that says of one program how likely it is after several prompts."""

    def hears(
        self, prompts: Sequence[Sequence[int]], program: Sequence[int], *, block: int
    ) -> tuple[Float[Tensor, "prompts length"], int]:
        """Return the log-probabilities of its tokens after each prompt, and how many calls it took."""
        ...


def left_out(description: str) -> Iterator[str]:
    """Yield a description as it is, then without one of its words, for each word that says something."""
    yield description
    words = description.split()
    telling = [i for i, word in enumerate(words) if word.strip(".,:;?!").lower() not in _SAYS_NOTHING]
    step = max(1.0, len(telling) / WORDS)
    for turn in range(min(len(telling), WORDS)):
        place = telling[int(turn * step)]
        yield " ".join(words[:place] + words[place + 1 :])


def heeded(model: Hears, prompts: Sequence[Sequence[int]], program: Sequence[int], *, block: int) -> Heeded:
    """Return by how many nats the likelihood of a program falls after that prompt after which it falls least.

    Args:
        model: Says how likely the program is.
        prompts: The whole description, then without one word each.
        program: Its tokens.
        block: Tokens that are hidden together.
    """
    seen, forwards = model.hears(prompts, program, block=block)
    total = seen.clamp(min=-20.0).sum(1)
    return Heeded((float((total[0] - total[1:]).min()) if len(total) > 1 else 0.0,), forwards)
