"""The command `bench infill`: measures the coder on right programs with holes, with and without examples."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import machine, report
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.progress import bars


def infill(
    *,
    questions: Annotated[int, typer.Option(min=1, help="Programs of each kind of hole.")] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Where programs are drawn.")] = 0,
    split: Annotated[str, typer.Option(help="valid, composition or paraphrase.")] = "valid",
    n: Annotated[int, typer.Option("--n", min=1, help="Fillings that examples choose among.")] = 8,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure infilling: a line, an expression, two expressions; the likeliest filling, and one chosen by examples."""
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.gaps import measure
    from agentic_diffusion_code.sandbox import ProcessSandbox

    if split not in ("valid", "composition", "paraphrase"):
        raise typer.BadParameter(f"--split {split}: valid, composition or paraphrase.")
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    chosen: Any = split
    with ProcessSandbox() as sandbox, bars() as shown:
        coder = load_coder(weights, sandbox=sandbox, count=n, compute=compute)
        task = shown.add_task("Infilling", total=None, note="")

        def tell(name: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, note=name)

        drawn = measure(coder, seed=70_000 + seed, count=questions, sandbox=sandbox, split=chosen, tell=tell)
        rows = [{**row, "split": split, "seed": seed} for row in drawn]
    if target:
        figures = {
            "bench": "infill",
            "command": report.typed(),
            "version": version("agentic-diffusion-code"),
            "machine": machine.facts(compute.where),
            "rows": rows,
        }
        report.write_json(figures, target)
    show(rows, to_stderr=target == "-")


def show(rows: list[dict[str, Any]], *, to_stderr: bool = False) -> None:
    """Print one table, and what ours gains."""
    from rich.table import Table

    table = Table(title="Infilling", title_justify="left")
    for name in ("hole", "way", "passed", "chosen by examples", "right if chosen", "calls"):
        table.add_column(name)
    for row in rows:
        shares = [_share(row[name]) for name in ("passed", "chosen", "right_if_chosen")]
        table.add_row(row["hole"], row["name"], *shares, report.mean(row["forwards"]))
    to = report.err() if to_stderr else report.out()
    to.print(table)
    for row in rows:
        for name in ("passed", "chosen"):
            if f"{name}_gain" in row:
                gain = row[f"{name}_gain"]
                low, high = (100 * end for end in gain["ci95"])
                to.print(f"{row['hole']}, {name}: {100 * gain['mean']:+.0f} points ({low:.0f} to {high:.0f})")


def _share(value: dict[str, Any]) -> str:
    low, high = (100 * end for end in value["ci95"])
    return f"{100 * value['mean']:.0f} % ({low:.0f} to {high:.0f})"
