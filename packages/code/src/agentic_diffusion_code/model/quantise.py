"""Weights in eight bits, as the core packs them: a whole number each, and one scale for each row."""

from agentic_diffusion.compute.quantise import SCALE, quantise, restore

__all__ = ["SCALE", "quantise", "restore"]
