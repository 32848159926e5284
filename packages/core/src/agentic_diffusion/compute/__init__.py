"""Where and how to compute: device, precision, compilation and memory are chosen here and followed everywhere else."""

from agentic_diffusion.compute.device import CompileMode, Compute, Matmul, Precision
from agentic_diffusion.compute.memory import MemoryWatch, Peak, bounded, bytes_needed, is_out_of_memory
from agentic_diffusion.compute.quantise import int8

__all__ = [
    "CompileMode",
    "Compute",
    "Matmul",
    "MemoryWatch",
    "Peak",
    "Precision",
    "bounded",
    "bytes_needed",
    "int8",
    "is_out_of_memory",
]
