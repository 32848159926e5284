"""Draws compositions: which stages follow each other, and the program they make."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.build import Builder, default_of
from agentic_diffusion_code.corpus.catalogue import everything, names
from agentic_diffusion_code.corpus.ir import Call, Expr, Lit, Name, Type
from agentic_diffusion_code.corpus.pieces import Prim
from agentic_diffusion_code.corpus.stages import Pattern, Stage, build, patterns, target_of
from agentic_diffusion_code.corpus.wording import Wording, value_words

SUBJECT_WEIGHTS: Mapping[Type, float] = {
    "list[int]": 0.28,
    "list[str]": 0.22,
    "str": 0.27,
    "int": 0.15,
    "dict[str, int]": 0.08,
}
DEPTHS, DEPTH_WEIGHTS = (1, 2, 3, 4), (0.2, 0.4, 0.27, 0.13)
MESSAGES = ("empty input", "nothing given", "no data", "input is empty", "must not be empty")
NEGATIVE = ("negative input", "must not be negative", "number is negative")
NOTHING = ("solve", "process", "transform", "compute", "answer", "run", "apply_rules")
"""Names that say nothing."""
STRICT = frozenset(
    ["good_time", "csv_numbers", "number_text", "roman", "good_binary", "date", "digit_list", "prefixed"]
)
"""Kinds of input that a stage in the middle does not get."""


@final
@dataclass(frozen=True)
class Composition:
    """A program and what is known about it.

    Args:
        program: It.
        stages: What it does, in order.
        subject: The name of its first argument.
        extra: The constants that became arguments: name, type, a value that suits.
        domain: What the first argument is to be.
        description: The request.
        family: How its sentence is built.
    """

    program: ir.Program
    stages: tuple[Stage, ...]
    extra: tuple[tuple[str, Type, Lit], ...]
    domain: str
    description: str
    family: str

    @property
    def primitives(self) -> tuple[str, ...]:
        """The primitives in it."""
        return tuple(prim.name for stage in self.stages for prim in stage.prims)


@cache
def _tables() -> tuple[dict[Type, list[Prim]], dict[Type, list[Prim]]]:
    whole: dict[Type, list[Prim]] = defaultdict(list)
    predicates: dict[Type, list[Prim]] = defaultdict(list)
    for prim in everything():
        (predicates if prim.is_predicate else whole)[prim.source].append(prim)
    return dict(whole), dict(predicates)


def draw_stages(rng: random.Random, weights: Sequence[float] = DEPTH_WEIGHTS) -> tuple[Stage, ...]:
    """Return the stages of one pipeline; `weights` say how often there is one, how often two, and so on."""
    kind: Type = rng.choices(list(SUBJECT_WEIGHTS), list(SUBJECT_WEIGHTS.values()))[0]
    depth = rng.choices(DEPTHS, weights)[0]
    stages: list[Stage] = []
    while len(stages) < depth:
        stage = _draw(kind, rng, first=not stages, last=len(stages) == depth - 1)
        if stage is None:
            break
        stages.append(stage)
        kind = stage.target
    return tuple(stages)


def _draw(kind: Type, rng: random.Random, *, first: bool, last: bool) -> Stage | None:
    whole, predicates = _tables()
    for _ in range(8):
        stage = _attempt(kind, rng, first=first, tables=(whole, predicates))
        if stage is None:
            continue
        follows = stage.target in whole
        if last or follows:
            return stage
    return None


def _attempt(
    kind: Type,
    rng: random.Random,
    *,
    first: bool,
    tables: tuple[dict[Type, list[Prim]], dict[Type, list[Prim]]],
) -> Stage | None:
    whole, predicates = tables
    on_list = kind in ("list[int]", "list[str]")
    chance = rng.random()
    if kind in predicates and first and chance < 0.12:
        prim = rng.choice(predicates[kind])
        return Stage(kind, "bool", (prim,))
    if on_list and chance < 0.62:
        return _patterned(kind, rng, first=first, tables=tables)
    if first and chance < 0.25:
        return _patterned(kind, rng, first=first, tables=tables, on_value=True)
    if kind not in whole:
        return None
    prim = rng.choice(whole[kind])
    if not first and prim.domain in STRICT:
        return None
    return Stage(kind, prim.target, (prim,))


def _patterned(
    kind: Type,
    rng: random.Random,
    *,
    first: bool,
    tables: tuple[dict[Type, list[Prim]], dict[Type, list[Prim]]],
    on_value: bool = False,
) -> Stage | None:
    whole, predicates = tables
    pattern: Pattern = rng.choice([each for each in patterns().values() if each.on_list != on_value])
    inside = kind if on_value else ir.element_of(kind)
    prims: list[Prim] = []
    for need in pattern.takes:
        pool = (predicates if need == "is" else whole).get(inside, [])
        if not pool:
            return None
        prims.append(rng.choice(pool))
    if any(prim.domain in STRICT and not first for prim in prims) or _odd(pattern, prims):
        return None
    if len({prim.domain for prim in prims} - {"", "word", "line"}) > 1:
        return None
    target = target_of(pattern, kind, tuple(prims))
    return None if target is None else Stage(kind, target, tuple(prims), pattern)


def _odd(pattern: Pattern, prims: Sequence[Prim]) -> bool:
    """Whether a pattern needs what its primitives cannot give: an answer for every element."""
    loops = pattern.on_list and any(prim.need == "nonempty" for prim in prims)
    shared = [each.name for prim in prims for each in prim.constants]
    return loops or (not pattern.on_list and len(set(shared)) < len(shared))


def compose(stages: Sequence[Stage], rng: random.Random, wording: Wording) -> Composition:
    """Return the program of some stages, and the request for it."""
    builder = Builder(stages[0].source, rng)
    given = _constants(stages, builder)
    notes: list[tuple[int, str]] = []
    value: Expr = builder.subject
    final = given[-1].target
    checked = _validate(given, builder, rng)
    for index, stage in enumerate(given):
        if stage.partial:
            value = builder.bound(value)
            notes.append((index, _guard(value, final, builder, rng)))
        value = build(stage, value, builder)
    name = rng.choice(NOTHING) if wording.jargon else _name(given, rng)
    request, family, phrase = wording.sentence(
        given, builder.subject.name, kind=builder.subject.type, name=name
    )
    parts = [request, *checked]
    parts += [_note(index, text, builder.subject) for index, text in notes]
    doc = ""
    if rng.random() < 0.1:
        parts.append("Add a docstring.")
        doc = f"Return {phrase.replace('`', '').replace(chr(34), chr(39))}."
    program = builder.function(name, value, doc)
    domain = next((prim.domain for prim in stages[0].prims if prim.domain), "")
    return Composition(program, tuple(given), tuple(builder.extra), domain, " ".join(parts), family)


def _constants(stages: Sequence[Stage], builder: Builder) -> list[Stage]:
    free = builder.rng.random() < 0.25
    given = []
    for stage in stages:
        drawn: list[dict[str, Expr]] = []
        for prim in stage.prims:
            values: dict[str, Expr] = dict(builder.constants(prim))
            if free and values and len(prim.constants) == 1:
                (each,) = prim.constants
                literal = values[each.name]
                assert isinstance(literal, Lit)
                values[each.name] = builder.parameter(each.name, literal)
                free = False
            drawn.append(values)
        given.append(Stage(stage.source, stage.target, stage.prims, stage.pattern, tuple(drawn)))
    return given


def _validate(stages: Sequence[Stage], builder: Builder, rng: random.Random) -> list[str]:
    """Refuse negative numbers now and then, where the first primitive is about others."""
    needs = {prim.need for prim in stages[0].prims}
    subject = builder.subject
    if subject.type != "int" or not needs & {"positive", "nonnegative"} or rng.random() < 0.6:
        return []
    message = rng.choice(NEGATIVE)
    test = Call("lt", (subject, Lit(0, "int")), "bool")
    builder.body.append(ir.When(test, (ir.Fail(message),)))
    return [f"Raise a ValueError with the message '{message}' if `{subject.name}` is negative."]


def _guard(value: Expr, final: Type, builder: Builder, rng: random.Random) -> str:
    test = Call("is_empty", (value,), "bool")
    if rng.random() < 0.4:
        message = rng.choice(MESSAGES)
        builder.body.append(ir.When(test, (ir.Fail(message),)))
        return f"Raise a ValueError with the message '{message}' if {{it}} is empty."
    default = default_of(final)
    builder.body.append(ir.When(test, (ir.Return(default),)))
    return rng.choice(("Return {value} if {it} is empty.", "If {it} is empty, return {value}.")).replace(
        "{value}", value_words(default)
    )


_ORDINALS = ("first", "second", "third", "fourth")


def _note(index: int, text: str, subject: Name) -> str:
    it = f"`{subject.name}`" if index == 0 else f"the outcome of the {_ORDINALS[index - 1]} step"
    return text.replace("{it}", it)


def _name(stages: Sequence[Stage], rng: random.Random) -> str:
    """Return a name for the function: what it does, or one that says nothing."""
    if rng.random() < 0.25:
        return rng.choice(NOTHING)
    last = stages[-1]
    base = last.prims[-1].name if last.pattern is None else f"{last.pattern.name}_{last.prims[0].name}"
    if len(stages) > 1 and rng.random() < 0.5:
        before = stages[-2].prims[0].name
        base = f"{base}_after_{before}"
    return base[:48]


def calls_so(name: str) -> bool:
    """Whether the corpus may call a function so, in any language: what its last stage does, and what that follows."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower().removesuffix("_")
    return any(_told(each) for each in (name, name.removesuffix("_all")))


def _told(name: str) -> bool:
    base, _, before = name.partition("_after_")
    return _done(base) and (not before or before in names())


def _done(base: str) -> bool:
    """Whether these are the words for one stage: a primitive, or a pattern and one."""
    if base in names() or base in NOTHING:
        return True
    return any(
        base.removeprefix(f"{pattern}_") in names() for pattern in patterns() if base.startswith(pattern)
    )
