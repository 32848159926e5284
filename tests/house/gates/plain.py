"""Plain habits: no printing, no pickles, no device names, no promises, no addresses of one machine."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from gates.tree import Module, modules

IMPORTS = {
    "tqdm": "loops yield; the caller draws the bar",
    "pickle": "on disk we write safetensors and JSON",
    "cloudpickle": "on disk we write safetensors and JSON",
    "dill": "on disk we write safetensors and JSON",
    "joblib": "on disk we write safetensors and JSON",
    "shelve": "on disk we write safetensors and JSON",
    "marshal": "on disk we write safetensors and JSON",
}
CALLS = {
    "print": "yield, return or log",
    "torch.save": "use agentic_diffusion.store",
    "torch.load": "use agentic_diffusion.store",
}
PROMISES = re.compile(r"\bNotImplementedError\b|\bTODO\b|\bFIXME\b|\bplaceholder", re.IGNORECASE)
DEVICE = re.compile(r"cuda(:\d+)?")
COMPUTE = "agentic_diffusion.compute"

HOME = re.compile(r"(?<![\w.~/:-])/(?:(?:home|Users)/[a-z][\w.-]*/|(?:work|farm|root/\.)[\w./-]*\w)")
RESERVED = r"(?![\w.-]+\.(?:invalid|example)\b)"  # names that no index can have (RFC 2606)
INDEX = re.compile(
    rf"https?://{RESERVED}[^\s\"'`<>]*/simple\b|files\.pythonhosted\.org|index-url\s*[=:]"
    rf"|registry\s*=\s*\"https?://{RESERVED}"
)
BINARY = {".npz", ".safetensors", ".gif", ".png", ".svg", ".ico"}


def plain(root: Path) -> list[str]:
    """Return what a source file may not say."""
    faults = []
    for module in modules(root):
        faults += [f"{module.at(line)}: {what}" for line, what in _module(module)]
    return faults


def _module(module: Module) -> Iterator[tuple[int, str]]:
    inside_compute = module.dotted.startswith(COMPUTE)
    for number, text in enumerate(module.path.read_text(encoding="utf-8").splitlines(), 1):
        if match := PROMISES.search(text):
            yield number, f"{match.group()}: finish it or leave it out"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names]
            for name in names:
                if why := IMPORTS.get(name.partition(".")[0]):
                    yield node.lineno, f"import of {name}: {why}"
        elif isinstance(node, ast.Call) and (why := CALLS.get(ast.unparse(node.func))):
            yield node.lineno, f"{ast.unparse(node.func)}: {why}"
        elif (
            isinstance(node, ast.AsyncFunctionDef)
            and module.path.relative_to(module.root).parts[0] == "packages"
        ):
            yield node.lineno, f"async def {node.name}: async lives in the integrations"
        elif not inside_compute and _names_a_device(node):
            yield getattr(node, "lineno", 1), "a device is named: devices are chosen in compute"


def _names_a_device(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str) and DEVICE.fullmatch(node.value) is not None
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "torch.cuda"


def tracked(root: Path) -> list[Path]:
    """Return the files under version control, or all files where there is none."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            check=True,
        )
        names = listed.stdout.decode().split("\0")
        return [root / name for name in names if name and (root / name).is_file()]
    return [path for path in sorted(root.rglob("*")) if path.is_file()]


def machine_paths(root: Path) -> list[str]:
    """Return the lines of text files that name a folder of one machine or the address of a package index."""
    faults = []
    for path in tracked(root):
        # the working copy of the lock is rewritten by uv; the committed one is checked by .ci/lock.py
        if path.suffix in BINARY or path == root / "uv.lock":
            continue
        for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            for pattern, what in (
                (HOME, "a folder of one machine"),
                (INDEX, "the address of a package index"),
            ):
                if match := pattern.search(text):
                    faults.append(f"{path.relative_to(root)}:{number}: {what}: {match.group()}")
    return faults
