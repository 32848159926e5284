"""A lint of dangerous constructs, built on RestrictedPython; it is advice and never the boundary.

The rules of RestrictedPython are relaxed until ordinary programs pass: annotated assignment, single
underscores, common special methods, augmented assignment to items and attributes, `nonlocal`,
`match` and async. What it finds is worth a look; what it does not find proves nothing.
"""

# ruff: noqa: N802, N815  # the names of the methods are those of the syntax tree
from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from RestrictedPython.compile import compile_restricted_exec
from RestrictedPython.transformer import INSPECT_ATTRIBUTES, RestrictingNodeTransformer

MAX_LINTED = 64 * 1024

MODULES = frozenset(
    (
        "__future__",
        "abc",
        "array",
        "bisect",
        "calendar",
        "cmath",
        "collections",
        "collections.abc",
        "copy",
        "csv",
        "dataclasses",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "hashlib",
        "heapq",
        "io",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "struct",
        "sys",
        "textwrap",
        "time",
        "typing",
        "typing_extensions",
        "unicodedata",
    )
)
"""Modules that ordinary programs need; importing any other one is a finding."""

_CALLS = frozenset(
    (
        "__import__",
        "breakpoint",
        "compile",
        "eval",
        "exec",
        "globals",
        "locals",
        "open",
        "setattr",
        "delattr",
        "vars",
    )
)
_SPECIAL = frozenset(
    f"__{name}__"
    for name in (
        "abs",
        "add",
        "aenter",
        "aexit",
        "aiter",
        "anext",
        "and",
        "await",
        "bool",
        "bytes",
        "call",
        "ceil",
        "contains",
        "del",
        "delitem",
        "divmod",
        "doc",
        "enter",
        "eq",
        "exit",
        "float",
        "floor",
        "floordiv",
        "format",
        "ge",
        "getitem",
        "gt",
        "hash",
        "iadd",
        "iand",
        "ifloordiv",
        "ilshift",
        "imod",
        "imul",
        "index",
        "init",
        "int",
        "invert",
        "ior",
        "isub",
        "iter",
        "itruediv",
        "ixor",
        "le",
        "len",
        "lshift",
        "lt",
        "matmul",
        "missing",
        "mod",
        "mul",
        "name",
        "ne",
        "neg",
        "new",
        "next",
        "or",
        "pos",
        "post_init",
        "pow",
        "radd",
        "rand",
        "repr",
        "reversed",
        "rfloordiv",
        "rmod",
        "rmul",
        "ror",
        "round",
        "rpow",
        "rsub",
        "rtruediv",
        "rxor",
        "setitem",
        "slots",
        "str",
        "sub",
        "truediv",
        "trunc",
        "xor",
        "all",
        "file",
        "version",
        "author",
        "main",
    )
)
_HOOK = re.compile(r"_[a-z]+_|_print|__metaclass__")
_LINE = re.compile(r"Line (\d+|None): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Finding:
    """One construct that deserves a look."""

    line: int | None
    message: str


class _Relaxed(RestrictingNodeTransformer):
    """RestrictedPython's rules, less those that reject ordinary programs."""

    def check_name(self, node: ast.AST, name: str | None, allow_magic_methods: bool = False) -> None:
        """Refuse only the names that hooks use, and special names that are not ordinary."""
        if name is None:
            return
        if _HOOK.fullmatch(name):
            self.error(node, f'"{name}" is the name of a guard')
        elif name.startswith("__") and name.endswith("__") and name not in _SPECIAL:
            self.error(node, f'"{name}" is a special name')

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Name the builtins that leave the language."""
        if isinstance(node.ctx, ast.Load) and node.id in _CALLS:
            self.error(node, f'"{node.id}" runs or reaches what no one can see here')
        self.check_name(node, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Refuse attributes that lead out of an object into the interpreter."""
        special = node.attr.startswith("__") and node.attr.endswith("__")
        if node.attr in INSPECT_ATTRIBUTES or (special and node.attr not in _SPECIAL):
            self.error(node, f'attribute "{node.attr}" leads into the interpreter')
        return self._inside(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        """Name every module that ordinary programs do not need."""
        for alias in node.names:
            self._check_module(node, alias.name)
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """Name every module that ordinary programs do not need."""
        self._check_module(node, "." * node.level + (node.module or ""))
        return node

    def _check_module(self, node: ast.AST, name: str) -> None:
        if name not in MODULES:
            self.error(node, f'import of "{name}"')

    def _inside(self, node: ast.AST) -> ast.AST:
        inside: ast.AST = self.node_contents_visit(node)
        return inside

    visit_AnnAssign = visit_AugAssign = visit_Assign = visit_Nonlocal = visit_Global = _inside
    visit_AsyncFunctionDef = visit_AsyncFor = visit_AsyncWith = visit_Await = _inside
    visit_FunctionDef = visit_Lambda = visit_ClassDef = visit_For = visit_comprehension = _inside
    visit_Match = visit_match_case = visit_MatchValue = visit_MatchSingleton = _inside
    visit_MatchSequence = visit_MatchMapping = visit_MatchClass = visit_MatchStar = _inside
    visit_MatchAs = visit_MatchOr = visit_TypeAlias = visit_TypeVar = visit_Starred = _inside
    visit_Call = visit_Subscript = visit_With = visit_ExceptHandler = visit_Yield = _inside
    visit_YieldFrom = visit_TryStar = visit_FormattedValue = visit_arguments = visit_arg = _inside


def findings(source: str) -> tuple[Finding, ...]:
    """Name the dangerous constructs of a Python program, in the order of its lines."""
    if len(source) > MAX_LINTED:
        return (Finding(None, f"more than {MAX_LINTED} characters"),)
    try:
        result = compile_restricted_exec(source, policy=_Relaxed)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        return (Finding(getattr(error, "lineno", None), f"cannot be read: {type(error).__name__}"),)
    found = [_finding(text) for text in result.errors]
    return tuple(sorted(found, key=lambda one: (one.line or 0, one.message)))


def _finding(text: str) -> Finding:
    match = _LINE.fullmatch(text)
    if match is None:
        return Finding(None, text)
    number = match[1]
    return Finding(int(number) if number.isdigit() else None, match[2])
