"""Programs in languages that a writer does not write itself: it writes Python, and the same program is said in them.

A request is put in Python's words, the search goes on there, and what passes its tests is read into the typed
intermediate form of the corpus and said in the language that was asked for, where it is parsed and tested again.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, final

from agentic_diffusion.errors import InvalidStateError
from pydantic import ValidationError

from .cases import Case, Check, Raises
from .corpus.errors import UnsayableError
from .corpus.render import LANGUAGES, entry_name, refusal, render
from .corpus.understand import understand
from .domain import CodeRequest, named
from .naming import kind_of_all
from .sandbox.shapes import head, parts_of

__all__ = ["Interpreter", "Spoken", "UnsayableError"]

_SCRIPTS = ("javascript", "typescript")
_SCRIPT_HEAD = r"function\s+{name}\s*\((?P<in>[^)]*)\)\s*(?::\s*(?P<out>[^{{]+?))?\s*(?:\{{|$)"
_SCRIPT_TYPES = {"number": "int", "string": "str", "boolean": "bool"}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|/[^/\n]+/')
"""Texts and patterns, in which a name is none; what stands between two divisions is taken for one as well."""


@final
@dataclass(frozen=True)
class Spoken:
    """One request, and what it is in Python.

    Args:
        asked: The request, in a language that the writer does not know.
        request: The same in Python.
    """

    asked: CodeRequest
    request: CodeRequest

    def say(self, source: str) -> str:
        """Return a Python program in the language that was asked for.

        Raises:
            UnsayableError: The intermediate form or the language has no word for something in it.
        """
        language, program = self.asked.language, understand(source)
        wanted = self.request.entry
        if wanted is not None and program.entry.name != wanted:
            raise UnsayableError(f"its last function is {program.entry.name}, not {wanted}")
        try:
            text, name = render(program, language), entry_name(program, language)
        except (
            LookupError
        ) as error:  # an operation with too few arguments, or a value of a type that nobody knows
            raise UnsayableError("an operation is not complete") from error
        asked_name = self.asked.entry or named(self.asked.signature) or name
        if self.asked.signature:
            said = _head(text, name, language)[0]
            for old, new in zip(said, _head(self.asked.signature, asked_name, language)[0], strict=False):
                text = _renamed(text, old, new)
        return _renamed(text, name, asked_name)


@final
@dataclass(frozen=True)
class Interpreter:
    """Puts requests for other languages in Python.

    Args:
        own: The languages that the writer writes itself.
    """

    own: frozenset[str] = frozenset({"python"})

    def __call__(self, request: CodeRequest) -> Spoken | None:
        """Return the request in Python, without its draft; None where that needs none.

        Raises:
            InvalidStateError: It has program text or tests in a language that is spoken and not written.
        """
        if request.language in self.own or request.language not in LANGUAGES:
            return None
        held = ("a prefix", request.prefix), ("a suffix", request.suffix)
        given = [name for name, text in held if text.strip()]
        given += ["tests written as code"] * any(isinstance(test, Check) for test in request.tests)
        if given:
            raise InvalidStateError(
                f"{' and '.join(given)} in {request.language}",
                "a description, examples and a signature",
                f"These weights write Python, which is then said in {request.language}: they read no text of it. "
                "Give examples such as f(2) == 4 instead.",
            )
        entry = request.entry or named(request.signature)
        name = None if entry is None else _snake(entry)
        cases = _cases(request)
        signature = "" if entry is None or name is None else _signature(request, entry, name, cases=cases)
        changed = {
            "description": _told(request, entry, name),
            "language": "python",
            "signature": signature,
            "entry": name,
            "draft": "",
            "tests": cases,
        }
        try:
            return Spoken(request, CodeRequest.model_validate({**dict(request), **changed}))
        except ValidationError as error:
            raise InvalidStateError(
                f"a request that is too long in Python's words ({error.errors()[0]['msg']})",
                "a shorter description, name or signature",
                "Names such as `isEven` grow by a sign for each word of them.",
            ) from error


def _snake(name: str) -> str:
    """Return a name as Python writes it: `isEven` becomes `is_even`, `addKAll` `add_k_all`, and `string_` `string`."""
    small = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    bare = small.rstrip("_")  # without what other languages add to words of their own
    return bare if bare and not iskeyword(bare) and not hasattr(builtins, bare) else _safe(small)


def _safe(name: str) -> str:
    return f"{name}_" if iskeyword(name) else name


def _told(request: CodeRequest, entry: str | None, name: str | None) -> str:
    """Return the description in Python's words: what an input is refused with, where it is said so, and names."""
    said, refused = request.description, refusal(request.language)[0]
    begins = (
        "" if " " in refused else r"(?:^|(?<=[.!?:] ))"
    )  # one word alone may mean something else in a sentence
    said = re.sub(rf"{begins}\b{refused}\b", "Raise a ValueError", said)
    said = (
        re.sub(rf"\b{refused[:1].lower()}{refused[1:]}\b", "raise a ValueError", said) if not begins else said
    )
    names = {word: _snake(word) for word in re.findall(r"`([a-z]\w*)`", said)}
    if entry is not None and name is not None:
        names[entry] = name
    for old, new in names.items():  # only what is marked or called: a word of the sentence stays
        said = re.sub(rf"(`|\b){re.escape(old)}(?=`|\()", rf"\g<1>{new}", said)
    return said


