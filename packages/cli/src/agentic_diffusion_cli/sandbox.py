"""The commands of the fence: run one program, and show which walls stand on this machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from agentic_diffusion_code.sandbox import Execution, IsolationReport, Limits, ProcessSandbox
from rich.console import Console
from rich.markup import escape
from rich.table import Table

app = typer.Typer(help="Run a program that nobody has read.", no_args_is_help=True)

_SUFFIXES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
    ".c": "c",
}


@app.callback()
def sandbox() -> None:
    """Run a program that nobody has read."""


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The program.", exists=True, dir_okay=False)],
    *,
    language: Annotated[str | None, typer.Option(help="Its language; else from its name.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole record.")] = False,
    stdin: Annotated[Path | None, typer.Option(help="A file that it may read.")] = None,
    seconds: Annotated[float, typer.Option(help="Real time that it may take.", min=0.1)] = 5.0,
) -> None:
    """Run FILE behind every wall this machine has, and say what became of it."""
    source = file.read_bytes().decode("utf-8", "surrogateescape")
    given = "" if stdin is None else stdin.read_text(encoding="utf-8")
    limits = Limits(wall_seconds=seconds, cpu_seconds=seconds)
    chosen = language or _SUFFIXES.get(file.suffix, "python")
    with ProcessSandbox(parked=0) as fence:
        execution = fence.run(source, language=chosen, stdin=given, limits=limits)
    if as_json:
        typer.echo(execution.model_dump_json(indent=2))
    else:
        _show(execution)
    raise typer.Exit(0 if execution.status == "ok" else 1)


@app.command()
def walls(
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
) -> None:
    """Probe, from inside, which walls stand on this machine."""
    with ProcessSandbox(parked=0) as fence:
        report = fence.report()
    if as_json:
        typer.echo(json.dumps(report.model_dump(mode="json"), indent=2))
    else:
        Console().print(table(report))


def table(report: IsolationReport) -> Table:
    """Lay out a report; `doctor` shows the same."""
    found = Table("layer", "active", "evidence", title=f"{report.tier} · {report.platform}")
    for layer in report.layers:
        found.add_row(layer.name, "yes" if layer.active else "no", escape(layer.evidence))
    return found


def printable(text: str) -> str:
    """Make text safe for a terminal: control characters are shown, not obeyed."""
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def _show(execution: Execution) -> None:
    typer.echo(printable(execution.stdout), nl=False)
    typer.echo(printable(execution.stderr), nl=False, err=True)
    facts = (
        f"{execution.status}, exit code {execution.exit_code}, "
        f"{execution.wall_seconds:.3f} s, {execution.cpu_seconds:.3f} s of processor, "
        f"{execution.peak_memory_bytes / 2**20:.1f} MiB, "
        f"behind {', '.join(execution.isolation) or 'no walls'}"
    )
    Console(stderr=True).print(escape(facts), style="dim")
