"""The seven languages: parsing, what is wrong and where, statements, and the last gate before code is shown."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Protocol, TypeAlias, final, runtime_checkable

from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.records import Verdict
from tree_sitter import Language as Grammar
from tree_sitter import Node, Parser, Tree

from agentic_diffusion_code.sandbox.base import Execution

MAX_BYTES = 64 * 1024
MAX_DEPTH = 400
Range: TypeAlias = tuple[int, int]
"""First byte, and the byte after the last."""


@runtime_checkable
class Compiles(Protocol):
    """A sandbox that can compile a program without running it."""

    def compiles(self, source: str, *, language: str = ...) -> Execution:
        """Run only the checks of a language's own tools."""
        ...


@final
@dataclass(frozen=True)
class Span:
    """A piece of a program that is one node of its syntax tree."""

    start: int
    end: int
    kind: str


@final
@dataclass(frozen=True)
class Language:
    """One language.

    Args:
        name: As `python`.
        suffix: How its files end.
        grammar: The module of its grammar, and the function in it.
        stub: A statement that does nothing.
    """

    name: str
    suffix: str
    grammar: tuple[str, str]
    stub: str

    def parse(self, source: str) -> Tree:
        """Return the syntax tree; what cannot be read is marked in it."""
        return _parser(self).parse(source.encode("utf-8", "replace"))

    def errors(self, source: str) -> list[Range]:
        """Return where the grammar does not fit, in bytes; nothing for a program that parses."""
        tree = self.parse(source)
        if not tree.root_node.has_error:
            return []
        return [_place(node) for node in _walk(tree.root_node) if node.is_error or node.is_missing]

    def enclosing(self, source: str, places: list[Range]) -> list[Range]:
        """Return the smallest statements around some ranges, or the ranges where there is none."""
        root = self.parse(source).root_node
        found = []
        for first, last in places:
            node: Node | None = root.descendant_for_byte_range(first, max(first, last - 1))
            while node is not None and not _is_statement(node):
                node = node.parent
            found.append((first, last) if node is None else (node.start_byte, node.end_byte))
        return sorted(set(found))

    def spans(self, source: str) -> list[Span]:
        """Return every named node that holds something, outer ones first."""
        root = self.parse(source).root_node
        nodes = (node for node in _walk(root) if node.is_named and node.end_byte > node.start_byte)
        return [Span(node.start_byte, node.end_byte, node.type) for node in nodes if node.parent is not None]

    def score(self, source: str) -> float:
        """Return the share of a text that lies in no error: 1 for a program that parses."""
        size = len(source.encode("utf-8", "replace"))
        places = self.errors(source)
        if not places:
            return 1.0
        bad, reached = 0, 0
        for first, last in sorted(places):
            bad += max(0, last - max(first, reached))
            reached = max(reached, last)
        missing = sum(first == last for first, last in places)
        return max(0.0, 1.0 - (bad + missing) / max(1, size))

    def check(self, source: str, sandbox: Compiles | None = None) -> Verdict:
        """Judge whether a text is a program; nothing in it is ever run.

        The verdict's evidence names the `checker`: `compile` for Python, elsewhere the language's own
        tool where it is on this machine and a sandbox is given, otherwise the grammar alone; and
        `native` says when the tool is missing.

        Args:
            source: The text.
            sandbox: Where native tools run.
        """
        size = len(source.encode("utf-8", "replace"))
        if size > MAX_BYTES:
            return _verdict(False, 0.0, checker="size", message=f"{size} bytes, at most {MAX_BYTES}")
        tree = self.parse(source)
        if _depth(tree.root_node) > MAX_DEPTH:
            return _verdict(False, 0.0, checker="depth", message=f"nested deeper than {MAX_DEPTH}")
        if self.name == "python":
            return _compile(source, self.score(source))
        if tree.root_node.has_error:
            first = self.errors(source)[:1]
            line = source.encode()[: first[0][0]].count(b"\n") + 1 if first else 1
            return _verdict(
                False, self.score(source), checker="tree-sitter", line=line, message="does not parse"
            )
        return self._native(source, sandbox)

    def _native(self, source: str, sandbox: Compiles | None) -> Verdict:
        if sandbox is None:
            return _verdict(True, 1.0, checker="tree-sitter", native="not asked")
        run = sandbox.compiles(source, language=self.name)
        if run.status in (
            "refused",
            "timeout",
            "killed",
            "memory",
        ):  # it did not say anything about the program
            return _verdict(True, 1.0, checker="tree-sitter", native=run.stderr[-500:] or run.status)
        passed = run.status == "ok"
        return _verdict(passed, 1.0 if passed else 0.9, checker="native", message=run.stderr[-500:])


_STATEMENTS = ("statement", "declaration", "definition", "_item")
_PARTS = ("parameter_declaration", "field_declaration", "optional_parameter")


def _is_statement(node: Node) -> bool:
    """Whether a node stands in a row of statements; grammars name these alike."""
    return node.is_named and node.type.endswith(_STATEMENTS) and node.type not in _PARTS


def _verdict(
    passed: bool, score: float, *, checker: str, message: str = "", line: int = 0, native: str = ""
) -> Verdict:
    evidence: dict[str, str | int] = {"checker": checker}
    evidence |= {"message": message} if message else {}
    evidence |= {"line": line} if line else {}
    evidence |= {"native": native} if native else {}
    return Verdict(passed=passed, score=score, evidence=evidence)


def _compile(source: str, score: float) -> Verdict:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "program.py", "exec", dont_inherit=True)
    except SyntaxError as fault:
        return _verdict(
            False, min(score, 0.99), checker="compile", message=str(fault.msg), line=fault.lineno or 0
        )
    except (ValueError, OverflowError, RecursionError, MemoryError) as fault:
        return _verdict(False, min(score, 0.99), checker="compile", message=type(fault).__name__)
    return _verdict(True, 1.0, checker="compile")


def _walk(root: Node) -> Iterator[Node]:
    """Yield every node, a parent before its children, without recursion."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        yield node
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def _depth(root: Node) -> int:
    cursor = root.walk()
    deepest = 0
    while True:
        deepest = max(deepest, cursor.depth)
        if cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return deepest


def _place(node: Node) -> Range:
    return node.start_byte, node.end_byte


@cache
def _parser(language: Language) -> Parser:
    module, function = language.grammar
    return Parser(Grammar(getattr(import_module(module), function)()))


PYTHON = Language("python", ".py", ("tree_sitter_python", "language"), "pass")
JAVASCRIPT = Language("javascript", ".js", ("tree_sitter_javascript", "language"), ";")
TYPESCRIPT = Language("typescript", ".ts", ("tree_sitter_typescript", "language_typescript"), ";")
JAVA = Language("java", ".java", ("tree_sitter_java", "language"), ";")
GO = Language("go", ".go", ("tree_sitter_go", "language"), ";")
RUST = Language("rust", ".rs", ("tree_sitter_rust", "language"), ";")
C = Language("c", ".c", ("tree_sitter_c", "language"), ";")
LANGUAGES = (PYTHON, JAVASCRIPT, TYPESCRIPT, JAVA, GO, RUST, C)


def by_name(name: str) -> Language:
    """Return the language of a name.

    Raises:
        InvalidConfigError: When it is none of the seven.
    """
    for language in LANGUAGES:
        if language.name == name:
            return language
    known = ", ".join(each.name for each in LANGUAGES)
    raise InvalidConfigError(f"language {name!r}", known, "Choose one of them.")
