"""Gives a Python function another declaration, and its parameters other names, without another meaning.

Names are exchanged in the whole function, in every scope of it at once, so that what was one thing stays one thing.
Where that cannot be told, because a name is also something outside of the function, is looked up by its text or belongs
to a class, nothing is changed. What comes out is compared with the tree that it should have.
"""

from __future__ import annotations

import ast
import copy
import symtable
import tokenize
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias, cast

from .declaring import BODY, Declared, declaration, names, offset, parsed

_BY_TEXT = frozenset(("locals", "globals", "vars", "eval", "exec", "dir"))
_ASIDE = ("each", "item", "other", "inner")
"""What something is called whose name a parameter takes."""

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(node: Function) -> list[ast.arg] | None:
    """Return the parameters of a function, in order; None where it takes any number of them."""
    told = node.args
    if told.vararg is not None or told.kwarg is not None:
        return None
    return [*told.posonlyargs, *told.args, *told.kwonlyargs]


@lru_cache(maxsize=512)
def redeclared(source: str, name: str, header: str) -> str:
    """Return a program in which a function is declared by this line; as it is where it would mean something else.

    Args:
        source: The program.
        name: The name of the function.
        header: A declaration of the same name with as many parameters.
    """
    found, wanted = declaration(source, name), declaration(header + BODY, name)
    if found is None or wanted is None:
        return source
    old, new = parameters(found.node), parameters(wanted.node)
    if old is None or new is None or len(old) != len(new):
        return source
    given = {a.arg: b.arg for a, b in zip(old, new, strict=True)}
    changed = _apart(source, found.node, given)
    if changed is None or not _follow(source, wanted.node, changed):
        return source
    tree = _tree(source, found.node, changed, wanted.node)
    text = _text(source, found, changed, header)
    read = parsed(text)
    return text if read is not None and ast.dump(read) == ast.dump(tree) else ast.unparse(tree) + "\n"


def _follow(source: str, wanted: Function, changed: Mapping[str, str]) -> bool:
    """Say whether the calls of a function in a program can be those of the function as it is to be declared."""
    calls = _calls(cast("ast.Module", parsed(source)), wanted.name)
    renamed = any(keyword.arg in {*changed, None} for call in calls for keyword in call.keywords)
    if changed and renamed and _shadowed(source, wanted.name):
        return False
    return all(_takes(wanted.args, call, changed) for call in calls)


def _shadowed(source: str, name: str) -> bool:
    """Say whether a name of the program is also one of something inside of it, and calls may be of that."""
    inner = symtable.symtable(source, "<program>", "exec").get_children()
    while inner:
        table = inner.pop()
        inner += table.get_children()
        if any(each.get_name() == name and each.is_local() for each in table.get_symbols()):
            return True
    return False


def _takes(told: ast.arguments, call: ast.Call, changed: Mapping[str, str]) -> bool:
    """Say whether a call gives what parameters want: by place what has one, by name what has one."""
    by_place = [each.arg for each in (*told.posonlyargs, *told.args)]
    by_name = {changed.get(each.arg, each.arg) for each in call.keywords if each.arg is not None}
    if by_name & {each.arg for each in told.posonlyargs}:
        return False
    if any(each.arg is None for each in call.keywords):
        return not changed and not told.posonlyargs
    if any(isinstance(each, ast.Starred) for each in call.args):
        return not told.kwonlyargs
    needed = by_place[: len(by_place) - len(told.defaults)]
    needed += [a.arg for a, d in zip(told.kwonlyargs, told.kw_defaults, strict=True) if d is None]
    given = {*by_place[: len(call.args)], *by_name}
    return len(call.args) <= len(by_place) and set(needed) <= given


def _apart(source: str, node: Function, given: Mapping[str, str]) -> dict[str, str] | None:
    """Return what every name of a function becomes; None where one of them is not the function's own."""
    changed = {old: new for old, new in given.items() if old != new}
    inside = set(_named(node))
    taken = (inside & set(changed.values())) - set(given)
    free = iter(name for name in chain(_ASIDE, _numbered()) if name not in inside | set(given.values()))
    changed |= {name: next(free) for name in sorted(taken)}
    if changed and (_odd(node, set(changed)) or not _own(source, node, set(changed))):
        return None
    return changed


