"""Builds a vocabulary from programs and descriptions: whole frequent words, then pieces of the others."""

from __future__ import annotations

import sysconfig
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import final

from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.lexing import LEXICONS, opener
from agentic_diffusion_code.tokens import BODY, Vocabulary

_ALWAYS = [
    *"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$0123456789",
    *(str(n) for n in range(10, 101)),
    "1000",
]
COUNTED = ("python", "javascript", "typescript")
"""The languages from whose programs the shipped vocabulary was counted; others are spelled with its pieces."""

WHOLE = 0.65
"""The share of the words that are taken whole."""


@final
@dataclass
class WordCounts:
    """How often each word was seen."""

    words: Counter[str] = field(default_factory=Counter)

    def add(self, source: str, language: str) -> None:
        """Count the words of a program, those in its strings too."""
        lexicon = LEXICONS[language]
        for lexeme in lexicon.cut(source):
            if (lexeme[0].isalpha() and not opener(lexeme)) or lexeme[0] in "_$":
                self.words[lexeme] += 1
            elif opener(lexeme):
                self.add_text(lexeme[len(opener(lexeme)) : -1])

    def add_text(self, text: str) -> None:
        """Count the words of a description."""
        for piece in BODY.findall(text):
            word = piece.strip()
            if word[:1].isalpha():
                self.words[word] += 1


def learn(counts: WordCounts, *, size: int) -> Vocabulary:
    """Return the vocabulary of a size that serves these words best; the same each time.

    Args:
        counts: The words and how often they occur.
        size: How many tokens there will be.

    Raises:
        InvalidConfigError: When the size does not even hold what every vocabulary has.
    """
    keywords = {word for lexicon in LEXICONS.values() for word in lexicon.keywords}
    always = list(dict.fromkeys([*_ALWAYS, *sorted(keywords)]))
    room = size - Vocabulary(tuple(always), ()).size
    if room < 0:
        raise InvalidConfigError(f"size={size}", f"at least {size - room}", "Choose a larger size.")
    ranked = sorted(counts.words.items(), key=lambda item: (-item[1], item[0]))
    plain = [word for word, _ in ranked if word.isascii() and word not in set(always)]
    whole = plain[: int(room * WHOLE)]
    taken = {*always, *whole}
    others = {word: n for word, n in ranked if word.isascii() and word not in taken}
    starts, rests = _merge(others, taken, room=room - len(whole))
    return Vocabulary((*always, *whole, *starts), tuple(rests))


def _merge(words: dict[str, int], taken: set[str], *, room: int) -> tuple[list[str], list[str]]:
    """Join the most frequent neighbours again and again: byte-pair encoding with marked beginnings."""
    pieces = {word: ["^" + word[0], *word[1:]] for word in words}
    where: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    pairs: Counter[tuple[str, str]] = Counter()
    for word, parts in pieces.items():
        for pair in pairwise(parts):
            pairs[pair] += words[word]
            where[pair].add(word)
    starts: dict[str, None] = {}
    rests: dict[str, None] = {}
    while pairs and len(starts) + len(rests) < room:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        if pairs[best] < 2:
            break
        joined = best[0] + best[1]
        if joined[0] != "^":
            rests[joined] = None
        elif joined[1:] not in taken:
            starts[joined[1:]] = None
        for word in sorted(where.pop(best)):
            _rejoin(word, words[word], pieces, best=best, pairs=pairs, where=where)
        del pairs[best]
    return list(starts), list(rests)


def _rejoin(
    word: str,
    count: int,
    pieces: dict[str, list[str]],
    *,
    best: tuple[str, str],
    pairs: Counter[tuple[str, str]],
    where: defaultdict[tuple[str, str], set[str]],
) -> None:
    parts = pieces[word]
    for pair in pairwise(parts):
        pairs[pair] -= count
        if pairs[pair] <= 0:
            del pairs[pair]
    joined: list[str] = []
    for part in parts:
        if joined and (joined[-1], part) == best:
            joined[-1] += part
        else:
            joined.append(part)
    pieces[word] = joined
    for pair in pairwise(joined):
        pairs[pair] += count
        where[pair].add(word)


def corpus_counts(*, rows: int, seed: int, languages: Sequence[str]) -> WordCounts:
    """Count the words of generated tasks, their programs and their requests.

    Args:
        rows: Tasks for each language.
        seed: The seed of the corpus.
        languages: The languages.
    """
    counts = WordCounts()
    for language in languages:
        for task in islice(generate(seed=seed, languages=(language,)), rows):
            counts.add(task.source, language)
            counts.add_text(task.description)
    return counts


def library_counts(*, files: int) -> WordCounts:
    """Count the words of the running Python's standard library, in the order of its file names."""
    counts = WordCounts()
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))[:files]:
        counts.add(path.read_text(encoding="utf-8", errors="replace"), "python")
    return counts


def from_corpus(
    *,
    languages: Sequence[str] = COUNTED,
    size: int = 4096,
    rows: int = 1500,
    files: int = 150,
    seed: int = 0,
) -> Vocabulary:
    """Return a vocabulary for the corpus; it depends on the version of the running Python.

    Words of the corpus count more than those of the library, which are many and mixed.
    """
    counts = library_counts(files=files)
    counts.words = Counter({word: n for word, n in counts.words.items() if n >= 4})
    for word, n in corpus_counts(rows=rows, seed=seed, languages=languages).words.items():
        counts.words[word] += 20 * n
    return learn(counts, size=size)
