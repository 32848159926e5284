"""What types of the corpus the types, names and descriptions of a user come to."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .declaring import parsed

KNOWN = frozenset(("int", "str", "bool", "float", "list[int]", "list[str]", "dict[str, int]"))
"""Types that the corpus has for what a function takes or gives, the simple ones."""
_ANSWERS = frozenset(
    f"dict[{key}, {value}]" for key in ("int", "str") for value in ("int", "str", "list[int]", "list[str]")
)
_LISTS = frozenset(("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence"))
"""What a list is; so is a tuple used that is only read."""
_TUPLES = frozenset(("tuple", "Tuple"))
_DICTS = frozenset(("dict", "Dict", "Mapping", "MutableMapping"))
"""What a dictionary is; those of `_LIKE_DICTS` are dictionaries, and no dictionary is one of them."""
_LIKE_DICTS = frozenset(("DefaultDict", "OrderedDict"))
_IS: Mapping[str, str] = {"Number": "int"}
_LIKE: Mapping[str, str] = {**_IS, "ndarray": "list[int]", "Counter": "dict[str, int]"}
_ANYTHING = frozenset(("Any", "object"))
_PLAIN = frozenset(("int", "str", "bool", "float", "Number")) | _ANYTHING
_NAMES: Mapping[str, str] = {
    **dict.fromkeys(("n", "x", "y", "i", "j", "k", "m", "num", "number", "a", "b", "integer"), "int"),
    **dict.fromkeys(
        ("s", "st", "string", "word", "text", "txt", "sentence", "line", "phrase", "message"), "str"
    ),
    **dict.fromkeys(
        ("xs", "nums", "numbers", "arr", "array", "lst", "l", "L", "seq", "vals", "values"), "list[int]"
    ),
    **dict.fromkeys(("ws", "words", "strs", "strings", "texts", "names", "lines"), "list[str]"),
    **dict.fromkeys(("d", "dct", "scores", "counts", "prices", "mapping"), "dict[str, int]"),
}
_SAID = (
    (r"(?:list|array|sequence)s? of (?:words|strings|texts|names)|list of lowercase", "list[str]"),
    (r"dict|dictionary|mapping", "dict[str, int]"),
    (r"list|array|numbers|integers", "list[int]"),
    (r"string|text|sentence|word|phrase", "str"),
    (r"number|integer", "int"),
)


class Kind(NamedTuple):
    """A type of the corpus.

    Args:
        kind: It; None where there is none.
        sure: Whether it is what was said, and not only like it.
    """

    kind: str | None
    sure: bool = False


def kind_of(annotation: ast.expr | None) -> Kind:
    """Return the type that the annotation of a parameter comes to: what is used as this one is."""
    return _kind(annotation, _near)


def answer_of(annotation: ast.expr | None) -> Kind:
    """Return the type that the annotation of an answer comes to: one whose values are of what was said."""
    return _kind(annotation, _kept)


def kept(annotation: ast.expr | None) -> bool:
    """Say whether what functions of the corpus answer can be of this type."""
    match annotation:
        case None:
            return True
        case ast.Constant(value=str(text)):
            return kept(_inner(text)) if _inner(text) is not None else False
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return kept(left) or kept(right)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in _PLAIN | _LISTS | _DICTS
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inside):
            parts = _parts(inside)
            if name in ("Optional", "Union"):
                return any(map(kept, parts))
            plain = all(
                isinstance(each, ast.Name | ast.Attribute) and _name(each) in _PLAIN for each in parts
            )
            return answer_of(annotation).kind is not None or (plain and name in _LISTS | _DICTS)
        case _:
            return False


def fits(annotation: ast.expr | None, kind: str) -> bool:
    """Say whether a type may be guessed where this was said: nothing, or no more than that it is a list."""
    match annotation:
        case None:
            return True
        case ast.Attribute(attr=name) | ast.Name(id=name):
            several: frozenset[str] = {"list": _LISTS | _TUPLES, "dict": _DICTS | _LIKE_DICTS}.get(
                kind.split("[")[0], frozenset()
            )
            return name in _ANYTHING or name in several
        case _:
            return False


def by_name(name: str) -> str | None:
    """Return the type that people mostly mean by a name."""
    return _NAMES.get(name)


def by_default(node: ast.FunctionDef) -> Mapping[str, str]:
    """Return the types of parameters that have a default."""
    told = node.args
    last = [*told.posonlyargs, *told.args][-len(told.defaults) or 1000 :]
    pairs = [*zip(last, told.defaults, strict=True), *zip(told.kwonlyargs, told.kw_defaults, strict=True)]
    found = {each.arg: type(d.value).__name__ for each, d in pairs if isinstance(d, ast.Constant)}
    return {name: kind for name, kind in found.items() if kind in KNOWN}


def by_description(said: str) -> str | None:
    """Return the type of the one thing that a description speaks of."""
    return next((kind for words, kind in _SAID if re.search(rf"\b(?:{words})\b", said.lower())), None)


def _kind(annotation: ast.expr | None, near: Callable[[ast.expr], str | None]) -> Kind:
    if annotation is None:
        return Kind(None)
    said = ast.unparse(annotation)
    if said in KNOWN or said in _ANSWERS:
        return Kind(said, sure=True)
    found = near(annotation)
    return Kind(found if found in KNOWN or found in _ANSWERS else None)


def _near(annotation: ast.expr) -> str | None:
    return _read(annotation, strict=False)


def _kept(annotation: ast.expr) -> str | None:
    return _read(annotation, strict=True)


def _read(annotation: ast.expr, *, strict: bool) -> str | None:
    """Return what an annotation comes to: with `strict` only what is of its type, else what is used alike as well."""
    match annotation:
        case ast.Constant(value=str(text)):
            inner = _inner(text)
            return None if inner is None else _read(inner, strict=strict)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name if name in KNOWN else (_IS if strict else _LIKE).get(name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _read(left, strict=strict)
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inside):
            return _of(name, _parts(inside), strict=strict)
        case _:
            return None


def _of(name: str, inside: list[ast.expr], *, strict: bool) -> str | None:
    """Return the type of something that holds others."""
    parts = [_read(each, strict=strict) for each in inside if not _more(each)]
    if name == "Optional":
        return parts[0]
    if None in parts or not parts:
        return None
    lists, dicts = (_LISTS, _DICTS) if strict else (_LISTS | _TUPLES, _DICTS | _LIKE_DICTS)
    if name in lists and len(set(parts)) == 1:
        return f"list[{parts[0]}]"
    if name in dicts and len(parts) == 2:
        return f"dict[{parts[0]}, {parts[1]}]"
    return None


def _inner(text: str) -> ast.expr | None:
    """Return the annotation that a text holds."""
    tree = parsed(text)
    inner = tree.body[0] if tree is not None and len(tree.body) == 1 else None
    return inner.value if isinstance(inner, ast.Expr) else None


def _parts(inside: ast.expr) -> list[ast.expr]:
    return inside.elts if isinstance(inside, ast.Tuple) else [inside]


def _more(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is ...


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
