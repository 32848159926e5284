"""One test file per source file, with the same name in the same place."""

from __future__ import annotations

import ast
from pathlib import Path

from gates.tree import Module, modules, parse

LAZY = {"__getattr__", "__dir__"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def holds_code(module: Module) -> bool:
    """Whether an `__init__.py` defines more than the lazy import of its names."""
    return any(
        isinstance(node, ast.ClassDef) or (isinstance(node, Function) and node.name not in LAZY)
        for node in module.tree.body
    )


def mirrored(module: Module) -> Path:
    """Return where the tests of a module belong, from the root: `tests/<member>/<path>/test_<name>.py`."""
    inner = module.dotted.split(".")[1:]
    if module.is_face:
        inner = [*inner, "init"]
    return Path("tests", module.member, *inner[:-1], f"test_{inner[-1].strip('_')}.py")


def unmirrored(root: Path) -> list[str]:
    """Return the modules and examples whose test file is missing or tests nothing."""
    due = {
        module.at(1): mirrored(module) for module in modules(root) if not module.is_face or holds_code(module)
    }
    for example in sorted((root / "examples").glob("*.py")):
        due[f"examples/{example.name}:1"] = Path("tests/examples", f"test_{example.name}")
    faults = []
    for place, name in due.items():
        if not (root / name).exists():
            faults.append(f"{place}: no {name}")
        elif not any(_is_test(node) for node in ast.walk(parse(root / name))):
            faults.append(f"{name}:1: has no test")
    return faults


def _is_test(node: ast.AST) -> bool:
    return isinstance(node, Function) and node.name.startswith("test_")
