"""The toolbox as a Gymnasium environment: one call a step."""

from __future__ import annotations

from typing import Any, final

import gymnasium
import numpy as np
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from gymnasium import spaces
from numpy.typing import NDArray

from agentic_diffusion_worlds.toolbox.behaviour import Behaviour
from agentic_diffusion_worlds.toolbox.catalog import CATALOG, FACTS
from agentic_diffusion_worlds.toolbox.simulate import LIMIT, Case
from agentic_diffusion_worlds.toolbox.tasks import Split, Task, tasks

STEPS = 60
"""Calls of either kind after which an episode is truncated."""

RESULTS = ("none", "ok", "failed", "refused")

Observation = dict[str, Any]


@final
class ToolboxEnv(gymnasium.Env[Observation, np.int64]):
    """Find out what is wrong, put it right, or hand it over.

    An action is the number of a tool in `catalog.CATALOG`. An observation holds, for every fact of `catalog.FACTS`,
    what was last read of it (`known`) and what is wanted (`wanted`), each as the number of the value counted from 1,
    0 for nothing; the number of the last tool and how its call went; and the share of acting calls that are left.
    What is known may have changed since it was read. The reward is minus the cost of the call, and 1 more when the
    case ends well. `info` holds `success`, `milliseconds` (simulated) and `cost`.

    Args:
        behaviour: How far tools can be trusted.
        split: Which tasks are drawn.
        limit: Acting calls that a case allows.
        drift_at: The episode, counted from 0, from which on rivals have changed places; never when left out.
        render_mode: None or `"ansi"`.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}  # noqa: RUF012

    def __init__(
        self,
        behaviour: Behaviour | None = None,
        *,
        split: Split = "train",
        limit: int = LIMIT,
        drift_at: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "ansi") or limit < 1:
            raise InvalidConfigError(
                f"render_mode={render_mode!r}, limit={limit}",
                "None or 'ansi', and a limit of 1 or more",
                "Choose one.",
            )
        self.behaviour = behaviour or Behaviour()
        self.render_mode = render_mode
        self._split, self._limit, self._drift_at = split, limit, drift_at
        self._episode = -1
        self._case: Case | None = None
        sizes = np.array([len(values) + 1 for values in FACTS.values()])
        self.action_space: spaces.Space[np.int64] = spaces.Discrete(len(CATALOG))
        self.observation_space: spaces.Space[Observation] = spaces.Dict(
            {
                "known": spaces.MultiDiscrete(sizes),
                "wanted": spaces.MultiDiscrete(sizes),
                "last": spaces.MultiDiscrete([len(CATALOG) + 1, len(RESULTS)]),
                "left": spaces.Box(0.0, 1.0, (1,), np.float32),
            }
        )

    @property
    def case(self) -> Case:
        """The case under way."""
        if self._case is None:
            raise InvalidStateError("no case", "an environment that was reset", "Call reset() first.")
        return self._case

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start a case.

        Args:
            seed: Restarts the random stream.
            options: `task`, a `Task`, instead of a drawn one.

        Raises:
            InvalidStateError: An option is unknown.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        task = given.pop("task", None)
        if given or not isinstance(task, Task | None):
            raise InvalidStateError(f"reset options {options!r}", "'task', a Task", "Drop the others.")
        if task is None:
            (task,) = tasks(1, seed=int(self.np_random.integers(2**31)), split=self._split)
        self._episode += 1
        drifted = self._drift_at is not None and self._episode >= self._drift_at
        behaviour = self.behaviour.swap() if drifted else self.behaviour
        self._case = Case(task, behaviour, seed=int(self.np_random.integers(2**31)), limit=self._limit)
        self._known = np.zeros(len(FACTS), dtype=np.int64)
        self._wanted = np.zeros(len(FACTS), dtype=np.int64)
        for word in task.goal:
            self._note(self._wanted, *word.split("="))
        self._last = np.zeros(2, dtype=np.int64)
        self._steps = 0
        return self._observe(), self._info()

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Make one call; terminated when the case is over."""
        call = self.case.call(CATALOG[int(action)].name)
        for name, value in call.told.items():
            self._note(self._known, name, value)
        self._last = np.array([int(action) + 1, RESULTS.index(call.result)], dtype=np.int64)
        self._steps += 1
        over = self.case.over
        reward = float(over and self.case.solved) - call.cost
        return self._observe(), reward, over, self._steps >= STEPS and not over, self._info()

    def render(self) -> str | None:
        """Return the calls so far, one a line; None without a render mode."""
        if self.render_mode is None:
            return None
        lines = [f"{call.name}: {call.result}" for call in self.case.log]
        return "\n".join([f"wanted: {', '.join(self.case.task.goal)}", *lines])

    def _observe(self) -> Observation:
        left = np.array([1 - self.case.calls / self._limit], dtype=np.float32)
        return {
            "known": self._known.copy(),
            "wanted": self._wanted.copy(),
            "last": self._last.copy(),
            "left": left,
        }

    def _info(self) -> dict[str, Any]:
        case = self.case
        success = case.over and case.solved
        return {"success": success, "milliseconds": case.milliseconds, "cost": case.cost}

    def _note(self, facts: NDArray[np.int64], name: str, value: str) -> None:
        facts[list(FACTS).index(name)] = FACTS[name].index(value) + 1