def _odd(node: Function, changed: set[str]) -> bool:
    """Say whether a function looks up names by their text, or has them in more ways than are followed here."""
    inside = list(ast.walk(node))
    if any(isinstance(each, ast.ClassDef | ast.Global) for each in inside) or _by_keyword(node, changed):
        return True
    imported = {name for each in inside if isinstance(each, ast.alias) for name in _named(each)}
    own = {each.id for each in inside if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)}
    own |= {name for each in inside if not isinstance(each, ast.Name) for name in _named_here(each, node)}
    return bool(imported & changed or _BY_TEXT & set(_named(node))) or node.name in own


def _numbered() -> Iterator[str]:
    return (f"{_ASIDE[0]}_{number}" for number in range(2, 1000))


def _named(node: ast.AST) -> Iterator[str]:
    """Yield every name in a tree, but for attributes and keywords and what the tree itself is called."""
    for each in ast.walk(node):
        yield from _named_here(each, node)


def _named_here(each: ast.AST, whole: ast.AST) -> Iterator[str]:
    match each:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            if each is not whole:
                yield name
        case ast.Name(id=name) | ast.arg(arg=name):
            yield name
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
        case ast.Nonlocal(names=several):
            yield from several
        case ast.alias(name=name, asname=other):
            yield other or name.split(".")[0]


def _by_keyword(node: Function, changed: set[str]) -> bool:
    """Say whether a function inside this one takes by name what is to have another."""
    nested = [n for n in ast.walk(node) if n is not node and isinstance(n, Function | ast.Lambda)]
    taken = {each.arg for inner in nested for each in ast.walk(inner.args) if isinstance(each, ast.arg)}
    own = _calls(node, node.name)
    calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and call not in own]
    told = {keyword.arg for call in calls for keyword in call.keywords}
    return bool(taken & told & changed)


def _own(source: str, node: Function, changed: set[str]) -> bool:
    """Say whether nothing outside of a function is meant by these names in it."""
    ahead = [
        table
        for table in symtable.symtable(source, "<program>", "exec").get_children()
        if table.get_name() == node.name and table.get_lineno() in (node.lineno, _line(node))
    ]
    if len(ahead) != 1:
        return False
    while ahead:
        table = ahead.pop()
        ahead += table.get_children()
        if any(each.get_name() in changed and each.is_global() for each in table.get_symbols()):
            return False
    return True


def _line(node: Function) -> int:
    return min((each.lineno for each in node.decorator_list), default=node.lineno)


def _tree(source: str, node: Function, changed: Mapping[str, str], wanted: Function) -> ast.Module:
    """Return the program as it should be."""
    tree = copy.deepcopy(cast("ast.Module", parsed(source)))
    for call in _calls(tree, node.name):
        for keyword in call.keywords:
            keyword.arg = keyword.arg and changed.get(keyword.arg, keyword.arg)
    (function,) = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.lineno == node.lineno)
    for statement in function.body:
        for each in ast.walk(statement):
            _exchange(each, changed)
    function.args, function.returns = wanted.args, wanted.returns
    if "type_params" in function._fields:  # since Python 3.12
        setattr(function, "type_params", getattr(wanted, "type_params"))  # noqa: B009, B010
    return tree


def _exchange(node: Any, changed: Mapping[str, str]) -> None:
    match node:
        case ast.Name(id=name):
            node.id = changed.get(name, name)
        case ast.arg(arg=name):
            node.arg = changed.get(name, name)
        case (
            ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar()
        ):
            node.name = node.name and changed.get(node.name, node.name)
        case ast.MatchMapping():
            node.rest = node.rest and changed.get(node.rest, node.rest)
        case ast.Nonlocal(names=several):
            node.names = [changed.get(name, name) for name in several]


def _calls(tree: ast.AST, name: str) -> list[ast.Call]:
    calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call))
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]


def _text(source: str, found: Declared, changed: Mapping[str, str], header: str) -> str:
    """Return the program with its names exchanged where they stand, as far as its tokens tell."""
    tree = cast("ast.Module", parsed(source))
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    own = {(k.lineno, k.col_offset) for call in _calls(tree, found.node.name) for k in call.keywords}
    others = {(k.lineno, k.col_offset) for call in calls for k in call.keywords} - own
    edits = [(found.start, found.end, header)]
    last, before = cast("int", found.node.end_lineno), ""
    for token in names(source) if changed else ():
        place, line = offset(source, *token.start), token.start[0]
        here = (line, len(token.line[: token.start[1]].encode()))
        inside = place >= found.end and line <= last
        if token.type == tokenize.NAME and token.string in changed and before != "." and here not in others:
            edits += [(place, place + len(token.string), changed[token.string])] * (inside or here in own)
        before = token.string
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source
