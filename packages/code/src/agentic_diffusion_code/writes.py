"""What the coder asks of anything that writes programs, and what a writer of tokens asks of a vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from .domain import CodeRequest


@runtime_checkable
class Tokens(Protocol):
    """A vocabulary, as far as a writer needs it."""

    @property
    def size(self) -> int:
        """The number of tokens."""
        ...

    @property
    def mask(self) -> int:
        """Stands for a token that is hidden."""
        ...

    @property
    def end(self) -> int:
        """Ends a program."""
        ...

    @property
    def pad(self) -> int:
        """Fills what comes after the end."""
        ...

    def encode(self, source: str, language: str) -> list[int]:
        """Return the tokens of a program."""
        ...

    def layout(self, ids: Sequence[int], language: str) -> tuple[str, list[tuple[int, int]]]:
        """Return the text of a program, and where in it each token lies (start, end)."""
        ...


@runtime_checkable
class Worded(Tokens, Protocol):
    """A vocabulary that holds the words of descriptions and the marks of a prompt as well."""

    @property
    def text(self) -> int:
        """Begins a description."""
        ...

    @property
    def code(self) -> int:
        """Begins a program."""
        ...

    def language(self, name: str) -> int:
        """Return the tag of a language."""
        ...

    def encode_text(self, text: str) -> list[int]:
        """Return the tokens of a description."""
        ...


@final
@dataclass(frozen=True)
class Sketch:
    """Programs on their way, as text.

    Args:
        sources: One text for each candidate, as far as it is known.
        share: How much of the work is done, in [0, 1].
        forwards: How often the network was asked.
        tokens: Tokens that were written, by all candidates together.
        done: Whether nothing is left to do.
    """

    sources: tuple[str, ...]
    share: float
    forwards: int
    tokens: int = 0
    done: bool = False


@final
@dataclass(frozen=True)
class Sureness:
    """What a model thinks of a finished program.

    Args:
        lines: For each line, the probability of its least sure token.
        features: Numbers from which the chance to pass is estimated (see `confidence`).
        mean: The geometric mean of the probabilities of its tokens; None where that is not known.
    """

    lines: tuple[float, ...]
    features: tuple[float, ...]
    mean: float | None = None


@runtime_checkable
class Writes(Protocol):
    """Anything that writes programs: a denoiser of tokens, or a server that gives whole texts."""

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        """Write candidates from nothing; the last sketch is `done`."""
        ...

    def mend(
        self,
        request: CodeRequest,
        source: str,
        *,
        groups: Sequence[Sequence[int]],
        hint: str,
        count: int,
        seed: int,
    ) -> Iterator[Sketch]:
        """Write one of these groups of lines anew in each candidate, in turn; `hint` says what went wrong."""
        ...

    def vary(
        self, request: CodeRequest, source: str, *, share: float, count: int, seed: int
    ) -> Iterator[Sketch]:
        """Begin with a program of which a share is hidden, instead of with nothing."""
        ...

    def sure(self, request: CodeRequest, source: str) -> Sureness | None:
        """Return what the model thinks of a program; None where it cannot tell."""
        ...


@final
@dataclass(frozen=True)
class Heeded:
    """How much a program depends on the words of its description.

    Args:
        features: More numbers from which the chance to pass is estimated, behind those of `Sureness`.
        forwards: Calls of the network that they took.
    """

    features: tuple[float, ...]
    forwards: int


@runtime_checkable
class Heeds(Protocol):
    """A writer that can tell, for some more calls, how much a program depends on the words of its description."""

    def heeded(self, request: CodeRequest, source: str) -> Heeded | None:
        """Return it; None where it cannot be told of this program."""
        ...


@runtime_checkable
class Branches(Protocol):
    """A search among the programs of one request, in the order of what the model finds likely."""

    def tell(self, source: str, score: float, *, until: int | None = None) -> None:
        """Note a program that failed: the share of tests that it passed, below 0 where it does not parse.

        Args:
            source: The program.
            score: The share.
            until: The line that is wrong whatever comes behind it, where one is known: what is right differs up to it.
        """
        ...

    def write(self, *, count: int, seed: int) -> Iterator[Sketch]:
        """Write the next programs, unlike all before; nothing where there are no more."""
        ...


@runtime_checkable
class Forks(Protocol):
    """A writer that can search where others draw."""

    def branches(self, request: CodeRequest) -> Branches | None:
        """Return a search; None where this model cannot."""
        ...


@runtime_checkable
class Fills(Protocol):
    """A writer that can fill holes of a program and leaves the rest as it is."""

    def infill(self, request: CodeRequest, sketch: str, *, count: int = 1, seed: int = 0) -> Iterator[Sketch]:
        """Fill every hole; up to `count` programs come, the likeliest first."""
        ...


def closely(writer: Writes, request: CodeRequest, source: str, *, wanted: bool = True) -> Heeded:
    """Return how much a program depends on the words of its description; nothing where it is not wanted or known."""
    found = writer.heeded(request, source) if wanted and isinstance(writer, Heeds) else None
    return found or Heeded((), 0)


def prompt_of(tokens: Worded, description: str, language: str, *, signature: str = "") -> tuple[int, ...]:
    """Return what is read before a program: the tag of the language, the description, and the signature or name."""
    given = tokens.encode(signature, language) if signature else []
    return tokens.language(language), tokens.text, *tokens.encode_text(description), tokens.code, *given
