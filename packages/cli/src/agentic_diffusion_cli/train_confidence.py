"""The command `train confidence`: fits the chance that an untested program is right, on held-out compositions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import report
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

FATES, HELD = "fates.jsonl", "held.jsonl"
SEEDS = (31_077, 31_078)
"""Where the compositions were drawn that the card that ships was fitted to."""


def confidence(
    *,
    out: Annotated[
        Path, typer.Option(help="Folder to write: weights with the new estimate, and what it was fitted to.")
    ],
    seed: Annotated[
        list[int] | None,
        typer.Option(
            help="Where compositions are drawn; may be given again. By default as for the shipped card."
        ),
    ] = None,
    questions: Annotated[int, typer.Option(min=1, help="Compositions of each seed.")] = 250,
    held_seed: Annotated[
        int, typer.Option(min=0, help="Where those are drawn that it is held to, once.")
    ] = 0,
    held: Annotated[
        int, typer.Option(min=0, help="How many of these, asked first; 0 holds it to nothing.")
    ] = 0,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    target: Annotated[str, typer.Option("--json", help="File for what it is held to; - for stdout.")] = "",
) -> None:
    """Fit the chance that an untested program is right; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion import store
    from agentic_diffusion_code.confidence import Confidence
    from agentic_diffusion_code.embedded import load_coder, shipped
    from agentic_diffusion_code.fates import TEST, fates, fitted_to, held_to
    from agentic_diffusion_code.sandbox import ProcessSandbox

    seeds = seed or list(SEEDS)
    if TEST in seeds or (held and held_seed in seeds):
        raise typer.BadParameter(
            f"--seed {' '.join(map(str, seeds))}: {TEST} is that of the benchmark, and what an estimate is held to "
            "must be new; one that was fitted to it proves nothing."
        )
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    found: dict[str, tuple[Any, ...]] = {FATES: (), HELD: ()}
    with ProcessSandbox() as sandbox, bars() as shown:
        coder = load_coder(weights, sandbox=sandbox, compute=compute)
        for name, drawn, count in ((HELD, [held_seed] * bool(held), held), (FATES, seeds, questions)):
            task = shown.add_task(name, total=count * len(drawn), note="")
            for told in fates(coder, drawn, count=count, sandbox=sandbox, kept=out / name):
                found[name] = told
                shown.update(task, completed=len(told), note=f"{sum(each.passed for each in told)} right")
    bundle = store.load(weights or shipped())
    before = Confidence.model_validate(bundle.card["confidence"])
    fitted = fitted_to(before, found[FATES])
    parsed = sum(bool(each.features) for each in found[FATES])
    said = f"fitted to {parsed} single samples that parse, of {len(found[FATES])} held-out compositions"
    card = {
        **bundle.card,
        "confidence": fitted.model_dump(mode="json"),
        "untested": said,
        "untested_by": report.typed(),
    }
    report.out().print(f"{said}, saved in {store.save(out, bundle.tensors, card).parent}")
    if held:
        estimates = {"as it was": before, "ours": fitted}
        tell(
            [{"name": name, **held_to(each, found[HELD])} for name, each in estimates.items()],
            held_seed,
            target,
        )


def tell(rows: list[dict[str, Any]], seed: int, target: str) -> None:
    """Say how estimates do on what they were not fitted to."""
    for row in rows:
        numbers = (f"{key} {value:.4f}" for key, value in row.items() if isinstance(value, float))
        report.out().print(f"{row['name']}: {', '.join(numbers)}")
    if target:
        rows = [{**row, "seed": seed} for row in rows]
        report.write_json(
            {"bench": "confidence of the coder", "command": report.typed(), "rows": rows}, target
        )
