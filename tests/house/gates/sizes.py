"""How long files and functions may be."""

from __future__ import annotations

import ast
from pathlib import Path

from gates.tree import modules, parse, scripts

FILE, FILE_FAILS = 300, 400
FUNCTION, FUNCTION_FAILS = 50, 80
EXAMPLE_FAILS = 100


def sizes(root: Path) -> tuple[list[str], list[str]]:
    """Return what is too long, and what is on its way there."""
    faults: list[str] = []
    warnings: list[str] = []
    for path in [*(module.path for module in modules(root)), *scripts(root)]:
        name = path.relative_to(root)
        lines = path.read_text(encoding="utf-8").count("\n")
        fails = EXAMPLE_FAILS if name.parts[0] == "examples" else FILE_FAILS
        if lines > min(FILE, fails):
            sink = faults if lines > fails else warnings
            sink.append(f"{name}:1: {lines} lines, at most {min(FILE, fails)}")
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION:
                    sink = faults if length > FUNCTION_FAILS else warnings
                    sink.append(f"{name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION}")
    return faults, warnings
