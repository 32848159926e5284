"""An exact model of a few programs, and a vocabulary of whole lexemes, so that tests need no training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from agentic_diffusion_code.model.reading import Marks

SPECIALS = [
    "<pad>",
    "<mask>",
    "<end>",
    "<text>",
    "<code>",
    "<nl>",
    "<in>",
    "<out>",
    "<python>",
    "<javascript>",
]


@dataclass
class Lexemes:
    """Whole words; Python's lines and indentation as tokens."""

    words: list[str] = field(default_factory=lambda: list(SPECIALS))
    pad: int = 0
    mask: int = 1
    end: int = 2
    text: int = 3
    code: int = 4
    size: int = 96

    def language(self, name: str) -> int:
        return SPECIALS.index(f"<{name}>")

    def _id(self, word: str) -> int:
        if word not in self.words:
            self.words.append(word)
        assert len(self.words) <= self.size
        return self.words.index(word)

    def encode_text(self, text: str) -> list[int]:
        return [self._id(word) for word in text.split()]

    def encode(self, source: str, language: str) -> list[int]:
        ids: list[int] = []
        depth = 0
        for line in source.split("\n"):
            if not line.strip():
                continue
            now = (len(line) - len(line.lstrip())) // 4
            if ids:
                ids.append(5)
            ids += [6] * (now - depth) + [7] * (depth - now)
            depth = now
            ids += [self._id(word) for word in re.findall(r"\w+|==|[^\w\s]", line)]
        return ids

    def layout(self, ids: Sequence[int], language: str) -> tuple[str, list[tuple[int, int]]]:
        text, places, depth, fresh = "", [], 0, True
        for token in ids:
            word = self.words[token] if token < len(self.words) else "?"
            if token in (0, 1, 2):
                places.append((len(text), len(text)))
                continue
            if token == 5:
                text, fresh = text + "\n", True
                places.append((len(text) - 1, len(text)))
                continue
            if token in (6, 7):
                depth += 1 if token == 6 else -1
                places.append((len(text), len(text)))
                continue
            text += "    " * depth if fresh else " "
            fresh = False
            places.append((len(text), len(text) + len(word)))
            text += word
        return text + "\n", places


@dataclass
class Recall:
    """Believes that one of the programs is behind what it sees, the likelier the more of it agrees."""

    rows: torch.Tensor
    size: int
    sharp: float
    forwards: int = 0
    before: torch.Tensor | None = None

    def look(self, x: torch.Tensor) -> torch.Tensor:
        self.forwards += 1
        before = x[:, :0] if self.before is None else self.before
        seen = torch.cat([before.expand(len(x), -1), x], 1)
        rows = torch.zeros(len(self.rows), max(seen.shape[1], self.rows.shape[1]), dtype=torch.long)
        rows[:, : self.rows.shape[1]] = self.rows
        rows = rows[:, : seen.shape[1]]
        wrong = ((seen[:, None] != rows) & (seen != 1)[:, None]).float().sum(-1)
        share = (-self.sharp * wrong - 0.1 * torch.arange(len(rows))).softmax(-1)
        onehot = torch.nn.functional.one_hot(rows, self.size).float()
        known = torch.einsum("bp,plv->blv", share, onehot)
        trust = 0.9 ** wrong.amin(-1)[:, None, None]
        return (trust * known + (1 - trust) / self.size + 1e-9).log()[:, before.shape[1] :]

    def keep(self, x: torch.Tensor) -> None:
        self.before = x if self.before is None else torch.cat([self.before, x], 1)

    def pick(self, index: torch.Tensor) -> None:
        if self.before is not None:
            self.before = self.before[index]


@dataclass
class Shelf:
    """A model that knows some programs by heart."""

    programs: Sequence[str]
    tokens: Lexemes
    sharp: float = 4.0
    language: str = "python"

    @property
    def marks(self) -> Marks:
        return Marks(self.tokens.mask, self.tokens.end, self.tokens.pad)

    def open(self, prompt: Sequence[int]) -> Recall:
        rows = [[*self.tokens.encode(text, self.language), self.tokens.end] for text in self.programs]
        whole = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        for into, row in zip(whole, rows, strict=True):
            into[: len(row)] = torch.tensor(row)
        return Recall(whole, self.tokens.size, self.sharp)


@dataclass
class Reviewed(Shelf):
    """A shelf that can look back at finished programs, one look for each token."""

    def scan(self, prompt: Sequence[int], program: Sequence[int], *, block: int) -> torch.Tensor:
        reading, found = self.open(prompt), []
        padded = [*program, *[self.tokens.pad] * (-len(program) % block)]
        for start in range(0, len(padded), block):
            row = torch.tensor([padded[start : start + block]])
            for place in range(block):
                hidden = row.clone()
                hidden[0, place:] = self.tokens.mask
                found.append(reading.look(hidden)[0, place].log_softmax(-1))
            reading.keep(row)
        return torch.stack(found)[: len(program)]
