"""What every sandbox speaks: limits in, executions out, and an honest report of the walls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

from agentic_diffusion.errors import AgenticDiffusionError
from pydantic import BaseModel, ConfigDict, Field, field_serializer, field_validator
from pydantic_core.core_schema import ValidationInfo

from .inside import wire

MIB = 1 << 20
MAX_SOURCE_BYTES = 256 * 1024

Status = Literal[
    "ok",
    "error",
    "timeout",
    "memory",
    "output",
    "disk",
    "killed",
    "refused",
    "compile_error",
]

LAYERS = (
    "rlimits",
    "no_new_privs",
    "capabilities",
    "namespaces",
    "private_root",
    "landlock",
    "seccomp",
    "cgroup",
)
"""Every layer by name, cheapest first."""

Tier = Literal["namespaces", "kernel", "rlimits"]
"""How strong the walls are together; `rlimits` is not enough for code nobody has read."""

_FULL = frozenset({"rlimits", "no_new_privs", "capabilities", "namespaces", "private_root"})
_KERNEL = frozenset({"rlimits", "no_new_privs", "capabilities", "landlock", "seccomp"})


class SandboxError(AgenticDiffusionError, RuntimeError):
    """The sandbox itself could not do its work; never raised because of what a program did."""


class Limits(BaseModel):
    """What one program may use.

    Args:
        wall_seconds: Real time for a program, or for each call of a function.
        cpu_seconds: Processor time, likewise.
        memory_bytes: Memory, the interpreter included.
        processes: Threads, and processes where the language needs several.
        disk_bytes: What it may write to its private scratch directory.
        output_bytes: What it may print and return.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    wall_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 5.0
    cpu_seconds: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 5.0
    memory_bytes: Annotated[int, Field(ge=MIB, le=1 << 40)] = 256 * MIB
    processes: Annotated[int, Field(ge=1, le=4096)] = 16
    disk_bytes: Annotated[int, Field(ge=4096, le=1 << 40)] = 64 * MIB
    output_bytes: Annotated[int, Field(ge=1, le=64 * MIB)] = MIB


DEFAULT_LIMITS = Limits()


class Failure(BaseModel):
    """What a program raised: the type's name, the message, and where in its own source."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    message: str = ""
    line: int | None = None


class Execution(BaseModel):
    """What became of one program, or of one call.

    Args:
        status: `ok` only when the program ended by itself with exit code 0, or the call returned
            plain data.
        exit_code: What the process ended with; negative for a signal; None for a call.
        value: What the call returned, rebuilt outside from plain data.
        failure: What it raised.
        truncated: Whether output was cut off.
        isolation: Every layer that was active around this program on this machine.
        artefacts: The files that were asked for, as base64 text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Status
    exit_code: int | None = None
    stdout: str = ""
    stderr: str = ""
    value: Any = None
    failure: Failure | None = None
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    truncated: bool = False
    isolation: tuple[str, ...] = ()
    artefacts: dict[str, str] = Field(default_factory=dict)

    @field_serializer("value", when_used="json")
    def _value_as_json(self, value: Any) -> Any:
        return wire.tag(value)

    @field_validator("value", mode="before")
    @classmethod
    def _value_from_json(cls, value: Any, info: ValidationInfo) -> Any:
        return wire.untag(value) if info.mode == "json" else value


class LayerReport(BaseModel):
    """One layer: whether it was wanted, whether it holds, and how we know or why it does not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    requested: bool
    active: bool
    evidence: str


class IsolationReport(BaseModel):
    """What a probe found inside the fence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    platform: str
    layers: tuple[LayerReport, ...]

    @property
    def active(self) -> tuple[str, ...]:
        """The names of the layers that hold."""
        return tuple(layer.name for layer in self.layers if layer.active)


def tier_of(active: Sequence[str]) -> Tier:
    """Name the strength of a set of layers."""
    held = frozenset(active)
    if _FULL | {"seccomp"} <= held or _FULL | {"landlock"} <= held:
        return "namespaces"
    return "kernel" if held >= _KERNEL else "rlimits"


@runtime_checkable
class Sandbox(Protocol):
    """Anything that runs programs nobody has read."""

    def run(
        self, source: str, *, language: str = "python", stdin: str = "", limits: Limits = ...
    ) -> Execution:
        """Run a whole program; never raises because of it."""
        ...

    def call(
        self,
        source: str,
        entry: str,
        arguments: Sequence[Sequence[Any]],
        *,
        language: str = "python",
        limits: Limits = ...,
    ) -> list[Execution]:
        """Call one function of a program once for each list of arguments."""
        ...


@runtime_checkable
class Checks(Protocol):
    """A sandbox that can also run a test written as code, apart from the program."""

    def check(
        self, source: str, entry: str, test: str, *, language: str = ..., limits: Limits = ...
    ) -> Execution:
        """Run `check(candidate)`."""
        ...


def refused(reason: str, *, isolation: tuple[str, ...] = ()) -> Execution:
    """Say that nothing was run, and why."""
    return Execution(status="refused", stderr=reason, isolation=isolation)
