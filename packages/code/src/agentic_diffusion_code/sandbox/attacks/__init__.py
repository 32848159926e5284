"""The attacks that a sandbox must hold against, by family; each says itself when it got through."""

from .cheating import CHEATING
from .containment import FILES, NETWORK, PROCESSES, SECRETS
from .exhaustion import CPU, MEMORY, OUTPUT
from .interpreter import INTERPRETER, KERNEL, PERSISTENCE, SIGNALS
from .languages import COMPILED, JAVASCRIPT
from .model import Attack

ATTACKS: tuple[Attack, ...] = (
    *FILES,
    *NETWORK,
    *PROCESSES,
    *SECRETS,
    *CPU,
    *MEMORY,
    *OUTPUT,
    *SIGNALS,
    *KERNEL,
    *PERSISTENCE,
    *INTERPRETER,
    *CHEATING,
    *JAVASCRIPT,
    *COMPILED,
)
"""Every attack, each of which a fence must stop."""

__all__ = ["ATTACKS", "Attack"]
