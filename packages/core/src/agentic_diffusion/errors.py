"""What can go wrong, said so that the reader knows what to do next."""

from __future__ import annotations


class AgenticDiffusionError(Exception):
    """The base of every error this family of packages raises.

    Each message has three parts: what was given, what was expected, what to do.

    Args:
        given: What arrived, shortened to what helps.
        expected: What would have been accepted.
        action: What the reader can do about it.
    """

    def __init__(self, given: str, expected: str, action: str) -> None:
        self.given = given
        self.expected = expected
        self.action = action
        super().__init__(f"Got {given}. Expected {expected}. {action}")

    def __reduce__(self) -> tuple[type[AgenticDiffusionError], tuple[str, str, str]]:
        """Cross process walls whole."""
        return type(self), (self.given, self.expected, self.action)


class InvalidStateError(AgenticDiffusionError, ValueError):
    """A state, goal or request that no planner can start from: NaN, wrong shape, out of bounds."""


class InvalidConfigError(AgenticDiffusionError, ValueError):
    """An object was constructed with settings that contradict each other or the mathematics."""


class StoreError(AgenticDiffusionError, OSError):
    """A saved model is missing, truncated, altered or not of the kind that was asked for."""


class BudgetError(AgenticDiffusionError, RuntimeError):
    """Not even the smallest unit of work fits the deadline or the memory that was granted."""


class WorkerError(AgenticDiffusionError, RuntimeError):
    """A process that worked for this one died, and so did those that took over; or one that worked with it is gone."""


class ContractError(AgenticDiffusionError, AssertionError):
    """A component breaks a promise of its protocol: `given` was seen, `expected` was promised."""


class MissingExtraError(AgenticDiffusionError, ImportError):
    """A feature needs an optional dependency that is not installed."""
