"""The command `agentic-diffusion` and what all of its commands share: version, logging, errors, interruption."""

from __future__ import annotations

import logging
import os
from importlib.metadata import version
from typing import Annotated, Any, final

import typer
from agentic_diffusion.errors import AgenticDiffusionError
from typer.core import TyperGroup

from agentic_diffusion_cli import bench, code, demo, doctor, evolve, export, report, sandbox, serve, train

DEBUG = "AGENTIC_DIFFUSION_DEBUG"
FAULT, INTERRUPTED = 2, 130


@final
class Family(TyperGroup):
    """Commands whose expected errors are one clear message, and which Ctrl-C ends without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except AgenticDiffusionError as error:
            if os.environ.get(DEBUG):
                raise
            report.show_error(error)
            raise typer.Exit(FAULT) from error
        except KeyboardInterrupt as stop:
            report.show_interrupt(str(stop))
            raise typer.Exit(INTERRUPTED) from stop


FAMILY = (
    "agentic_diffusion",
    "agentic_diffusion_code",
    "agentic_diffusion_evolve",
    "agentic_diffusion_mcp",
    "agentic_diffusion_worlds",
    "langchain_agentic_diffusion",
    "langgraph_agentic_diffusion",
)
"""The names that the packages log under."""

app = typer.Typer(
    name="agentic-diffusion",
    cls=Family,
    help="Plan by denoising: see it, train it, measure it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        report.out().print(f"agentic-diffusion {version('agentic-diffusion-cli')}", highlight=False)
        raise typer.Exit


@app.callback()
def family(
    *,
    asked: Annotated[
        bool,
        typer.Option("--version", help="Print the version and leave.", callback=_say_version, is_eager=True),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log to stderr.")] = False,
) -> None:
    """Plan by denoising: see it, train it, measure it."""
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
        for name in FAMILY:
            logging.getLogger(name).setLevel(logging.INFO)


app.command("code")(code.code)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("export")(export.export)
app.command("serve")(serve.serve)
app.add_typer(train.app, name="train")
app.add_typer(evolve.app, name="evolve")
app.add_typer(bench.app, name="bench")
app.add_typer(sandbox.app, name="sandbox")
