"""Fillings of holes by a model that only looks left: written from what is before, cut where what is behind follows.

Several are written: the most likely one, and those that its doubtful places lead to. Each is cut where the first token
behind the hole comes, and all are ranked by how likely they make themselves and what stands behind them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidStateError

from .branching import Branching, Course
from .model.decode import write
from .opinion import Scans, ScansMany

FORKS = 8
"""Fillings that are written beside the most likely one, for each hole."""
LONGEST = 28
"""Tokens of the longest filling."""
RANKED, KEPT = 12, 3
"""Fillings that are ranked at most, and that are gone on with where another hole follows."""


@final
@dataclass(frozen=True)
class Filled:
    """Programs with their holes filled, the likeliest first.

    Args:
        programs: Their tokens, without the end.
        forwards: Calls of the network.
    """

    programs: tuple[tuple[int, ...], ...]
    forwards: int


def between(ids: Sequence[int], groups: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """Return the tokens before, between and behind the holes of a program, given the tokens of each hole."""
    edges = [-1, *(end for group in groups for end in (group[0], group[-1])), len(ids)]
    return [ids[left + 1 : right] for left, right in zip(edges[::2], edges[1::2], strict=True)]


def filled(course: Course, parts: Sequence[Sequence[int]], *, scans: Scans, seed: int) -> Filled:
    """Fill the holes between the parts of a program, the first one first.

    Args:
        course: The request, and how programs are denoised.
        parts: The tokens before, between and behind the holes.
        scans: Looks back at programs.
        seed: Where randomness comes from.

    Raises:
        InvalidStateError: Nothing stands between two holes.
    """
    if any(not part for part in parts[1:-1]):
        raise InvalidStateError(
            "two holes with nothing between them",
            "something given between any two holes",
            "Write one HOLE there.",
        )
    beam: list[tuple[int, ...]] = [tuple(parts[0])]
    forwards = 0
    for number, behind in enumerate(parts[1:], 1):
        last = number == len(parts) - 1
        follows = (*behind, course.tokens.end) if last else tuple(behind)
        found: dict[tuple[int, ...], int] = {}
        for head in beam:
            fillings, calls = _fillings(course, head, follows[0], scans=scans, seed=seed)
            forwards += calls
            found |= {(*head, *filling, *follows): len(head) for filling in fillings}
        if not found:
            return Filled((), forwards)
        ranked, calls = _ranked(course, found, scans)
        forwards += calls
        beam = [each[:-1] for each in ranked] if last else ranked[:KEPT]
    return Filled(tuple(beam), forwards)


def _fillings(
    course: Course, head: tuple[int, ...], follows: int, *, scans: Scans, seed: int
) -> tuple[list[tuple[int, ...]], int]:
    """Return what may stand behind a beginning and before a token, the likeliest first, and the calls it took."""
    how = replace(
        course.decoding, longest=len(head) + LONGEST + course.decoding.block, temperature=0.0, again=0
    )
    here = replace(course, head=head, decoding=how, viable=None)
    *_, draft = write(
        course.model,
        course.prompt,
        count=1,
        rng=generator(seed),
        fixed=[head],
        decoding=how,
        guides=course.guides,
    )
    first, forwards = course.source(draft.tokens[0]), draft.forwards
    branches = Branching(here, scans)
    branches.tell(first, 0.0, until=max(course.lines(course.source(torch.tensor(head))), default=1) + 1)
    texts = [first]
    for sketch in branches.write(count=FORKS, seed=seed):
        if sketch.done:
            texts += sketch.sources
            forwards += sketch.forwards
    found: dict[tuple[int, ...], None] = {}
    for text in texts:
        ids = [*course.ids(text), course.tokens.end]
        if tuple(ids[: len(head)]) == head:
            rest = ids[len(head) : len(head) + LONGEST + 1]
            found |= dict.fromkeys(tuple(rest[:k]) for k in range(1, len(rest)) if rest[k] == follows)
    return list(found)[:RANKED], forwards


def _ranked(
    course: Course, found: dict[tuple[int, ...], int], scans: Scans
) -> tuple[list[tuple[int, ...]], int]:
    """Return programs by the likelihood of all that comes behind their heads, and the calls it took.

    What nothing right can begin with comes last.
    """
    programs, block = list(found), course.decoding.block
    if isinstance(scans, ScansMany):
        seen, calls = scans.scans(course.prompt, programs, block=block), 1
    else:
        seen, calls = [scans.scan(course.prompt, each, block=block) for each in programs], len(programs)
    scores = []
    for program, beliefs in zip(programs, seen, strict=True):
        own = beliefs.gather(1, torch.tensor(program)[:, None])[:, 0]
        scores.append(float(own[found[program] :].sum()))
    viable = course.viable or (lambda rows: torch.ones(len(rows), dtype=torch.bool))
    sound = [bool(viable(torch.tensor([each]))[0]) for each in programs]
    order = sorted(range(len(programs)), key=lambda index: (not sound[index], -scores[index]))
    return [programs[index] for index in order], calls
