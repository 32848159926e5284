"""The gates of the house: each is a function from a root folder to the faults found under it."""

from gates.cards import stale
from gates.circles import circles
from gates.docs import blocks, broken_links, commands, misquoted, run_blocks, unknown_commands
from gates.faces import openings, public_names, signatures, unresolved
from gates.layers import contracts, members
from gates.mirror import unmirrored
from gates.named import unexplained, unlisted, unreferenced
from gates.plain import machine_paths, plain
from gates.sizes import sizes

__all__ = [
    "blocks",
    "broken_links",
    "circles",
    "commands",
    "contracts",
    "machine_paths",
    "members",
    "misquoted",
    "openings",
    "plain",
    "public_names",
    "run_blocks",
    "signatures",
    "sizes",
    "stale",
    "unexplained",
    "unknown_commands",
    "unlisted",
    "unmirrored",
    "unreferenced",
    "unresolved",
]
