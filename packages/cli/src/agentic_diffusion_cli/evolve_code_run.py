"""The command `evolve code`: the coder practises in a field that training never saw, behind a gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
from agentic_diffusion_cli.kept import keep, plain
from agentic_diffusion_cli.progress import bars, gently

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_evolve.lineage import Lineage

    from agentic_diffusion_cli.evolve_code import Settings, Workplace

SUMMARY, CODER = "evolution.json", "coder"
DIGITS = "digit_sum,digital_root,largest_digit,reverse_digits"
"""Four primitives of the corpus about the digits of a number."""
FIELD = (
    "Primitives, or tables of them, whose unseen pairs are practised, with commas; or `harbour`: "
    "known programs asked for in words that training never said."
)
NOVEL = (
    "Learn only the embeddings of tokens that at most this share of old rows holds; 0: all weights. "
    "For words 0.005."
)


def code(
    *,
    out: Annotated[Path, typer.Option(help="Folder of memory, lineage, the evolved coder and the figures.")],
    field: Annotated[str, typer.Option(help=FIELD)] = DIGITS,
    weights: Annotated[
        Path | None, typer.Option(help="Folder of `train code`; shipped ones by default.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Generations at most.")] = 4,
    tasks: Annotated[int, typer.Option(min=1, help="Tasks a round.")] = 200,
    verified: Annotated[
        int, typer.Option(min=1, help="Tasks with a verified program after which practice ends.")
    ] = 200,
    samples: Annotated[int, typer.Option(min=0, help="Programs tried where the most likely one fails.")] = 6,
    steps: Annotated[int, typer.Option(min=1, help="Training steps a generation.")] = 150,
    rows: Annotated[int, typer.Option(min=1, help="Programs a step.")] = 16,
    old: Annotated[
        float | None, typer.Option(min=0, max=0.95, help="Share of them that are old rows; 0.5, for words 0.")
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-6, help="Peak rate; 0.001, for words 0.01.")
    ] = None,
    beta: Annotated[
        float | None, typer.Option(min=0, help="How far pairs may move the network; 0.1, for words 0: none.")
    ] = None,
    novel: Annotated[
        float | None,
        typer.Option(min=0, max=1, help=NOVEL),
    ] = None,
    exams: Annotated[int, typer.Option(min=2, help="Questions of the gate, of each kind.")] = 60,
    tests: Annotated[
        int,
        typer.Option(
            min=0, help="Questions that the result is measured with, of each kind; 0 leaves it out."
        ),
    ] = 60,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 0,
    back_to: Annotated[
        int | None, typer.Option(min=0, help="Make this generation active, write its coder, and end.")
    ] = None,
    device: DeviceOption = "auto",
    precision: PrecisionOption = Precision.fp32,
    matmul: MatmulOption = None,
    compile_: CompileOption = False,
    threads: ThreadsOption = None,
    target: Annotated[str, typer.Option("--json", help="File for the figures; - for stdout.")] = "",
) -> None:
    """Practise in a field that training never saw; interrupted, the same command goes on where it stopped."""
    from agentic_diffusion_evolve.lineage import Lineage

    from agentic_diffusion_cli.evolve_code import Settings, usual

    lineage = Lineage(out / "lineage")
    if back_to is not None:
        lineage.rollback(back_to)
        publish(out, weights, lineage)
        report.out().print(f"Generation {back_to} is active; its coder is in {out / CODER}", markup=False)
        return
    words = tuple(field.split(","))
    told = {"old": old, "learning_rate": learning_rate, "beta": beta, "novel": novel}
    how: dict[str, Any] = usual(words) | {name: value for name, value in told.items() if value is not None}
    settings = Settings(
        field=words,
        tasks=tasks,
        verified=verified,
        samples=samples,
        steps=steps,
        rows=rows,
        exams=(exams, exams),
        tests=(tests, tests),
        seed=seed,
        **how,
    )
    compute = compute_of(device, precision, matmul=matmul, compiles=compile_, threads=threads)
    evolved(settings, compute, weights, rounds=rounds, out=out, target=target)


def evolved(
    settings: Settings, compute: Compute, weights: Path | None, *, rounds: int, out: Path, target: str
) -> None:
    """Practise, write the coder and the figures, and show them."""
    from agentic_diffusion_code.embedded import load_coder
    from agentic_diffusion_code.sandbox import ProcessSandbox
    from agentic_diffusion_evolve.lineage import Lineage

    from agentic_diffusion_cli.evolve_code import Workplace

    lineage = Lineage(out / "lineage")
    keep(out, {**plain(settings), "weights": stamp(weights)})
    with ProcessSandbox() as sandbox:
        coder = load_coder(weights, sandbox=sandbox, compute=compute)
        place = Workplace(coder, settings, sandbox, compute)
        practise(place, rounds=rounds, out=out, quiet=target == "-")
        publish(out, weights, lineage)
        figures = {**measured(place, lineage, out=out), "weights": stamp(weights)}
    report.write_json(figures, str(out / SUMMARY))
    if target:
        report.write_json(figures, target)
    show(figures, to_stderr=target == "-")
    if target != "-":
        report.say_next(f"agentic-diffusion code ... --weights {out / CODER}")


def stamp(weights: Path | None) -> str:
    """Return the hash of the weights of a folder, from its card."""
    from agentic_diffusion import store
    from agentic_diffusion_code.embedded import shipped

    return str(store.load(weights or shipped()).card.get("sha256", ""))


def publish(out: Path, weights: Path | None, lineage: Lineage) -> None:
    """Write the active generation as weights that every command takes, with the card of those it began with."""
    from agentic_diffusion import store
    from agentic_diffusion.denoising.nn.block import Shape
    from agentic_diffusion_code.embedded import SHAPE, save_model, shipped
    from agentic_diffusion_code.tokens import Vocabulary

    card: dict[str, Any] = dict(store.load(weights or shipped()).card)
    tree = lineage.tree()
    assert tree is not None
    facts = {
        name: value for name, value in card.items() if name not in ("shape", "tokens", "weights", "sha256")
    }
    evolved = {"begun_with": card.get("sha256"), "generation": tree.active, "command": report.typed()}
    shape = Shape(**{name: int(card["shape"][name]) for name in SHAPE})
    save_model(
        out / CODER,
        lineage.weights().tensors,
        shape=shape,
        vocabulary=Vocabulary.load(),
        facts={**facts, "evolved": evolved},
    )


def practise(place: Workplace, *, rounds: int, out: Path, quiet: bool) -> None:
    """Practise with a bar, and stop between two tasks where a person asks for it.

    Raises:
        KeyboardInterrupt: A person asked to stop; what was practised and decided is kept.
    """
    from agentic_diffusion_cli.evolve_code import evolution

    with bars(keep=not quiet) as shown, gently() as asked:
        task = shown.add_task("Practising", total=None, note="")
        done = 0

        def tick(what: str) -> None:
            nonlocal done
            done += 1
            shown.update(task, completed=done, note=what)
            if asked.is_set():
                raise KeyboardInterrupt("What was practised is kept; the same command goes on.")

        for generation, _ in evolution(place, rounds=rounds, folder=out, tick=tick):
            fate = "promoted" if generation.promoted else "rejected"
            shown.console.print(
                f"Generation {generation.round}: {fate}, gain {generation.verdict.score:+.3f}"
            )


def measured(place: Workplace, lineage: Lineage, *, out: Path) -> dict[str, Any]:
    """Return the figures of a run: its generations, and the ways to use its practice side by side."""
    from agentic_diffusion_code.exercise import proofs_in

    from agentic_diffusion_cli.evolve_code import by_round
    from agentic_diffusion_cli.evolve_code_ways import Compared, compare

    tree = lineage.tree()
    assert tree is not None
    papers = place.settings.ground().questions()
    memory = place.memory(out)
    try:
        told = by_round(memory, rounds=len(tree.generations) - 1)
        rows: list[dict[str, Any]] = []
        glossary = place.glossary(out)
        looked_up = None if glossary is None else glossary.fixed()
        if place.settings.tests[0]:
            with bars() as shown:
                task = shown.add_task("Measuring", total=None, note="")
                rows = compare(
                    Compared(place, lineage, memory, looked_up),
                    papers.tests,
                    papers.known_tests,
                    folder=out,
                    plain=place.settings.ground().plain_tests(),
                    tick=lambda way: shown.update(task, advance=1, note=way),
                )
        return {
            "bench": "evolve code",
            "command": report.typed(),
            "version": version("agentic-diffusion-code"),
            "machine": machine.facts(place.compute.where),
            "active": tree.active,
            "verified": len(proofs_in(memory)),
            "practice": [practised(outcomes) for outcomes in told],
            "generations": [each.model_dump(mode="json", exclude={"time"}) for each in tree.generations],
            "rows": rows,
        }
    finally:
        memory.close()


def practised(outcomes: Sequence[Any]) -> dict[str, int]:
    """Return what a round of practice tried and verified."""
    from agentic_diffusion_code.exercise import proofs_in

    asked = {outcome.request.model_dump_json() for outcome in outcomes}
    return {"tasks": len(asked), "programs": len(outcomes), "verified": len(proofs_in(outcomes))}


def show(figures: Mapping[str, Any], *, to_stderr: bool) -> None:
    """Print the generations and the ways."""
    from rich.table import Table

    console = report.err() if to_stderr else report.out()
    said = ", ".join(f"{each['verified']} of {each['tasks']}" for each in figures["practice"])
    console.print(
        f"Tasks verified, round by round: {said}; generation {figures['active']} is active", markup=False
    )
    if not figures["rows"]:
        return
    table = Table(title="Questions that were never practised, % solved", title_justify="left")
    table.add_column("way")
    for name in ("field, one program", "field, verified", "gain", "known, one program", "change"):
        table.add_column(name, justify="right")
    for row in figures["rows"]:
        cells = [
            _percent(row["field_single"]),
            _percent(row["field_verified"]),
            _points(row["field_verified_gain"]),
        ]
        cells += [_percent(row["known_single"]), _points(row["known_single_gain"])]
        table.add_row(row["name"], *cells, style="bold" if row["name"] == "ours" else "")
    console.print(table)


def _percent(value: Mapping[str, Any]) -> str:
    low, high = value["ci95"]
    return f"{100 * value['mean']:.0f} ({100 * low:.0f} to {100 * high:.0f})"


def _points(value: Mapping[str, Any]) -> str:
    low, high = value["ci95"]
    return f"{100 * value['mean']:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"
