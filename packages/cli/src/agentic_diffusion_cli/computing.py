"""Where and how a command computes: the same options, with the same words, for every command that asks a network."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute

PANEL = "Where and how to compute"


class Precision(StrEnum):
    """Arithmetic of the matrix products."""

    fp32 = "fp32"
    bf16 = "bf16"
    fp16 = "fp16"


class Matmul(StrEnum):
    """How exact fp32 products are on a GPU."""

    highest = "highest"
    high = "high"
    medium = "medium"


DeviceOption: TypeAlias = Annotated[
    str,
    typer.Option(
        rich_help_panel=PANEL, help="auto, cpu, cuda or cuda:N; auto takes a GPU where there is one."
    ),
]
PrecisionOption: TypeAlias = Annotated[
    Precision, typer.Option(rich_help_panel=PANEL, help="Of matrix products; fp16 needs a GPU.")
]
MatmulOption: TypeAlias = Annotated[
    Matmul | None, typer.Option(rich_help_panel=PANEL, help="How exact fp32 products are on a GPU.")
]
CompileOption: TypeAlias = Annotated[
    bool,
    typer.Option("--compile", rich_help_panel=PANEL, help="Use torch.compile; the first use takes long."),
]
ThreadsOption: TypeAlias = Annotated[
    int | None, typer.Option(min=1, rich_help_panel=PANEL, help="CPU threads.")
]
RecomputeOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--recompute",
        rich_help_panel=PANEL,
        help="Keep less of each block and compute it again: less memory.",
    ),
]


def compute_of(
    device: str,
    precision: Precision = Precision.fp32,
    *,
    matmul: Matmul | None = None,
    compiles: bool = False,
    threads: int | None = None,
    recompute: bool = False,
) -> Compute:
    """Return what a command was told about where and how to compute.

    Raises:
        InvalidConfigError: There is no such device here, or it has no such precision.
    """
    from agentic_diffusion.compute import Compute

    return Compute(
        device=device,
        precision=precision.value,
        compile=compiles,
        threads=threads,
        matmul=matmul.value if matmul is not None else None,
        recompute=recompute,
    )
