"""Places to plan in: simulators, data generators, oracles, scores and trained planners.

Importing this registers ``agentic_diffusion/Maze-{UMaze,Medium,Large}-v1`` and
``agentic_diffusion/Toolbox-v1`` with Gymnasium.
"""

from __future__ import annotations

import gymnasium

from agentic_diffusion_worlds.maze.map import LARGE, MEDIUM, UMAZE

gymnasium.register(
    id="agentic_diffusion/Toolbox-v1", entry_point="agentic_diffusion_worlds.toolbox.env:ToolboxEnv"
)

for _title, _maze in (("UMaze", UMAZE), ("Medium", MEDIUM), ("Large", LARGE)):
    gymnasium.register(
        id=f"agentic_diffusion/Maze-{_title}-v1",
        entry_point="agentic_diffusion_worlds.maze.env:MazeEnv",
        max_episode_steps=_maze.limit,
        kwargs={"maze": _maze},
    )
