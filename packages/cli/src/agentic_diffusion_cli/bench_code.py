"""The command `bench code`: measures the coder on held-out compositions, or on a file in HumanEval's format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_cli import machine, report, writers
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

BUILT_IN = "builtin"
SHARES = ("passed", "abstained", "right_if_returned", "parses_if_returned", "ruff_clean_if_returned")

TasksOption: TypeAlias = Annotated[
    str, typer.Option(help="A file of JSON lines in HumanEval's format, or `builtin`.")
]
SeedsOption: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Seeds, counted from 0; each asks every question anew.")
]
FirstOption: TypeAlias = Annotated[int, typer.Option(min=0, help="The first seed; not counted from 0.")]
QuestionsOption: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Questions; 0 takes all of a file, 100 built-in ones.")
]
LanguagesOption: TypeAlias = Annotated[
    str, typer.Option(help="Languages of the built-in questions, with commas.")
]
RowOption: TypeAlias = Annotated[
    list[str] | None, typer.Option(help="Only this row, such as `ours`; may be given again.")
]
WeightsOption: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
]
BoundOption: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=0, help="Joint uncertainty accepted in one move, in nats; what the weights name by default."
    ),
]
BlockOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Tokens denoised together; what the weights name by default.")
]


def code(
    *,
    tasks: TasksOption = BUILT_IN,
    seeds: SeedsOption = 1,
    from_seed: FirstOption = 0,
    questions: QuestionsOption = 0,
    split: Annotated[str, typer.Option(help="valid, composition, paraphrase or language.")] = "composition",
    languages: LanguagesOption = "python",
    n: Annotated[int, typer.Option("--n", min=1, help="Candidates after the first.")] = 8,
    repairs: Annotated[int, typer.Option(min=0, help="Rounds of repair, each of as many candidates.")] = 3,
    row: RowOption = None,
    weights: WeightsOption = None,
    bound: BoundOption = None,
    block: BlockOption = None,
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
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Measure the coder: one sample, chosen by examples, more samples, and with rounds of repair."""
    from functools import partial

    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.evaluate import measure
    from agentic_diffusion_code.sandbox import ProcessSandbox

    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    other = Other(model, revision, family, dtype, bits, remote_code, server, served)
    rows: list[dict[str, Any]] = []
    with ProcessSandbox() as sandbox, bars() as shown:
        load: Any = partial(writers.coder_of, other) if other else load_coder
        sizes = {"block": block, "bound": bound}
        told = [f"{name}={value}" for name, value in sizes.items() if value is not None] + (decode or [])
        how = writers.decoding(other, weights, told)
        coder = load(weights, sandbox=sandbox, count=n, rounds=repairs, decoding=how, compute=compute)
        task = shown.add_task("Coder", total=None, note="")

        def tell(name: str, done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, note=name)

        for seed in range(from_seed, from_seed + seeds):
            asked = _questions(tasks, split=split, languages=languages, count=questions, seed=seed)
            rows += measure(coder, asked, sandbox=sandbox, seed=1000 * seed, only=row or (), tell=tell)
    settings: dict[str, Any] = {"block": how.block, "bound": how.bound} if how is not None else {}
    settings |= {"decode": decode} if decode else {}
    settings |= {"model": model or served} if other else {}
    if target:
        figures = {
            "bench": "code",
            "command": report.typed(),
            "version": version("agentic-diffusion-code"),
            "machine": machine.facts(compute.where),
            "rows": [{**row, "tasks": Path(tasks).name, "split": split, **settings} for row in rows],
        }
        report.write_json(figures, target)
    show(rows, title=f"The coder on {Path(tasks).name}", to_stderr=target == "-")


def _questions(tasks: str, *, split: str, languages: str, count: int, seed: int) -> Any:
    from agentic_diffusion_code.corpus.split import SPLITS
    from agentic_diffusion_code.questions import built_in, read

    if tasks != BUILT_IN:
        found = read(Path(tasks))
        return found[:count] if count else found
    held = [name for name in SPLITS if name != "train"]
    if split not in held:
        raise InvalidConfigError(f"split {split!r}", ", ".join(held), "Training questions prove nothing.")
    chosen: Any = split
    return built_in(
        seed=10_000 + seed, count=count or 100, split=chosen, languages=tuple(languages.split(","))
    )


def show(rows: Sequence[Mapping[str, Any]], *, title: str, to_stderr: bool = False) -> None:
    """Print one line for each way to answer."""
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    table.add_column("way")
    for name in (*SHARES, "tokens a call", "p50 s", "ECE", "AUROC"):
        table.add_column(name.replace("_", " "), justify="right")
    for row in rows:
        cells = [f"{100 * row[name]['mean']:.0f} %" if name in row else "–" for name in SHARES]
        cells += [report.mean(row["tokens_per_forward"]), f"{row['seconds_p50']:.2f}", f"{row['ece']:.3f}"]
        cells.append(f"{row['auroc']:.3f}" if "auroc" in row else "–")
        table.add_row(str(row["name"]), *cells, style="bold" if row["name"] == "ours" else "")
    to = report.err() if to_stderr else report.out()
    to.print(table)
    for row in rows:
        for name, gain in row.get("gain_on", {}).items():
            low, high = (100 * end for end in gain["ci95"])
            to.print(f"{row['name']} on {name}: {100 * gain['mean']:+.0f} points ({low:.0f} to {high:.0f})")
