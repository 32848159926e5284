"""Weights and a card on disk, whole or in shards: atomic, hashed, and with the last good version kept."""

from agentic_diffusion.store.bundle import Bundle, load, save
from agentic_diffusion.store.disk import CARD, PREVIOUS, write_atomically
from agentic_diffusion.store.sharded import opened, save_shards
from agentic_diffusion.store.stored import Stored

__all__ = [
    "CARD",
    "PREVIOUS",
    "Bundle",
    "Stored",
    "load",
    "opened",
    "save",
    "save_shards",
    "write_atomically",
]
