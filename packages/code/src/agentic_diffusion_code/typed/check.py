"""Reads a program and says where its types cannot fit; what is in doubt is left alone."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Mapping, Sequence

from .body import Body, Misfit
from .calls import Signature
from .names import Function, bound, classes, doubted, functions_of, imported, local, with_defaults, yields
from .shapes import NONE, NOTHING, Type, declared, join


def misfits(source: str) -> tuple[Misfit, ...]:
    """Return where types of a Python program cannot fit, whatever it is called with; nothing where that is in doubt.

    Parameters are what they are declared to be, names hold all that they are ever given, and an operation is impossible
    where Python refuses it for samples of all the types that it may meet. A program that does not parse has none.
    """
    try:
        tree = ast.parse(source)
        return _Reader(tree).found()
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()


def said(found: Sequence[Misfit]) -> str:
    """Return the first misfit in words, for writers that can read; nothing where there is none."""
    return f"line {found[0].line}: {found[0].message}" if found else ""


class _Reader:
    """One program."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._hidden = frozenset(bound(tree)) & frozenset(dir(builtins)) | classes(tree)
        self._shared = frozenset(
            name
            for node in ast.walk(tree)
            if isinstance(node, ast.Global | ast.Nonlocal)
            for name in node.names
        )
        self._functions = self._signatures()
        self._imported = imported(tree)

    def found(self) -> tuple[Misfit, ...]:
        """Return all misfits, by line."""
        seen: dict[tuple[int, str], Misfit] = {}
        for node, outer in functions_of(self._tree, frozenset()):
            for each in self._function(node, outer):
                seen.setdefault((each.line, each.message), each)
        return tuple(seen[key] for key in sorted(seen))

    def _signatures(self) -> Mapping[str, Signature]:
        names = [
            node.name for node in ast.walk(self._tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
        ]
        stored = {
            n.id for n in ast.walk(self._tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        }
        found: dict[str, Signature] = {}
        for node in self._tree.body:
            if isinstance(node, ast.FunctionDef) and names.count(node.name) == 1 and node.name not in stored:
                args = node.args
                plain = not (args.vararg or args.kwarg or args.kwonlyargs or args.posonlyargs)
                if plain and not node.decorator_list:
                    takes = tuple(self._declared(each, given=True) for each in with_defaults(node))
                    gives = None if yields(node) else declared(node.returns, self._hidden)
                    gives = None if node.returns is None else gives
                    least = len(args.args) - len(args.defaults)
                    found[node.name] = Signature(tuple(each.arg for each in args.args), takes, gives, least)
        return found

    def _declared(self, argument: tuple[ast.arg, ast.expr | None], *, given: bool) -> Type:
        each, default = argument
        kind = declared(each.annotation, self._hidden, given=given)
        if each.annotation is None:
            return None
        return join(kind, NONE) if isinstance(default, ast.Constant) and default.value is None else kind

    def _function(self, node: Function, outer: frozenset[str]) -> Sequence[Misfit]:
        start: dict[str, Type] = dict.fromkeys(self._hidden | self._shared | self._imported | outer)
        own = local(node)
        start |= dict.fromkeys(own, NOTHING)
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        start |= dict.fromkeys(each.arg for each in [node.args.vararg, node.args.kwarg] if each is not None)
        start |= {each.arg: None for each in every}
        start |= {
            each.arg: self._declared((each, default), given=True) for each, default in with_defaults(node)
        }
        unknown = doubted(node) | (self._shared & set(start))
        body = Body(node, self._functions, start, unknown=unknown, hidden=self._hidden)
        return body.misfits()
