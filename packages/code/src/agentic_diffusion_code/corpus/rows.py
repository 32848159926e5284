"""The endless corpus: tasks drawn from a seed, each with cases that wrong programs fail."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_code.cases import Case, LanguageName, Raises
from agentic_diffusion_code.corpus import inputs, ir, mutate
from agentic_diffusion_code.corpus.catalogue import names
from agentic_diffusion_code.corpus.compose import DEPTH_WEIGHTS, DEPTHS, Composition, compose, draw_stages
from agentic_diffusion_code.corpus.evaluate import Answer, UnfitError, compile_program
from agentic_diffusion_code.corpus.render import (
    LANGUAGES,
    UnsayableError,
    entry_name,
    refusal,
    render,
    signature,
)
from agentic_diffusion_code.corpus.split import SPLITS, Split, pair_is_held, pairs_of, split_of
from agentic_diffusion_code.corpus.task import Task
from agentic_diffusion_code.corpus.wording import Wording

CASES, MUTANTS, ATTEMPTS, EXTRA = 8, 2, 20, 12


def generate(
    *,
    seed: int,
    languages: Sequence[str] = ("python",),
    split: Split = "train",
    among: Collection[str] = (),
    depths: Sequence[float] = DEPTH_WEIGHTS,
    jargon: Mapping[str, str] | None = None,
) -> Iterator[Task]:
    """Yield tasks without end; the same seed gives the same tasks.

    Args:
        seed: Where all chance comes from.
        languages: The languages to render into; each composition is rendered into one of them.
        split: Which tasks: see `Split`.
        among: Of the split `composition` only tasks whose unseen pair holds one of these primitives; all where empty.
        depths: How often a program of one, two, three and four stages is drawn. Pairs are held out, so that deep
            programs pass into training less often than they are drawn.
        jargon: Of the split `paraphrase` only tasks that training would show but for these words: what some primitives
            are called, at least one of them in each task. Functions then have names that say nothing.

    Raises:
        InvalidConfigError: When a language, the split or a primitive is unknown, `among` is given for another split, or
            there are not four weights of stages, none negative and their sum positive.
    """
    if not languages or not set(languages) <= set(LANGUAGES) or split not in SPLITS:
        raise InvalidConfigError(
            f"languages={tuple(languages)}, split={split!r}",
            f"some of {', '.join(LANGUAGES)}; one of {', '.join(SPLITS)}",
            "Correct the names.",
        )
    if among and (split != "composition" or not set(among) <= names()):
        raise InvalidConfigError(
            f"split={split!r} among {sorted(set(among) - names()) or sorted(among)}",
            "names of primitives, and the split 'composition'",
            "The names are those in the tables of the corpus.",
        )
    if len(depths) != len(DEPTHS) or min(depths) < 0 or not 0 < sum(depths) < math.inf:
        raise InvalidConfigError(
            f"depths={tuple(depths)}",
            f"{len(DEPTHS)} weights, none negative and not all zero",
            "Write such as (1, 4, 6, 6).",
        )
    rng = random.Random(seed)  # noqa: S311  chance that can be repeated, not secrecy
    while True:
        task = draw(rng, languages, split=split, among=among, depths=depths, jargon=jargon or {})
        if task is not None:
            yield task


def draw(
    rng: random.Random,
    languages: Sequence[str],
    *,
    split: Split,
    among: Collection[str] = (),
    depths: Sequence[float] = DEPTH_WEIGHTS,
    jargon: Mapping[str, str] | None = None,
) -> Task | None:
    """Return one task of a split, or None when what was drawn is not one."""
    stages = draw_stages(rng, depths)
    if not stages:
        return None
    used = [prim.name for stage in stages for prim in stage.prims]
    held = {name for pair in pairs_of(used) if pair_is_held(pair) for name in pair}
    if bool(held) != (split == "composition") or (among and held.isdisjoint(among)):
        return None
    words = jargon or {}
    if words and set(words).isdisjoint(used):
        return None
    language = rng.choice(languages)
    wording = Wording(rng, seen_only=bool(words) or split != "paraphrase", jargon=words)
    made = compose(stages, rng, wording)
    try:
        source = render(made.program, language)
    except UnsayableError:
        return None
    name = entry_name(made.program, language)
    description = _said_for(made, language, name)
    identity = hashlib.blake2b(f"{language}\0{description}\0{source}".encode(), digest_size=8).hexdigest()
    found = split_of(used, language, phrases=wording.used, identity=identity)
    if found not in ("train", "valid") if words else found != split:
        return None
    cases = cases_of(made, rng)
    if cases is None:
        return None
    entry = made.program.entry
    return Task(
        id=identity,
        description=description,
        language=cast(LanguageName, language),
        entry=name,
        signature=signature(made.program, language),
        source=source,
        cases=tuple(_case(arguments, answer, language) for arguments, answer in cases),
        types=(*(kind for _, kind in entry.params), entry.returns),
        stages=tuple(stage.label for stage in made.stages),
        primitives=made.primitives,
        family=made.family,
        split=split,
    )


def cases_of(made: Composition, rng: random.Random) -> list[tuple[list[Any], Answer]] | None:
    """Return cases that tell the program from wrong ones; None when there are none.

    Wrong variants are made by one change each. Where one of them answers every case rightly,
    more inputs are tried; where it cannot be told apart, the task is given up.
    """
    run = compile_program(made.program)
    found: list[tuple[list[Any], Answer]] = []
    for _ in range(ATTEMPTS):
        case = _one(made, run, rng)
        if case is not None and all(case[0] != old for old, _ in found):
            found.append(case)
        if len(found) == CASES:
            break
    if len(found) < CASES or _dull(found):
        return None
    for wrong in mutate.mutants(made.program, MUTANTS, rng):
        killer = _killer(wrong, made, found, run=run, rng=rng)
        if killer is None:
            return None
        if killer not in found:
            found.append(killer)
    return found


Run = Callable[[Sequence[Any]], Answer]


def _one(made: Composition, run: Run, rng: random.Random) -> tuple[list[Any], Answer] | None:
    kind = made.program.entry.params[0][1]
    arguments: list[Any] = [inputs.make(kind, made.domain, rng)]
    arguments += [value.value for _, _, value in made.extra]
    try:
        return arguments, run(deepcopy(arguments) if isinstance(arguments[0], dict) else arguments)
    except UnfitError:
        return None


def _dull(found: Sequence[tuple[list[Any], Answer]]) -> bool:
    """Whether the program answers nearly the same to everything."""
    kinds = {repr(answer) for _, answer in found}
    return len(kinds) < 2


def _killer(
    wrong: ir.Program,
    made: Composition,
    found: Sequence[tuple[list[Any], Answer]],
    *,
    run: Run,
    rng: random.Random,
) -> tuple[list[Any], Answer] | None:
    try:
        other = compile_program(wrong)
    except KeyError:
        return found[0]
    for arguments, answer in found:
        if _answer(other, arguments) != answer:
            return arguments, answer
    for _ in range(EXTRA):
        case = _one(made, run, rng)
        if case is not None and _answer(other, case[0]) != case[1]:
            return case
    return None


def _answer(run: Run, arguments: Sequence[Any]) -> Answer | None:
    try:
        return run(arguments)
    except UnfitError:
        return None


def _said_for(made: Composition, language: str, name: str) -> str:
    """Return the request in the words of a language: what it calls a refusal, and names as it writes them."""
    if language == "python":
        return made.description
    text = made.description.removesuffix(" Add a docstring.").replace(
        "Raise a ValueError", refusal(language)[0]
    )
    return text.replace(f"`{made.program.entry.name}`", f"`{name}`")


def _case(arguments: list[Any], answer: Answer, language: str) -> Case:
    expected: Any = answer.value
    if answer.error is not None:
        expected = Raises.model_construct(type=refusal(language)[1], message=answer.error)
    return Case.model_construct(arguments=tuple(arguments), expected=expected, tolerance=1e-9)
