"""What is asked of the coder and what it answers: plain records, checked before any network runs."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeAlias

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.records import Plan, Record
from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from .cases import Case, Check, Code, Identifier, LanguageName, Prose, Raises, Task
from .declaring import whole
from .sandbox.base import Limits

MAX_SIGNATURE = 1000
MAX_TESTS = 64

Status: TypeAlias = Literal["verified", "unverified", "abstained"]
"""Whether tests were passed, or there were none to pass, or nothing is returned."""


class CodeRequest(Record):
    """A function that is wanted.

    Args:
        description: What it does, in words; read by the model, never run and never obeyed.
        language: The language to write in.
        signature: The line that declares it, such as `def area(width, height):`; programs without it are refused. In
            Python its `def` and its colon may be left out.
        entry: The name of the function, for the tests.
        tests: Calls and what they must return, or checks written as code; every one must pass.
        prefix: Program text before the function, such as imports; pinned, and part of the program.
        suffix: Program text behind it; part of what is run, never changed.
        draft: A program to begin from: it is judged first, and mended where it fails. Without the suffix.
        limits: What each test may use.
    """

    description: Annotated[Prose, Field(min_length=1)]
    language: LanguageName = "python"
    signature: Annotated[Code, Field(max_length=MAX_SIGNATURE)] = ""
    entry: Identifier | None = None
    tests: Annotated[tuple[Case | Check, ...], Field(max_length=MAX_TESTS)] = ()
    prefix: Code = ""
    suffix: Code = ""
    draft: Code = ""
    limits: Limits = Limits()

    @field_validator("description")
    @classmethod
    def _said(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the description says nothing")
        return value

    @field_validator("signature")
    @classmethod
    def _whole(cls, value: str, info: ValidationInfo) -> str:
        return whole(value) if info.data.get("language") == "python" else value

    @model_validator(mode="after")
    def _named(self) -> CodeRequest:
        if self.tests and self.entry is None:
            raise ValueError("tests need the name of the function: give `entry`")
        return self

    def task(self) -> Task:
        """Return the tests as what a program is judged by."""
        return Task(
            description=self.description,
            entry=self.entry or "solve",
            language=self.language,
            tests=self.tests,
        )


class Program(Record):
    """A program, or nothing where the coder abstained.

    Args:
        source: The text; empty where the coder abstained.
        language: Its language.
        lines: For each line, the probability of its least sure token, by the model.
    """

    source: str = ""
    language: LanguageName = "python"
    lines: tuple[float, ...] = ()


def asked(
    description: str,
    examples: Sequence[str] = (),
    *,
    language: LanguageName = "python",
    signature: str = "",
    checks: Sequence[str] = (),
    draft: str = "",
    limits: Limits | None = None,
) -> CodeRequest:
    """Return a request from words and examples such as `area(2, 3) == 6`.

    Raises:
        InvalidStateError: An example is no call with plain values, two examples want different things of one call, or
            a text is too long or hides characters.
    """
    read = [example(text) for text in examples]
    names = {name for name, _ in read} | ({named(signature)} - {None})
    if len(names) > 1:
        raise InvalidStateError(
            f"the names {', '.join(sorted(map(str, names)))}",
            "one function",
            "Call one function in all examples.",
        )
    tests: tuple[Case | Check, ...] = (*(case for _, case in read), *(Check(test=text) for text in checks))
    _agree([case for _, case in read])
    try:
        return CodeRequest(
            description=description,
            language=language,
            signature=signature,
            entry=next(iter(names), None),
            tests=tests,
            draft=draft,
            limits=limits or Limits(),
        )
    except ValidationError as error:
        raise _unfit(error) from error


def refined(request: CodeRequest, draft: str, examples: Sequence[str] = ()) -> CodeRequest:
    """Return a request that begins from a program and must satisfy more examples than before.

    Raises:
        InvalidStateError: An example calls another function or cannot be read, or the program is no text.
    """
    more = asked(request.description, examples, language=request.language, draft=draft)
    if request.entry is not None and more.entry not in (None, request.entry):
        raise InvalidStateError(
            f"examples of {more.entry}",
            f"examples of {request.entry}",
            "Call the function that was asked for.",
        )
    fresh = tuple(test for test in more.tests if test not in request.tests)
    _agree([test for test in (*request.tests, *fresh) if isinstance(test, Case)])
    changed = {
        "entry": request.entry or more.entry,
        "tests": (*request.tests, *fresh),
        "draft": more.draft,
    }
    try:
        return CodeRequest.model_validate({**dict(request), **changed})
    except ValidationError as error:
        raise _unfit(error) from error


def _agree(cases: Sequence[Case]) -> None:
    """Refuse examples that no program can pass together."""
    known: dict[str, Case] = {}
    for case in cases:
        first = known.setdefault(repr(case.arguments), case)
        if (
            first.expected != case.expected and first.expected == first.expected
        ):  # not-a-number is never equal
            given = ", ".join(map(repr, case.arguments))[:80]
            one, other = (_wanted(each.expected) for each in (first, case))
            raise InvalidStateError(
                f"examples that want {one} and {other} of the call with ({given})",
                "one outcome of each call",
                "Correct one of the two.",
            )


def _wanted(value: Any) -> str:
    return f"a {value.type}" if isinstance(value, Raises) else repr(value)[:80]


def status_of(plan: Plan[CodeRequest, Program]) -> Status:
    """Return what an answer is worth in one word."""
    if plan.abstained:
        return "abstained"
    return "verified" if plan.chosen.verdict.evidence.get("tests") else "unverified"


def _unfit(error: ValidationError) -> InvalidStateError:
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"])) or "the request"
    return InvalidStateError(
        f"{place}: {first['msg']}", "a request that can be read and judged", "Correct it and ask again."
    )


def named(signature: str) -> str | None:
    """Return the name that a signature declares, the one before its first parenthesis."""
    found = re.search(r"([A-Za-z_][A-Za-z0-9_]*)\s*(?:<[^>]*>)?\s*\(", signature)
    return found.group(1) if found else None


def example(text: str) -> tuple[str, Case]:
    """Read one example: `f(2) == 4`, `f('a') is None`, or `f(-1) raises ValueError`.

    Returns:
        The name of the function, and the case.

    Raises:
        InvalidStateError: It is none of these.
    """
    raising = re.fullmatch(r"(?s)\s*(.+?\))\s+raises\s+([A-Za-z_][\w.]*)\s*", text)
    try:
        tree = ast.parse((raising.group(1) if raising else text).strip(), mode="eval").body
        if raising:
            name, arguments = _call(tree)
            return name, Case(arguments=arguments, expected=Raises(type=raising.group(2)))
        if not isinstance(tree, ast.Compare) or not isinstance(tree.ops[0], ast.Eq | ast.Is):
            raise ValueError("no comparison")
        (right,) = tree.comparators
        name, arguments = _call(tree.left)
        return name, Case(arguments=arguments, expected=_value(right))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise InvalidStateError(
            f"the example {text[:80]!r} ({type(error).__name__})",
            "a call with plain values and what it returns, such as f(2) == 4",
            "Write lists, numbers and texts out; name no variables.",
        ) from error


def _call(tree: ast.expr) -> tuple[str, tuple[Any, ...]]:
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.keywords:
        raise ValueError("no plain call")
    return tree.func.id, tuple(_value(argument) for argument in tree.args)


def _value(tree: ast.expr) -> Any:
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args and not tree.keywords:
        empty: dict[str, Any] = {"set": set(), "frozenset": frozenset(), "dict": {}, "list": [], "tuple": ()}
        return empty[tree.func.id] if tree.func.id in empty else ast.literal_eval(tree)
    return ast.literal_eval(tree)


def keeps(source: str, request: CodeRequest) -> bool:
    """Say whether a program holds the signature that was asked for, whatever its white space."""
    wanted = "".join(request.signature.split())
    return wanted in "".join(source.split())
