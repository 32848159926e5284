"""What a primitive is, and how a table of primitives is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, final

from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.ir import Type

Need = Literal["", "nonempty", "positive", "nonnegative"]
"""What an input must be for a primitive to have an answer."""


@final
@dataclass(frozen=True)
class Constant:
    """A number or text that a primitive is made with.

    Args:
        name: What the body calls it.
        type: Its type.
        choices: The values it may have.
    """

    name: str
    type: Type
    choices: tuple[int | str, ...]


@final
@dataclass(frozen=True)
class Prim:
    """A small typed function with a meaning people have a word for.

    Args:
        name: How it is called; also the name of the function when it stands alone.
        source: The type of its input `x`.
        target: The type of its answer.
        body: Its Python: one expression, or statements that end in `return`.
        phrases: What it gives, in words; `{x}` is the input. Of a predicate: what is said of
            one input, beginning with a verb, as `is even`.
        constants: What it is made with.
        need: What the input must be.
        domain: Which inputs suit it: the name of a generator, or nothing for all of its type.
    """

    name: str
    source: Type
    target: Type
    body: str
    phrases: tuple[str, ...]
    constants: tuple[Constant, ...] = ()
    need: Need = ""
    domain: str = ""

    @property
    def is_predicate(self) -> bool:
        """Whether it answers yes or no about one element."""
        return self.target == "bool" and "{x}" not in self.phrases[0]

    @cached_property
    def types(self) -> tuple[tuple[str, Type], ...]:
        """The variables of the body and their types."""
        return ("x", self.source), *((each.name, each.type) for each in self.constants)

    @cached_property
    def is_expression(self) -> bool:
        """Whether the body is one expression."""
        return "return " not in self.body

    def expression(self) -> ir.Expr:
        """Return the body of a primitive that is one expression."""
        return read.read_expr(self.body, self.types)

    def statements(self) -> tuple[ir.Stmt, ...]:
        """Return the body as statements."""
        if self.is_expression:
            return (ir.Return(self.expression()),)
        return read.read_body(self.body, self.types)
