"""Says in English what a composition gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from agentic_diffusion_code.corpus import ir
from agentic_diffusion_code.corpus.ir import Expr, Lit, Type
from agentic_diffusion_code.corpus.pieces import Prim
from agentic_diffusion_code.corpus.split import phrase_is_held
from agentic_diffusion_code.corpus.stages import Stage

_PLURAL = {"is": "are", "has": "have", "does": "do", "lies": "lie", "differs": "differ"}
_THINGS = {"int": (("number", "numbers"), ("value", "values"), ("integer", "integers"))}
_TEXTS = (("word", "words"), ("string", "strings"), ("text", "texts"), ("item", "items"))
SUBJECT: dict[Type, tuple[str, ...]] = {
    "int": ("the number {p}", "{p}", "the integer {p}"),
    "str": ("the text {p}", "{p}", "the string {p}"),
    "list[int]": ("the list {p}", "{p}", "the numbers {p}", "the list of integers {p}"),
    "list[str]": ("the list {p}", "{p}", "the texts {p}", "the list of strings {p}"),
    "dict[str, int]": ("the dictionary {p}", "{p}", "the table {p}"),
}
NESTED = (
    "Return {e}.",
    "Write a function that returns {e}.",
    "Compute {e}.",
    "Find {e}.",
    "Given {s}, return {e}.",
    "Implement `{name}`: it returns {e}.",
    "I need {e}.",
    "Please give me {e}.",
    "Define `{name}` so that it gives {e}.",
    "The function should give {e}.",
    "Determine {e}.",
    "Write `{name}`, which works out {e}.",
    "Can you return {e}?",
    "Take {s} and return {e}.",
)
STEPS = (
    ("First take {0}.", "Then take {0}.", "Finally return {0}."),
    ("Start with {0}.", "From that take {0}.", "The answer is {0}."),
    ("Step: take {0}.", "Step: take {0}.", "Last step: return {0}."),
    ("Begin by taking {0};", "continue with {0};", "then return {0}."),
)
THAT = ("the result", "that", "what you got")


def frame_count(steps: bool) -> int:
    """Return how many ways there are to build the sentence."""
    return len(STEPS if steps else NESTED)


@final
@dataclass
class Wording:
    """Chooses words, and remembers which.

    Args:
        rng: Where choices come from.
        seen_only: Whether only phrases that training shows are chosen.
        jargon: What some primitives are called instead, by name.
    """

    rng: random.Random
    seen_only: bool
    jargon: Mapping[str, str] = field(default_factory=dict)
    used: list[tuple[str, int, int]] = field(default_factory=list)

    def pick(self, name: str, phrases: Sequence[str]) -> str:
        """Return one of several phrases of a thing."""
        count = len(phrases)
        index = self.rng.randrange(count)
        if self.seen_only and phrase_is_held(name, index, count):
            index = (index + 1) % count
        self.used.append((name, index, count))
        return phrases[index]

    def _of(self, prim: Prim, constants: dict[str, Expr]) -> Callable[[str], str]:
        phrase = self.jargon.get(prim.name) or self.pick(prim.name, prim.phrases)
        said = {name: _constant(expr) for name, expr in constants.items()}
        return lambda x: phrase.format(x=x, **said)

    def stage(self, stage: Stage, x: str) -> str:
        """Return what a stage gives of `x`."""
        if stage.pattern is None:
            found = self._of(stage.prims[0], stage.constants[0])(x)
            return found
        parts = [self._of(prim, stage.constants[i]) for i, prim in enumerate(stage.prims)]
        phrase = self.pick(f"pattern {stage.pattern.name}", stage.pattern.phrases)
        if not stage.pattern.on_list:
            first, second = parts[-2](x), parts[-1](x)
            return phrase.format(
                x=x, first=first, second=second, **{"is": parts[0](x)} if len(parts) == 3 else {}
            )
        kind = ir.element_of(stage.source)
        thing, things = self.rng.choice(_THINGS.get(kind, _TEXTS))
        said = {
            "x": x,
            "thing": thing,
            "things": things,
            "default": "-1" if kind == "int" else "an empty text",
        }
        if stage.prims[0].is_predicate:
            verb, _, rest = parts[0]("").partition(" ")
            said |= {"is": f"{verb} {rest}", "are": f"{plural(verb)} {rest}"}
        else:
            said |= {"each": parts[0](f"each {thing}"), "it": parts[0]("it")}
        return phrase.format(**said)

    def sentence(
        self, stages: Sequence[Stage], subject: str, *, kind: Type, name: str
    ) -> tuple[str, str, str]:
        """Return the request, the name of its family, and what is asked for as one phrase."""
        start = self.rng.choice(SUBJECT[kind]).format(p=f"`{subject}`")
        if len(stages) > 1 and self.rng.random() < 0.35:
            return self._steps(stages, start)
        text = start
        for stage in stages:
            text = self.stage(stage, text)
        frame = self.pick("nested frame", NESTED)
        return frame.format(e=text, s=start, name=name), f"nested {NESTED.index(frame)}", text

    def _steps(self, stages: Sequence[Stage], start: str) -> tuple[str, str, str]:
        openings = [each[0] for each in STEPS]
        index = openings.index(self.pick("steps frame", openings))
        first, then, last = STEPS[index]
        that = self.rng.choice(THAT)
        said = [self.stage(stage, start if i == 0 else that) for i, stage in enumerate(stages)]
        lines = [first.format(said[0]), *(then.format(each) for each in said[1:-1]), last.format(said[-1])]
        return " ".join(lines), f"steps {index}", said[-1]


def plural(verb: str) -> str:
    """Return a verb as it is used of many: `is` becomes `are`, `starts` becomes `start`."""
    return _PLURAL.get(verb, verb.removesuffix("s"))


def _constant(expr: Expr) -> str:
    if isinstance(expr, Lit):
        return f"'{expr.value}'" if isinstance(expr.value, str) else str(expr.value)
    assert isinstance(expr, ir.Name)
    return f"`{expr.name}`"


def value_words(value: Lit) -> str:
    """Return how a default value is said."""
    if value.value is None:
        return "an empty dictionary" if value.type.startswith("dict") else "an empty list"
    return "an empty text" if value.value == "" else str(value.value)
