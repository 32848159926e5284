"""Programs in the order of the model's belief, none twice: a program that failed leaves forks, the likeliest is next.

Sampling at a temperature draws the same programs again and spoils tokens that were never in doubt. Here the most likely
program is written first; where it fails, the places at which the model would as well have gone another way are
known from one call (see `model.hindsight`), and the program is written anew from the likeliest of them on,
with the most likely tokens. This is limited discrepancy search (Harvey and Ginsberg 1995), best first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, final

import torch
from agentic_diffusion.denoising.state import generator
from torch import Tensor

from .model.abreast import Opens, abreast
from .model.decode import Draft, Guides, Viable, write
from .model.decoding import Decoding
from .model.hindsight import ROOM
from .model.reading import Reads
from .opinion import Scans, ScansMany
from .writes import Branches, Sketch, Tokens

WAYS = 4
"""Tokens that are thought of at each place."""
LEAST = -6.0
"""The log-probability under which a token is not thought of."""
CREDIT = 1.5
"""What a program that passes all shown tests would be worth to its forks, in nats; one that does not parse costs 1."""
TURNS, BESIDE = 2, 4
"""How often, and how many at once, the next most likely programs are written where the likeliest cannot be right."""

Sketches: TypeAlias = Callable[[Iterator[Draft]], Iterator[Sketch]]
"""From drafts to sketches of programs."""


@final
@dataclass(frozen=True)
class Course:
    """What all programs of one request share.

    Args:
        model: What to believe.
        tokens: The vocabulary.
        prompt: The request.
        head: What every program begins with.
        decoding: How programs are denoised.
        guides: Tilt the beliefs.
        viable: Refuses beginnings that nothing right can follow.
        permitted: Says of a beginning and one more token whether the token may stand there.
        sketches: Makes texts of drafts.
        ids: The tokens of a text.
        source: The text of one row.
        lines: The line of each token of a text.
    """

    model: Reads
    tokens: Tokens
    prompt: tuple[int, ...]
    head: Sequence[int]
    decoding: Decoding
    guides: Guides
    viable: Viable | None
    permitted: Callable[[Sequence[int], int], bool]
    sketches: Sketches
    ids: Callable[[str], list[int]]
    source: Callable[[Tensor], str]
    lines: Callable[[str], Sequence[int]]


@final
class Branching:
    """One search among the programs of a request.

    Args:
        course: What all of them share.
        scans: Looks back at programs; as a rule the model of the course.
    """

    def __init__(self, course: Course, scans: Scans) -> None:
        self._course = course
        self._scans = scans
        self._forks: list[tuple[float, int, tuple[int, ...]]] = []
        self._rows: dict[str, tuple[tuple[int, ...], int]] = {}
        self._told: set[str] = set()
        self._begun: set[tuple[int, ...]] = set()
        self._waiting: list[tuple[tuple[int, ...], range, float]] = []
        self.forwards = 0

    def tell(self, source: str, score: float, *, until: int | None = None) -> None:
        """Note the forks of a program that failed, once; none of one more than twice as long as what the model writes.

        Args:
            source: The program, as it was written.
            score: The share of tests that it passed; below 0 where it does not parse.
            until: The line that is wrong whatever comes behind it, where one is known: forks behind it are left out.
        """
        if source in self._told or not source.strip():
            return
        self._told.add(source)
        course = self._course
        known = self._rows.get(source)
        ids = known[0] if known else (*course.ids(source), course.tokens.end)
        if len(ids) > 2 * course.decoding.longest:
            return
        first, last = max(known[1] if known else 0, len(course.head)), len(ids)
        if until is not None:
            last = next((place for place, line in enumerate(course.lines(source)) if line > until), last)
        self._waiting.append((ids, range(first, last), score))

    def _note(self) -> None:
        """Look back at all programs that were told of, as many in one call as memory has room for."""
        course, waiting, self._waiting = self._course, self._waiting, []
        block = course.decoding.block
        while waiting:
            side = len(course.prompt) + max(len(ids) for ids, *_ in waiting) * (1 + block)
            some = max(1, ROOM // side**2) if isinstance(self._scans, ScansMany) else 1
            now, waiting = waiting[:some], waiting[some:]
            programs = [ids for ids, *_ in now]
            if isinstance(self._scans, ScansMany):
                seen = self._scans.scans(course.prompt, programs, block=block)
            else:
                seen = [self._scans.scan(course.prompt, programs[0], block=block)]
            self.forwards += 1
            for (ids, where, score), beliefs in zip(now, seen, strict=True):
                self._fork(ids, where, score, beliefs)

    def _fork(self, ids: tuple[int, ...], where: range, score: float, beliefs: Tensor) -> None:
        course = self._course
        own = beliefs.gather(1, torch.tensor(ids)[:, None])[:, 0]
        before = (own.cumsum(0) - own).tolist()
        likely, which = beliefs.topk(min(WAYS, beliefs.shape[1]))
        worth = CREDIT * score if score >= 0 else -1.0
        self._begun.update(ids[: place + 1] for place in range(where.start, len(ids)))
        for place in range(where.start, min(where.stop, course.decoding.longest - 1)):
            for chance, token in zip(likely[place].tolist(), which[place].tolist(), strict=True):
                if chance > LEAST and token not in (ids[place], course.tokens.mask, course.tokens.pad):
                    fork = (*ids[:place], token)
                    heapq.heappush(self._forks, (-(before[place] + chance + worth), place, fork))

    def write(self, *, count: int, seed: int) -> Iterator[Sketch]:
        """Write the next programs from the likeliest forks on; nothing where no fork is left."""
        self._note()
        heads = self._next(count)
        if not heads:
            return
        course, drafts = self._course, self._drafts(heads, seed)
        last: list[Draft] = []
        spent, self.forwards = self.forwards, 0
        given = sum(map(len, heads))
        for sketch in course.sketches(_noted(drafts, last)):
            yield replace(sketch, forwards=sketch.forwards + spent, tokens=max(0, sketch.tokens - given))
        for head, row in zip(heads, last[-1].tokens, strict=True):
            self._rows.setdefault(course.source(row), (self._trimmed(row.tolist()), len(head)))

    def _drafts(self, heads: Sequence[Sequence[int]], seed: int) -> Iterator[Draft]:
        course, how = self._course, replace(self._course.decoding, temperature=0.0)
        model, prompt, guides, viable = course.model, course.prompt, course.guides, course.viable
        if isinstance(model, Opens):
            return abreast(model, prompt, heads=heads, seed=seed, decoding=how, guides=guides, viable=viable)
        rng = generator(seed)
        return write(
            model, prompt, count=len(heads), rng=rng, fixed=heads, decoding=how, guides=guides, viable=viable
        )

    def _next(self, count: int) -> list[tuple[int, ...]]:
        heads: list[tuple[int, ...]] = []
        course = self._course
        while self._forks and len(heads) < count:
            *_, fork = heapq.heappop(self._forks)
            if fork in self._begun:
                continue
            self._begun.add(fork)
            if not course.permitted(fork[:-1], fork[-1]):
                continue
            if course.viable is None or bool(course.viable(torch.tensor([fork]))[0]):
                heads.append(fork)
        return heads

    def _trimmed(self, ids: list[int]) -> tuple[int, ...]:
        tokens = self._course.tokens
        whole = ids[: ids.index(tokens.end) + 1] if tokens.end in ids else ids
        return tuple(i for i in whole if i != tokens.pad)


def likeliest(
    written: Iterator[Sketch], branches: Branches, sound: Callable[[str], bool], *, seed: int
) -> Iterator[Sketch]:
    """Write the most likely program; where nothing right can be it, go on to the next most likely ones.

    Args:
        written: Writes the most likely one.
        branches: Writes the next ones.
        sound: Whether a program could be right, whatever was asked for.
        seed: Where randomness comes from.
    """
    last = Sketch((), 0.0, 0)
    for shown in written:
        if last.sources:
            yield last
        last = shown
    unsound = () if sound(last.sources[0]) else last.sources
    for turn in range(TURNS if unsound else 0):
        for source in unsound:
            branches.tell(source, -1.0)
        more = Sketch((), 0.0, 0)
        for more in branches.write(count=BESIDE, seed=seed + 1 + turn):
            yield replace(last, forwards=last.forwards + more.forwards, share=0.99, done=False)
        last = replace(last, forwards=last.forwards + more.forwards)
        good = [source for source in more.sources if sound(source)]
        if good:
            last = replace(last, sources=(good[0],))
            break
        unsound = more.sources
    yield last


def _noted(drafts: Iterator[Draft], last: list[Draft]) -> Iterator[Draft]:
    """Yield drafts, and keep the last one in a list of one."""
    for draft in drafts:
        last[:] = [draft]
        yield draft
