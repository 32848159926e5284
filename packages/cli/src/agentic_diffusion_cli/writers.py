"""Which model writes functions: the weights of this project, a diffusion model of others, or a server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, final

import typer
from agentic_diffusion.errors import InvalidConfigError

if TYPE_CHECKING:
    from agentic_diffusion.compute import Compute
    from agentic_diffusion_code.backends.hub import Source
    from agentic_diffusion_code.coder import Coder
    from agentic_diffusion_code.model.decoding import Decoding
    from agentic_diffusion_code.sandbox.base import Sandbox

KEY = "AGENTIC_DIFFUSION_SERVER_KEY"
"""The variable that holds the key of a server; a key in a command would be kept by the shell."""

PANEL = "Models of others"

ModelOption: TypeAlias = Annotated[
    str,
    typer.Option(
        rich_help_panel=PANEL, help="A diffusion model of transformers: a folder, or owner/name on the hub."
    ),
]
RevisionOption: TypeAlias = Annotated[
    str, typer.Option(rich_help_panel=PANEL, help="Its commit on the hub, all 40 digits.")
]
FamilyOption: TypeAlias = Annotated[
    str,
    typer.Option(
        rich_help_panel=PANEL,
        help="masked, llada, dream, blocks, cached or canvas; by default what its configuration says.",
    ),
]
DtypeOption: TypeAlias = Annotated[
    str, typer.Option(rich_help_panel=PANEL, help="auto, float32, bfloat16 or float16.")
]
BitsOption: TypeAlias = Annotated[
    int, typer.Option(rich_help_panel=PANEL, help="4 or 8 to load it quantised; 0 as it is.")
]
RemoteOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--remote-code",
        rich_help_panel=PANEL,
        help="Let code that lies beside its weights run, with your rights.",
    ),
]
ServerOption: TypeAlias = Annotated[
    str,
    typer.Option(
        rich_help_panel=PANEL,
        help=f"Address up to /v1 of a server of the OpenAI protocol; its key is read from {KEY}.",
    ),
]
ServedOption: TypeAlias = Annotated[
    str,
    typer.Option("--server-model", rich_help_panel=PANEL, help="The name that the server gives its model."),
]
DecodeOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        help="How programs are denoised, such as revise=0.3, end_penalty=1 or reward=6; may be given again. What the "
        "weights name by default."
    ),
]


@final
@dataclass(frozen=True)
class Other:
    """What a command was told about a model of others; nothing of it means the project's own weights.

    Args:
        model: A folder or a name on the hub.
        revision: Its commit.
        family: How it is asked; empty for what its configuration says.
        dtype: What its weights are loaded as.
        bits: 4, 8, or 0.
        remote_code: Whether code beside the weights may run.
        server: The address of a server.
        served: The name of its model.
    """

    model: str = ""
    revision: str = ""
    family: str = ""
    dtype: str = "auto"
    bits: int = 0
    remote_code: bool = False
    server: str = ""
    served: str = ""

    def __bool__(self) -> bool:
        """Whether anything was said of one."""
        return self != Other()

    def check(self, weights: Path | None) -> None:
        """Refuse what contradicts itself.

        Raises:
            InvalidConfigError: More than one model was named, or a server without its model.
        """
        named = [name for name, value in (("--model", self.model), ("--server", self.server)) if value]
        named += ["--weights"] if weights is not None else []
        if len(named) > 1:
            raise InvalidConfigError(" and ".join(named), "one of them", "Name one model.")
        if bool(self.server) != bool(self.served):
            raise InvalidConfigError(
                f"--server {self.server!r} --server-model {self.served!r}", "both or neither", "Give both."
            )
        if not self.model and self != Other(server=self.server, served=self.served):
            raise InvalidConfigError(
                "--revision, --family, --dtype, --bits or --remote-code without --model",
                "a model",
                "Name it with --model.",
            )


def coder_of(
    other: Other,
    weights: Path | None,
    *,
    sandbox: Sandbox,
    count: int,
    rounds: int,
    compute: Compute,
    decoding: Decoding | None = None,
) -> Coder:
    """Return a coder around a model of others.

    Args:
        other: The model.
        weights: What was said of the project's own.
        sandbox: Where tests run.
        count: Candidates after the first.
        rounds: Repairs at most.
        compute: The device; a model of others has the arithmetic that its `dtype` says.
        decoding: How programs are denoised; what suits the model by default.

    Raises:
        InvalidConfigError: The precision is not fp32, or the model is to be compiled.
    """
    from agentic_diffusion_code.coder import Coder

    other.check(weights)
    if compute.precision != "fp32" or compute.compile:
        raise InvalidConfigError(
            f"--precision {compute.precision}{' --compile' if compute.compile else ''} for a model of others",
            "neither: they are for the project's own weights",
            "Use --dtype for the arithmetic of a model; a server decides itself.",
        )
    return Coder(_writer(other, sandbox, compute, decoding), sandbox, count=count, rounds=rounds)


def decoding(other: Other, weights: Path | None, told: list[str] | None) -> Decoding | None:
    """Return how programs are denoised: as weights or family name it, changed as was told; None for a server.

    Raises:
        InvalidConfigError: There is no such setting, or the model is behind a server, which decides itself.
    """
    from agentic_diffusion import store
    from agentic_diffusion_code.backends.open import FAMILIES, resolved
    from agentic_diffusion_code.embedded import decided, decoding_of, shipped

    other.check(weights)
    if other.server and told:
        raise InvalidConfigError(
            f"--decode {told[0]} with --server",
            "a model of this machine",
            "The server decides how it writes.",
        )
    if other.server:
        return None
    if other.model:
        usual = FAMILIES[resolved(_source(other), other.family or None)].decoding
    else:
        usual = decoding_of(store.load(weights or shipped()).card)
    if any("=" not in each for each in told or ()):
        raise InvalidConfigError(f"--decode {told}", "NAME=NUMBER", "Write such as --decode revise=0.3.")
    return decided(dict(each.split("=", 1) for each in told or ()), usual)


def _writer(other: Other, sandbox: Sandbox, compute: Compute, decoding: Decoding | None) -> Any:
    if other.server:
        from agentic_diffusion_code.backends.server import ServerWriter

        return ServerWriter(other.server, other.served, key=os.environ.get(KEY, ""))
    from agentic_diffusion_code.backends.open import open_writer

    return open_writer(
        _source(other), family=other.family or None, sandbox=sandbox, decoding=decoding, compute=compute
    )


def _source(other: Other) -> Source:
    from agentic_diffusion_code.backends.hub import Source

    bits: Any = other.bits or None
    return Source(
        other.model, other.revision or None, remote_code=other.remote_code, dtype=other.dtype, bits=bits
    )
