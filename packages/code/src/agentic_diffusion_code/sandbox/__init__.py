"""A fence around generated programs: many walls, an honest report of them, plain data out."""

from .base import (
    LAYERS,
    Execution,
    Failure,
    IsolationReport,
    LayerReport,
    Limits,
    Sandbox,
    SandboxError,
)
from .process import ProcessSandbox

__all__ = [
    "LAYERS",
    "Execution",
    "Failure",
    "IsolationReport",
    "LayerReport",
    "Limits",
    "ProcessSandbox",
    "Sandbox",
    "SandboxError",
]
