"""The command `code`: a description in, a program with its evidence out, or nothing and the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from agentic_diffusion_cli import report, writers
from agentic_diffusion_cli.computing import (
    CompileOption,
    DeviceOption,
    MatmulOption,
    Precision,
    PrecisionOption,
    ThreadsOption,
    compute_of,
)
from agentic_diffusion_cli.writers import (
    BitsOption,
    DecodeOption,
    DtypeOption,
    FamilyOption,
    ModelOption,
    Other,
    RemoteOption,
    RevisionOption,
    ServedOption,
    ServerOption,
)

ABSTAINED = 1
SHOWN = 200
"""Characters of one value that are printed."""


def code(
    description: Annotated[str, typer.Argument(help="What the function does, in words.")],
    *,
    example: Annotated[list[str] | None, typer.Option(help="Such as 'f(2) == 4'; may be repeated.")] = None,
    language: Annotated[
        str, typer.Option(help="python, javascript, typescript, java, go, rust or c.")
    ] = "python",
    signature: Annotated[str, typer.Option(help="Such as 'def f(x):'.")] = "",
    n: Annotated[int, typer.Option("--n", min=0, help="Candidates after the first.")] = 8,
    repairs: Annotated[int, typer.Option(min=0, help="Repairs at most.")] = 3,
    seconds: Annotated[float, typer.Option(help="Deadline; 0 for none.")] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same program.")] = 0,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
    ] = None,
    proven: Annotated[
        Path | None, typer.Option(help="File that proven programs are kept in, and begun from.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    decode: DecodeOption = None,
    model: ModelOption = "",
    revision: RevisionOption = "",
    family: FamilyOption = "",
    dtype: DtypeOption = "auto",
    bits: BitsOption = 0,
    remote_code: RemoteOption = False,
    server: ServerOption = "",
    served: ServedOption = "",
    target: Annotated[str, typer.Option("--json", help="File for the answer; - for stdout alone.")] = "",
) -> None:
    """Write a function by denoising, run its examples in the fence, mend it, or say why there is none."""
    from dataclasses import replace
    from functools import partial

    from agentic_diffusion.planning.budget import Budget
    from agentic_diffusion_code.domain import asked
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.proven import Proven
    from agentic_diffusion_code.sandbox import ProcessSandbox

    spoken: Any = language
    request = asked(description, example or (), language=spoken, signature=signature)
    budget = Budget(milliseconds=1000 * seconds) if seconds > 0 else None
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    other = Other(model, revision, family, dtype, bits, remote_code, server, served)
    with ProcessSandbox() as sandbox:
        load: Any = partial(writers.coder_of, other) if other else load_coder
        if decode:
            load = partial(load, decoding=writers.decoding(other, weights, decode))
        coder = load(weights, sandbox=sandbox, count=n, rounds=repairs, compute=compute)
        if proven is not None:
            memory = Proven(proven)
            coder = replace(coder, memory=memory, learns=memory)
        plan = follow(coder.drafts(request, seed=seed, budget=budget), live=target != "-")
    answer = answer_of(plan)
    if target:
        report.write_json(answer, target)
    if target != "-":
        show(answer, language=language)
    if plan.abstained:
        raise typer.Exit(ABSTAINED)


def follow(drafts: Any, *, live: bool) -> Any:
    """Show programs on their way out of the noise where someone looks; return the plan."""
    from rich.live import Live
    from rich.text import Text

    console = report.err()
    if not (live and console.is_terminal):
        while True:
            try:
                next(drafts)
            except StopIteration as end:
                return end.value
    with Live(console=console, transient=True, refresh_per_second=12) as screen:
        while True:
            try:
                shown = next(drafts)
            except StopIteration as end:
                return end.value
            source = shown.sources[0] if shown.sources else ""
            line = f"step {shown.event.step} of {shown.event.total}, {shown.event.seconds:.1f} s\n"
            screen.update(Text.assemble((line, "dim"), source))


def answer_of(plan: Any) -> dict[str, Any]:
    """Return the one JSON object of an answer: code or null, status, confidence, evidence."""
    from agentic_diffusion_code.domain import status_of

    return {
        "code": None if plan.abstained else plan.chosen.value.source,
        "language": plan.request.language,
        "status": status_of(plan),
        "confidence": plan.confidence,
        "unfamiliar": plan.unfamiliar,
        "seconds": plan.seconds,
        "seed": plan.seed,
        "ending": plan.ending,
        "evidence": dict(plan.chosen.verdict.evidence),
    }


def show(answer: Mapping[str, Any], *, language: str) -> None:
    """Print the program and what supports it, or the reasons why there is none."""
    from agentic_diffusion_code.opinion import doubted
    from rich.syntax import Syntax
    from rich.text import Text

    console, evidence = report.out(), answer["evidence"]
    if answer["code"] is not None:
        console.print(
            Syntax(answer["code"].rstrip(), language, theme="ansi_dark", background_color="default")
        )
    for line in doubted(answer["code"] or "", evidence.get("lines", ())):
        console.print(Text(f"  {line}", "dim"))
    for doubt in evidence.get("doubts", ()):
        console.print(Text(f"  it may have been read otherwise: {doubt}", "yellow"))
    for reason in evidence.get("reasons", ()):
        console.print(Text(f"  {reason}", "yellow"))
    closest = evidence.get("closest_failure")
    if closest:
        given, got, wanted = (str(closest.get(key))[:SHOWN] for key in ("given", "got", "expected"))
        console.print(Text(f"  the closest one gave {got} for ({given}), but {wanted} is wanted", "yellow"))
    strange = answer["unfamiliar"] is not None and answer["unfamiliar"] >= 1
    said = f"{answer['status']}, confidence {answer['confidence']:.2f}, {answer['seconds']:.2f} s"
    if answer["status"] == "verified":
        said += f", {evidence['tests']} tests passed behind {len(evidence['isolation'])} walls"
    said += f", {evidence['repairs']} repairs, {evidence['forwards']} network calls"
    console.print(Text(said + (", unlike the training data" if strange else ""), "bold"))
