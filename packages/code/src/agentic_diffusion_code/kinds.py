"""What types of the corpus the types, names and descriptions of a user come to."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import NamedTuple

from .declaring import parsed

KNOWN = frozenset(("int", "str", "bool", "float", "list[int]", "list[str]", "dict[str, int]"))
"""Types that the corpus has for what a function takes or gives, the simple ones."""
_ANSWERS = frozenset(
    f"dict[{key}, {value}]" for key in ("int", "str") for value in ("int", "str", "list[int]", "list[str]")
)
_LISTS = frozenset(
    ("list", "List", "Sequence", "Iterable", "Collection", "MutableSequence", "tuple", "Tuple", "Iterator")
)
_DICTS = frozenset(("dict", "Dict", "Mapping", "MutableMapping", "DefaultDict", "OrderedDict"))
_ALIKE: Mapping[str, str] = {"ndarray": "list[int]", "Counter": "dict[str, int]", "Number": "int"}
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
    """Return the type that an annotation comes to."""
    if annotation is None:
        return Kind(None)
    said = ast.unparse(annotation)
    if said in KNOWN or said in _ANSWERS:
        return Kind(said, sure=True)
    near = _near(annotation)
    return Kind(near if near in KNOWN or near in _ANSWERS else None)


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


def _near(annotation: ast.expr) -> str | None:
    match annotation:
        case ast.Constant(value=str(text)):
            tree = parsed(text)
            inner = tree.body[0] if tree is not None and len(tree.body) == 1 else None
            return _near(inner.value) if isinstance(inner, ast.Expr) else None
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name if name in KNOWN else _ALIKE.get(name)
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return _near(left)
        case ast.Subscript(value=ast.Attribute(attr=name) | ast.Name(id=name), slice=inside):
            return _of(name, inside.elts if isinstance(inside, ast.Tuple) else [inside])
        case _:
            return None


def _of(name: str, inside: list[ast.expr]) -> str | None:
    """Return the type of something that holds others."""
    parts = [_near(each) for each in inside]
    if name == "Optional":
        return parts[0]
    if name in _LISTS and parts[0] is not None:
        return f"list[{parts[0]}]"
    if name in _DICTS and len(parts) == 2 and None not in parts:
        return f"dict[{parts[0]}, {parts[1]}]"
    return None
