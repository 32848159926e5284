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

FATES = "fates.jsonl"
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
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
) -> None:
    """Fit the chance that an untested program is right; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion import store
    from agentic_diffusion_code.confidence import Confidence
    from agentic_diffusion_code.embedded import load_coder, shipped
    from agentic_diffusion_code.fates import TEST, fates, fitted_to
    from agentic_diffusion_code.sandbox import ProcessSandbox

    seeds = seed or list(SEEDS)
    if TEST in seeds:
        raise typer.BadParameter(
            f"{TEST} is the seed of the benchmark: an estimate fitted to it proves nothing."
        )
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    found: tuple[Any, ...] = ()
    with ProcessSandbox() as sandbox, bars() as shown:
        coder = load_coder(weights, sandbox=sandbox, compute=compute)
        task = shown.add_task("Compositions", total=questions * len(seeds), note="")
        for found in fates(coder, seeds, count=questions, sandbox=sandbox, kept=out / FATES):
            shown.update(task, completed=len(found), note=f"{sum(each.passed for each in found)} right")
    bundle = store.load(weights or shipped())
    fitted = fitted_to(Confidence.model_validate(bundle.card["confidence"]), found)
    parsed = [each for each in found if each.features]
    told = f"fitted to {len(parsed)} single samples that parse, of {len(found)} held-out compositions"
    card = {
        **bundle.card,
        "confidence": fitted.model_dump(mode="json"),
        "untested": told,
        "untested_by": report.typed(),
    }
    report.out().print(f"{told}, saved in {store.save(out, bundle.tensors, card).parent}")
