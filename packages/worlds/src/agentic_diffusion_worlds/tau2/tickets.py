"""Every ticket of the telecom desk, made by the benchmark's own code, and its published splits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, final

from agentic_diffusion_worlds.tau2.adapter import Source


@final
@dataclass(frozen=True)
class Ticket:
    """One task of the benchmark.

    Args:
        id: Its name in the benchmark.
        issues: How many issues are combined in it.
        task: The benchmark's own record: ticket, first state, and what is evaluated.
    """

    id: str
    issues: int
    task: Any


@final
@dataclass(frozen=True)
class Recipe:
    """How a ticket is made, before the work is done."""

    manager: Any
    composed: Any
    persona: str

    @property
    def id(self) -> str:
        """The name that the ticket will have."""
        return f"[{self.manager.name}]{self.composed.name}[PERSONA:{self.persona}]"


@final
class Office:
    """The benchmark's tickets and fresh environments for them.

    Databases are read from disk once and copied in memory afterwards; nothing else about them is changed.

    Args:
        source: The imported domain.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._first = source.environment.get_environment(solo_mode=True)
        self._dbs = (deepcopy(self._first.tools.db), deepcopy(self._first.user_tools.db))
        self._recipes = {recipe.id: recipe for recipe in self._compose()}
        self._made: dict[str, Ticket] = {}
        self._opened: dict[str, Any] = {}

    def ids(self) -> tuple[str, ...]:
        """Return the names of all tickets that its code composes; the split `full` publishes only some of them."""
        return tuple(self._recipes)

    @property
    def splits(self) -> Mapping[str, tuple[str, ...]]:
        """The benchmark's own splits."""
        return self.source.splits

    def ticket(self, name: str) -> Ticket:
        """Return a ticket, made by the benchmark's own code on first use."""
        if name not in self._made:
            recipe = self._recipes[name]
            managing: Any = self.source.managing
            before, managing.get_environment = managing.get_environment, self.environment
            try:
                task = recipe.manager.create_task(recipe.composed, recipe.persona)
            finally:
                managing.get_environment = before
            self._made[name] = Ticket(name, len(recipe.composed.composed_from), task)
        return self._made[name]

    def opened(self, ticket: Ticket) -> Any:
        """Return an environment in solo mode in the first state of a ticket."""
        if ticket.id not in self._opened:
            env = self.environment(solo=True)
            state = ticket.task.initial_state
            env.set_state(state.initialization_data, state.initialization_actions, [])
            self._opened[ticket.id] = env
        env = self._opened[ticket.id]
        return self.restored(env.tools.db, env.user_tools.db)

    def environment(self, *, solo: bool = False) -> Any:
        """Return a fresh environment of the benchmark."""
        return self.restored(*self._dbs, solo=solo)

    def restored(self, db: Any, user_db: Any, *, solo: bool = True) -> Any:
        """Return an environment over copies of two databases."""
        kind: Any = self.source.environment
        made = kind.TelecomEnvironment(
            domain_name=self._first.domain_name,
            policy="",
            tools=kind.TelecomTools(deepcopy(db)),
            user_tools=kind.TelecomUserTools(deepcopy(user_db)),
        )
        made.solo_mode = solo
        return made

    def _compose(self) -> Iterator[Recipe]:
        for manager in self.source.managers:
            composed = self.source.composing.compose_tasks(manager.selection_sets, manager.task_validator)
            for number, each in enumerate(sorted(composed, key=lambda one: len(one.composed_from))):
                yield Recipe(manager, each, self.source.personas[number % len(self.source.personas)])
