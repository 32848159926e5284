"""Which names a function binds, and of which nobody can tell what they hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from .reading import unpacked

Function: TypeAlias = ast.FunctionDef
BARRIERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LOOKED_AT = frozenset(["isinstance", "issubclass", "type", "hasattr", "callable", "getattr", "setattr"])


def yields(node: Function) -> bool:
    """Return whether a function is a generator."""
    ahead: list[ast.AST] = list(node.body)
    while ahead:
        each = ahead.pop()
        if isinstance(each, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(each, BARRIERS):
            ahead += ast.iter_child_nodes(each)
    return False


def doubted(node: Function) -> set[str]:
    """Return the names of a function of which nobody knows what they hold.

    Their class is asked for, so that they may hold something else than is declared, or they are bound in ways that are
    not followed.
    """
    found: set[str] = set()
    for each in ast.walk(node):
        match each:
            case ast.Call(func=ast.Name(id=name), args=[ast.Name(id=looked), *_]) if name in _LOOKED_AT:
                found.add(looked)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).split(".")[0] for alias in names}
            case ast.withitem(optional_vars=ast.expr() as target):
                found |= {name for name, _ in unpacked(target, None)}
            case ast.AsyncFor(target=target):
                found |= {name for name, _ in unpacked(target, None)}
            case ast.Match(subject=ast.Name(id=name)):
                found.add(name)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if each is not node:
                found |= {each.name, *bound(each)}
            case ast.Attribute(value=ast.Name(id=name), attr="__class__"):
                found.add(name)
    return found


def bound(tree: ast.AST) -> set[str]:
    """Return all names that are given a value anywhere in a tree."""
    found: set[str] = set()
    for each in ast.walk(tree):
        match each:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).split(".")[0] for alias in names}
    return found


def classes(tree: ast.Module) -> frozenset[str]:
    """Return the names of all classes of a program."""
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def imported(tree: ast.Module) -> frozenset[str]:
    """Return the names of all that a program imports."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return frozenset((alias.asname or alias.name).split(".")[0] for node in nodes for alias in node.names)


def functions_of(tree: ast.AST, outer: frozenset[str]) -> Iterator[tuple[Function, frozenset[str]]]:
    """Yield the functions of a program, each with the names that functions around it give values."""
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.FunctionDef):
            yield each, outer
        around = isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from functions_of(each, outer | bound(each) if around else outer)


def local(node: Function) -> set[str]:
    """Return the names that a function gives values in ways that are followed."""
    return {
        each.id
        for each in ast.walk(node)
        if isinstance(each, ast.Name) and not isinstance(each.ctx, ast.Load)
    }


def with_defaults(node: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    """Return the parameters of a function with what they hold where nothing is given."""
    args = [*node.args.posonlyargs, *node.args.args]
    spare: list[ast.expr | None] = [None] * (len(args) - len(node.args.defaults))
    return [
        *zip(args, [*spare, *node.args.defaults], strict=True),
        *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True),
    ]