def _cases(request: CodeRequest) -> tuple[Case, ...]:
    """Return the cases in Python's words: what is raised is a ValueError, and numbers of one kind are of one type."""
    cases = [_case(test, request.language) for test in request.tests if isinstance(test, Case)]
    if request.language not in _SCRIPTS or len({len(case.arguments) for case in cases}) != 1:
        return tuple(cases)
    columns = [_even(column) for column in zip(*(case.arguments for case in cases), strict=True)]
    answers = _even([None if isinstance(case.expected, Raises) else case.expected for case in cases])
    rows = list(zip(*columns, strict=True)) or [()] * len(cases)
    return tuple(
        case.model_copy(
            update={
                "arguments": row,
                "expected": case.expected if isinstance(case.expected, Raises) else answer,
            }
        )
        for case, row, answer in zip(cases, rows, answers, strict=True)
    )


def _even(values: Sequence[Any]) -> list[Any]:
    """Return values with all numbers as floats, where one of them is."""
    return [_floats(value) for value in values] if any(map(_holds_float, values)) else list(values)


def _holds_float(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_float, value))
    return any(map(_holds_float, value.values())) if isinstance(value, dict) else isinstance(value, float)


def _floats(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_floats, value))
    if isinstance(value, dict):
        return {key: _floats(each) for key, each in value.items()}
    return float(value) if type(value) is int else value


def _case(case: Case, language: str) -> Case:
    """Return a case in Python's words: what the language raises is a ValueError there."""
    expected = case.expected
    if not isinstance(expected, Raises) or expected.type != refusal(language)[1]:
        return case
    return case.model_copy(update={"expected": expected.model_copy(update={"type": "ValueError"})})


def _signature(request: CodeRequest, entry: str, name: str, *, cases: Sequence[Case]) -> str:
    """Return the line that declares the function in Python; nothing where its types are not known."""
    names, types, returns = _head(request.signature, entry, request.language)
    if request.language in _SCRIPTS and cases and len({len(case.arguments) for case in cases}) == 1:
        shown = [kind_of_all(column) for column in zip(*(case.arguments for case in cases), strict=True)]
        types = [a or b for a, b in zip(shown, types or [None] * len(names), strict=False)]
        given: list[Any] = [case.expected for case in cases if not isinstance(case.expected, Raises)]
        returns = kind_of_all(given) or returns
    plain = all(each.isidentifier() for each in names) and len({_snake(each) for each in names}) == len(names)
    if not names or not plain or returns is None or None in types or len(types) != len(names):
        return ""
    told = ", ".join(f"{_snake(each)}: {kind}" for each, kind in zip(names, types, strict=True))
    return f"def {name}({told}) -> {returns}:"


def _head(text: str, entry: str, language: str) -> tuple[Sequence[str], Sequence[str | None], str | None]:
    """Return what a function calls its arguments, their types and that of its answer, as far as they are told."""
    if language in _SCRIPTS:
        found = re.search(_SCRIPT_HEAD.format(name=re.escape(entry)), text, re.MULTILINE)
        if found is None:
            return (), (), None
        parts = [part.split(":", 1) for part in parts_of(found["in"])]
        types = [_script_type(part[1]) if len(part) > 1 else None for part in parts]
        return [part[0].strip() for part in parts], types, _script_type(found["out"] or "")
    whole = text if "{" in text else f"{text} {{"
    read = head(whole, entry, language)
    if isinstance(read, str):
        return (), (), None
    return read.names, [kind for _, kind in read.params], read.returns[1]


def _script_type(text: str) -> str | None:
    """Return a type of TypeScript in Python's words."""
    text = text.strip()
    if text.endswith("[]"):
        inner = _script_type(text[:-2])
        return inner and f"list[{inner}]"
    if found := re.fullmatch(r"Map<(string|number), ?(.+)>", text):
        inner = _script_type(found[2])
        return inner and f"dict[{_SCRIPT_TYPES[found[1]]}, {inner}]"
    return _SCRIPT_TYPES.get(text)


def _renamed(text: str, old: str, new: str) -> str:
    """Return a program in which one name is another, which nothing else has."""
    if old == new:
        return text
    quoted = "".join(_QUOTED.findall(text))
    if not (old.isidentifier() and new.isidentifier()):
        raise UnsayableError(f"{new if old.isidentifier() else old} is no plain name")
    if re.search(rf"\b{re.escape(new)}\b", text) or re.search(rf"\b{re.escape(old)}\b", quoted):
        raise UnsayableError(f"the name {new} is taken")
    return re.sub(rf"(?<![\w.]){re.escape(old)}\b", new, text)
