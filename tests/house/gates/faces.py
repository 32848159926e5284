"""Faces: what a module says first, what a signature asks, and what `__all__` promises."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from gates.tree import Module, modules, parse, scripts

POSITIONAL = 3
FRAMEWORK = {"forward"}  # torch calls it, and decides how
Function = ast.FunctionDef | ast.AsyncFunctionDef
Verb = tuple[str, tuple[str, ...]]


def openings(root: Path) -> list[str]:
    """Return the modules that do not open with one plain sentence."""
    paths = [module.path for module in modules(root)]
    paths += [path for path in scripts(root) if path.relative_to(root).parts[0] != "tests"]
    faults = []
    for path in paths:
        if why := _opening(path):
            faults.append(f"{path.relative_to(root)}:1: {why}")
    return faults


def _opening(path: Path) -> str:
    tree = parse(path)
    text = ast.get_docstring(tree)
    if text is None:
        return "no docstring"
    if tree.body[0].lineno != 1:
        return "something stands above the docstring"
    first = text.splitlines()[0]
    if not first.endswith("."):
        return "the first line is not a sentence that ends with a period"
    if re.search(r"[.!?] [A-Z]", first):
        return "the first line is more than one sentence"
    return ""


def signatures(root: Path) -> list[str]:
    """Return the public functions that take `**kwargs` or too much by position; what overrides has no choice."""
    everything = list(modules(root))
    verbs = {verb for module in everything for verb in _verbs(module.tree)}
    faults = []
    for module in everything:
        for node, owner in _public(module.tree):
            if node.args.kwarg is not None and "override" not in _marks(node):
                faults.append(f"{module.at(node.lineno)}: {node.name}(**{node.args.kwarg.arg})")
            names = _positional(node, owner)
            if len(names) > POSITIONAL and not _decided_elsewhere(node, owner, verbs):
                faults.append(f"{module.at(node.lineno)}: {node.name}({', '.join(names)}) by position")
    return faults


def _positional(node: Function, owner: ast.ClassDef | None) -> tuple[str, ...]:
    names = tuple(argument.arg for argument in [*node.args.posonlyargs, *node.args.args])
    static = any(ast.unparse(mark) == "staticmethod" for mark in node.decorator_list)
    return names if owner is None or static else names[1:]


def _verbs(tree: ast.Module) -> Iterator[Verb]:
    """Yield the verbs of every protocol: a name and what it takes by position."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_protocol(node):
            for item in node.body:
                if isinstance(item, Function):
                    yield item.name, _positional(item, node)


def _is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).partition("[")[0].split(".")[-1] == "Protocol" for base in node.bases)


def _decided_elsewhere(node: Function, owner: ast.ClassDef | None, verbs: set[Verb]) -> bool:
    """Whether the order is a protocol's, the language's or a framework's and not this function's own."""
    if owner is None:
        return False
    if node.name.startswith("__") and node.name not in {"__init__", "__call__"}:
        return True
    framework = node.name in FRAMEWORK and any(ast.unparse(b).endswith("Module") for b in owner.bases)
    return framework or "override" in _marks(node) or (node.name, _positional(node, owner)) in verbs


def _marks(node: Function) -> set[str]:
    return {ast.unparse(mark).split(".")[-1] for mark in node.decorator_list}


def _public(tree: ast.Module) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node, None
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for item in node.body:
                dunder = isinstance(item, Function) and item.name.startswith("__")
                if isinstance(item, Function) and (dunder or not item.name.startswith("_")):
                    yield item, node


def _order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2), name


def _exported(module: Module) -> tuple[int, list[str]] | None:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(t) == "__all__" for t in node.targets):
            return node.lineno, list(ast.literal_eval(node.value))
    return None


def public_names(root: Path) -> list[str]:
    """Return the `__all__` lists that are not sorted: constants, then classes, then functions."""
    faults = []
    for module in modules(root):
        if (found := _exported(module)) and found[1] != sorted(set(found[1]), key=_order):
            faults.append(f"{module.at(found[0])}: __all__ is not sorted")
    return faults


def unresolved(names: Iterable[str]) -> list[str]:
    """Return the names that importable modules promise in `__all__` and do not have."""
    faults = []
    for name in names:
        module = importlib.import_module(name)
        faults += [
            f"{name}: __all__ names {public}, which is not there"
            for public in getattr(module, "__all__", ())
            if not hasattr(module, public)
        ]
    return faults


def exporting(root: Path) -> list[str]:
    """Return the modules that have an `__all__`."""
    return [module.dotted for module in modules(root) if _exported(module)]
