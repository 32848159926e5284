"""The command `doctor`: what this installation can do, and what in it is broken."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Annotated, Literal, TypeAlias, final

import typer

from agentic_diffusion_cli import machine, report

Status: TypeAlias = Literal["ok", "missing", "degraded", "broken"]
COLOURS: dict[Status, str] = {"ok": "green", "missing": "dim", "degraded": "yellow", "broken": "bold red"}
OLDEST = (3, 11)

MEMBERS = (
    "agentic-diffusion",
    "agentic-diffusion-cli",
    "agentic-diffusion-code",
    "agentic-diffusion-evolve",
    "agentic-diffusion-mcp",
    "agentic-diffusion-worlds",
    "langchain-agentic-diffusion",
    "langgraph-agentic-diffusion",
)
EXTRAS = {
    "pictures: agentic-diffusion-worlds[plot]": ("matplotlib", "PIL"),
    "compare physics: gymnasium-robotics": ("gymnasium_robotics",),
    "durable graphs: langgraph-checkpoint-sqlite": ("langgraph.checkpoint.sqlite",),
}


@final
@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        area: What it belongs to.
        name: What it is.
        value: What was found.
        status: `missing` is a thing one can do without; only `broken` makes the command fail.
        advice: What to do about it.
    """

    area: str
    name: str
    value: str
    status: Status = "ok"
    advice: str = ""


def system() -> Iterator[Finding]:
    """Look at Python and the machine."""
    old = sys.version_info[:2] < OLDEST
    need = f"Python {'.'.join(map(str, OLDEST))} or newer is needed." if old else ""
    yield Finding("system", "Python", platform.python_version(), "broken" if old else "ok", need)
    yield Finding("system", "platform", f"{platform.system()} {platform.machine()}")
    yield Finding("system", "processor", f"{machine.cpu()}, {os.cpu_count()} cores")
    yield Finding("system", "memory", f"{machine.memory() / machine.GIB:.1f} GiB")


def torch() -> Iterator[Finding]:
    """Look at torch and its devices."""
    try:
        from agentic_diffusion.compute import Compute
        from torch import get_num_threads, zeros

        where = Compute().where
        float((zeros(2, device=where) + 1).sum())
    except Exception as error:  # noqa: BLE001 - whatever a broken torch raises is the finding
        advice = "Install torch again; device='cpu' helps where a GPU driver is broken."
        yield Finding("torch", "torch", f"{type(error).__name__}: {error}", "broken", advice)
        return
    yield Finding("torch", "torch", machine.installed("torch"))
    yield Finding("torch", "device", f"{where} ({machine.device_name(where)})")
    yield Finding("torch", "threads", str(get_num_threads()))


def members() -> Iterator[Finding]:
    """Look at the packages of the family: all there, all of one version."""
    ours = machine.installed("agentic-diffusion")
    for name in MEMBERS:
        found = machine.installed(name)
        if not found:
            yield Finding("packages", name, "not installed", "broken", f"pip install {name}=={ours}")
        elif found != ours:
            advice = f"All packages need one version: pip install {name}=={ours}"
            yield Finding("packages", name, found, "broken", advice)
        else:
            yield Finding("packages", name, found)


def extras() -> Iterator[Finding]:
    """Look at what one can do without."""
    for name, modules in EXTRAS.items():
        lacking = [module for module in modules if not _importable(module)]
        if lacking:
            yield Finding("extras", name, f"no {', '.join(lacking)}", "missing")
        else:
            yield Finding("extras", name, "installed")


def _importable(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def weights() -> Iterator[Finding]:
    """Read every shipped planner and check its hash."""
    from agentic_diffusion.errors import StoreError
    from agentic_diffusion_worlds.maze import planner
    from agentic_diffusion_worlds.maze.map import MAZES

    again = "Install agentic-diffusion-worlds again."
    for maze in MAZES:
        folder = planner.WEIGHTS / maze.name
        if not folder.is_dir():
            yield Finding("weights", maze.name, "not there", "broken", again)
            continue
        try:
            _, network, bundle = planner.load_network(folder)
        except StoreError as error:
            yield Finding("weights", maze.name, error.given, "broken", again)
            continue
        size = sum(p.numel() for p in network.parameters())
        said = f"{size:,} parameters, sha256 {str(bundle.card['sha256'])[:12]}"
        if bundle.degraded:
            yield Finding("weights", maze.name, f"last good version: {bundle.degraded}", "degraded", again)
        else:
            yield Finding("weights", maze.name, said)


def coder() -> Iterator[Finding]:
    """Read the weights of the embedded coder and check their hash, and that they fit the vocabulary."""
    from agentic_diffusion import store
    from agentic_diffusion.errors import StoreError
    from agentic_diffusion_code.embedded import load_model, shipped
    from agentic_diffusion_code.tokens import Vocabulary

    try:
        network, card = load_model(shipped(), vocabulary=Vocabulary.load())
        degraded = store.load(shipped()).degraded
    except StoreError as error:
        yield Finding("weights", "coder", error.given, "broken", "Install agentic-diffusion-code again.")
        return
    size = sum(p.numel() for p in network.parameters())
    said = f"{size:,} parameters, sha256 {str(card['sha256'])[:12]}"
    if degraded:
        again = "Install agentic-diffusion-code again."
        yield Finding("weights", "coder", f"last good version: {degraded}", "degraded", again)
    else:
        yield Finding("weights", "coder", said)


def walls() -> Iterator[Finding]:
    """Ask, from inside the fence, which of its layers stand on this machine."""
    from agentic_diffusion.errors import AgenticDiffusionError
    from agentic_diffusion_code.sandbox import ProcessSandbox

    try:
        with ProcessSandbox(parked=0) as fence:
            report_ = fence.report()
    except (AgenticDiffusionError, OSError) as error:
        yield Finding("sandbox", "tier", str(error), "missing", "Generated programs cannot be run here.")
        return
    yield Finding("sandbox", "tier", report_.tier)
    for layer in report_.layers:
        yield Finding("sandbox", layer.name, layer.evidence, "ok" if layer.active else "missing")


AREAS: list[Callable[[], Iterator[Finding]]] = [system, torch, members, extras, weights, coder, walls]
"""What is looked at, in order; append what further packages want to have looked at."""


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what this installation can do; the exit code is 1 where something that is needed is broken."""
    findings = [finding for area in AREAS for finding in area()]
    healthy = all(finding.status != "broken" for finding in findings)
    if as_json:
        report.write_json({"healthy": healthy, "findings": [asdict(finding) for finding in findings]}, "-")
    else:
        _show(findings, healthy=healthy)
    raise typer.Exit(0 if healthy else 1)


def _show(findings: list[Finding], *, healthy: bool) -> None:
    from rich.table import Table
    from rich.text import Text

    console = report.out()
    table = Table(box=None, show_header=False, padding=(0, 2))
    area = ""
    for finding in findings:
        if area and finding.area != area:
            table.add_row()
        said = Text(finding.value)
        if finding.advice:
            said.append(f"\n{finding.advice}", "bold")
        first = Text(finding.area if finding.area != area else "", "bold")
        table.add_row(first, Text(finding.name), Text(finding.status, COLOURS[finding.status]), said)
        area = finding.area
    console.print(table)
    word = (
        Text("All is well.", "green") if healthy else Text("Something that is needed is broken.", "bold red")
    )
    console.print(word)
