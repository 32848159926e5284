"""Reads lexemes of Python one by one, by the automata of parso's grammar: where a beginning leads, and no tree.

A state is what is open: the place in each automaton, the innermost first. Nothing is built, so that a state can be
kept and gone on from.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, TypeAlias

from parso.grammar import load_grammar
from parso.python.token import PythonTokenTypes

from .spacing import BREAK, DEDENT, INDENT

State: TypeAlias = "tuple[int, State | None]"
"""The number of the place in the innermost automaton, and what is around it."""

VERSION = "3.13"
_MARKS = {
    BREAK: (PythonTokenTypes.NEWLINE, "\n"),
    INDENT: (PythonTokenTypes.INDENT, ""),
    DEDENT: (PythonTokenTypes.DEDENT, ""),
}
_PLACES: list[Any] = []
_NUMBERS: dict[int, int] = {}


@cache
def opening() -> State:
    """Return the state before the first lexeme of a program."""
    return _number(_grammar().nonterminal_to_dfas["file_input"][0]), None


def step(state: State | None, lexeme: str) -> State | None:
    """Return the state after one more lexeme; None where no program goes on so, and nothing follows None."""
    return None if state is None else _stepped(state, _transition(lexeme))


@lru_cache(maxsize=1 << 14)
def _stepped(state: State, transition: Any) -> State | None:
    here: State | None = state
    while here is not None:
        number, around = here
        place = _PLACES[number]
        plan = place.transitions.get(transition)
        if plan is not None:
            here = _number(plan.next_dfa), around
            for pushed in plan.dfa_pushes:
                here = _number(pushed), here
            return here
        here = around if place.is_final else None
    return None


@lru_cache(maxsize=1 << 12)
def _transition(lexeme: str) -> Any:
    """Return what the automata call a lexeme: a reserved word or sign, or a kind of token."""
    if lexeme in _MARKS:
        return _MARKS[lexeme][0]
    if lexeme[0].isdigit() or (lexeme[0] == "." and lexeme[1:2].isdigit()):
        return PythonTokenTypes.NUMBER
    if lexeme[-1] in "\"'":
        return PythonTokenTypes.STRING
    word = lexeme[0].isalpha() or lexeme[0] == "_"
    kind = PythonTokenTypes.NAME if word else PythonTokenTypes.OP
    return _grammar().reserved_syntax_strings.get(lexeme, kind)


def _number(place: Any) -> int:
    """Return the number of a place of an automaton: places themselves cannot be kept in tables."""
    found = _NUMBERS.get(id(place))
    if found is None:
        found = _NUMBERS[id(place)] = len(_PLACES)
        _PLACES.append(place)  # it stays, so that nothing else is ever called by its id
    return found


@cache
def _grammar() -> Any:
    return load_grammar(version=VERSION)._pgen_grammar
