"""Where and how to compute: device, precision, compilation and memory are chosen here and followed everywhere else."""

from agentic_diffusion.compute.device import Compute, Precision
from agentic_diffusion.compute.memory import bytes_needed, is_out_of_memory

__all__ = ["Compute", "Precision", "bytes_needed", "is_out_of_memory"]
