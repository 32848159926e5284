"""How far each tool can be trusted, which depends on the case and may change one day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_worlds.toolbox.catalog import BY_NAME, FACTS, RIVALS, Facts


@final
@dataclass(frozen=True)
class Behaviour:
    """The chance that a call works when nothing speaks against it.

    Of two rivals one is good where the deciding fact has its first value and bad where it has its second; the other
    one the other way round. Which is which is drawn from the seed.

    Args:
        seed: Draws which rival is good where.
        good: The chance of the rival that suits the case.
        bad: The chance of the other one.
        plain: The chance of tools without a rival.
        swapped: Whether all rivals have changed places.
    """

    seed: int = 0
    good: float = 0.97
    bad: float = 0.2
    plain: float = 0.98
    swapped: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.bad <= self.good <= 1 or not 0 <= self.plain <= 1:
            raise InvalidConfigError(
                repr(self), "0 <= bad <= good <= 1 and plain in [0, 1]", "They are chances of success."
            )

    def reliability(self, name: str, state: Facts) -> float:
        """Return the chance that a call of this tool works in this state."""
        if not BY_NAME[name].acts:
            return 1.0
        place = next((i for i, (_, *pair) in enumerate(RIVALS) if name in pair), None)
        if place is None:
            return self.plain
        fact, one, _ = RIVALS[place]
        drawn = bool(np.random.default_rng([self.seed, 11]).random(len(RIVALS))[place] < 0.5)
        first = state[fact] == FACTS[fact][0]
        return self.good if (first ^ drawn ^ self.swapped) == (name == one) else self.bad

    def swap(self) -> Behaviour:
        """Return the behaviour after the drift: what was good is bad, and the other way round."""
        return replace(self, swapped=not self.swapped)
