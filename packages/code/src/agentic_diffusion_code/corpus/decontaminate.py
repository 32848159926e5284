"""Finds rows that share long passages with a benchmark, so that they are left out of training.

The benchmark is a file of the reader; nothing of it is kept but hashes of passages.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, TypeVar, final

from agentic_diffusion.errors import InvalidConfigError

GRAM = 13
_WORD = re.compile(r"\w+")
_FIELDS = ("prompt", "text", "description", "canonical_solution", "code", "test")


class Text(Protocol):
    """A task, as far as it can be unclean."""

    @property
    def description(self) -> str:
        """What is asked."""
        ...

    @property
    def source(self) -> str:
        """The answer."""
        ...


Said = TypeVar("Said", bound=Text)


def grams(text: str, size: int = GRAM) -> Iterator[bytes]:
    """Yield a hash of each passage of so many neighbouring words, case and signs aside."""
    words = _WORD.findall(text.lower())
    for first in range(len(words) - size + 1):
        yield blake2b("\0".join(words[first : first + size]).encode(), digest_size=8).digest()


@final
class Decontaminator:
    """Knows the passages of some texts.

    Args:
        texts: The texts of a benchmark.
        size: How many words a passage has.
    """

    def __init__(self, texts: Iterable[str], *, size: int = GRAM) -> None:
        self._size = size
        self._known = {gram for text in texts for gram in grams(text, size)}

    @classmethod
    def of_files(cls, paths: Iterable[Path], *, size: int = GRAM) -> Decontaminator:
        """Read files of JSON lines, packed or not, as HumanEval and MBPP are kept.

        Raises:
            InvalidConfigError: When a file holds no text of a known field.
        """
        texts: list[str] = []
        for path in paths:
            found = list(_texts(path))
            if not found:
                raise InvalidConfigError(
                    path.name, f"lines with one of {', '.join(_FIELDS)}", "Give another file."
                )
            texts += found
        return cls(texts, size=size)

    @property
    def passages(self) -> int:
        """How many passages are known."""
        return len(self._known)

    def shares(self, text: str) -> bool:
        """Whether a text holds a known passage."""
        return any(gram in self._known for gram in grams(text, self._size))

    def clean(self, tasks: Iterable[Said]) -> Iterator[Said]:
        """Yield the tasks whose request and program share no passage."""
        for task in tasks:
            if not self.shares(task.description) and not self.shares(task.source):
                yield task


def _texts(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    for line in data.decode("utf-8").splitlines():
        if line.strip():
            row = json.loads(line)
            yield from (row[name] for name in _FIELDS if isinstance(row.get(name), str))
