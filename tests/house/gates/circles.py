"""Import circles between modules, counting imports that are made for typing only."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from gates.tree import Module, modules


def imported(module: Module, known: set[str]) -> set[str]:
    """Return the modules of the workspace that a module names in its imports, wherever they stand."""
    package = module.dotted if module.is_face else module.dotted.rpartition(".")[0]
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.add(inner if inner in known else base)
    return (found & known) - {module.dotted}


def circles(root: Path) -> list[str]:
    """Return the first import circle, or nothing."""
    everything = list(modules(root))
    known = {module.dotted for module in everything}
    graph = {module.dotted: imported(module, known) for module in everything}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [f"import circle: {' <- '.join(error.args[1])}"]
    return []
