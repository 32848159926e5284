"""What a reader must find by name: every error on its page, every public name in the reference."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path

from gates.docs import blocks, pages
from gates.tree import modules

BASE = "AgenticDiffusionError"


def errors(root: Path) -> dict[str, str]:
    """Return each error of the family that any package defines, with its place."""
    bases: dict[str, list[str]] = {}
    places: dict[str, str] = {}
    for module in modules(root):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                bases[node.name] = [ast.unparse(base).split(".")[-1] for base in node.bases]
                places[node.name] = module.at(node.lineno)

    def belongs(name: str) -> bool:
        return name == BASE or any(belongs(base) for base in bases.get(name, []) if base != name)

    return {name: place for name, place in places.items() if belongs(name)}


def unexplained(root: Path) -> list[str]:
    """Return the errors without a heading, a meaning, a cause and a cure on the page of errors."""
    text = (root / "docs/errors.md").read_text(encoding="utf-8")
    sections = {part.split("\n", 1)[0].strip(): part for part in text.split("\n## ")[1:]}
    faults = []
    for name, place in sorted(errors(root).items()):
        missing = [word for word in ("Means", "Cause", "Cure") if f"**{word}**" not in sections.get(name, "")]
        if missing:
            faults.append(f"{place}: docs/errors.md does not tell of {name}: {', '.join(missing)}")
    return faults


def unreferenced(root: Path) -> list[str]:
    """Return the public names (of any `__all__`) that no page of the reference renders.

    A constant without a docstring is not rendered, unless a page names it alone.
    """
    shown = _directives(root)
    silent = {f"{module.dotted}.{name}" for module in modules(root) for name in _silent(module.tree)}
    faults = []
    for module in modules(root):
        names = _promised(module.tree)
        if not names or any(part.startswith("_") for part in module.dotted.split(".")):
            continue
        homes = _homes(module.tree, module.dotted)
        for name in names:
            home = homes.get(name, module.dotted)
            if not any(_covers(page, deep, home) or page == module.dotted for page, deep in shown.items()):
                faults.append(f"{module.at(1)}: no page of docs/api renders {name}")
            elif f"{home}.{name}" in silent and f"{home}.{name}" not in shown:
                faults.append(f"{module.at(1)}: {name} has no docstring, so that docs/api does not show it")
    return faults


def unlisted(root: Path) -> list[str]:
    """Return the names that pages and examples import from our libraries and that no page of the reference renders.

    A package without any reference, such as the command line, is no library.
    """
    shown = _directives(root)
    libraries = {page.split(".")[0] for page in shown}
    trees = {module.dotted: module.tree for module in modules(root)}
    texts = [(page, block.line, block.text) for page in pages(root) for block in blocks(page, "python")]
    texts += [
        (path, 0, path.read_text(encoding="utf-8")) for path in sorted((root / "examples").rglob("*.py"))
    ]
    faults = []
    for path, line, text in texts:
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.ImportFrom) or node.module not in trees:
                continue
            if node.module.split(".")[0] not in libraries:
                continue
            for name in (alias.name for alias in node.names if f"{node.module}.{alias.name}" not in trees):
                rooms = _rooms(trees, node.module, name)
                if not any(_covers(page, deep, room) for page, deep in shown.items() for room in rooms):
                    place = f"{path.relative_to(root)}:{line + node.lineno}"
                    faults.append(f"{place}: no page of docs/api renders {node.module}.{name}")
    return faults


def _rooms(trees: Mapping[str, ast.Module], module: str, name: str) -> list[str]:
    """Return the modules that hand a name on, from the one that is asked to the one that defines it."""
    rooms = [module]
    while rooms[-1] in trees and (home := _homes(trees[rooms[-1]], rooms[-1]).get(name)):
        rooms.append(home)
    return rooms


def _silent(tree: ast.Module) -> list[str]:
    """Return the names that a module assigns without a docstring below."""
    names = []
    for node, below in zip(tree.body, [*tree.body[1:], None], strict=True):
        told = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names += [target.id for target in targets if isinstance(target, ast.Name) and not told]
    return names


def _covers(page: str, deep: bool, home: str) -> bool:
    return home == page or (deep and home.startswith(page + "."))


def _directives(root: Path) -> dict[str, bool]:
    """Return the modules that the reference renders, and whether with those below them."""
    shown: dict[str, bool] = {}
    for path in sorted((root / "docs/api").glob("*.md")):
        for block in re.split(r"^::: ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            name = block.split("\n", 1)[0].strip()
            shown[name] = "show_submodules: false" not in block
    return shown


def _promised(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(ast.unparse(t) == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return []


def _homes(tree: ast.Module, dotted: str) -> dict[str, str]:
    """Return where the names of a face come from."""
    homes = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            below = dotted.split(".")[: len(dotted.split(".")) + 1 - node.level] if node.level else []
            origin = ".".join([*below, *([node.module] if node.module else [])])
            homes |= {alias.asname or alias.name: origin for alias in node.names}
    return homes
