"""A study of evolution: several ways from the same planner, the same errands and starts, kept on disk part by part."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, final

from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.select import first
from agentic_diffusion_worlds.maze.errands import homeward
from agentic_diffusion_worlds.maze.map import Maze
from agentic_diffusion_worlds.maze.planner import WEIGHTS, MazePlanner, assemble, load_network
from agentic_diffusion_worlds.maze.score import normalised, oracle_row, starts, summary

from agentic_diffusion_cli import report
from agentic_diffusion_cli.evolve_maze import Settings, Way, Workplace, at_own_pace, evolution
from agentic_diffusion_cli.evolve_ways import Old, adapt_way, ours_way, poisoned_way

ORACLE, DIFFUSER, FROZEN, ADAPT, OURS = "oracle", "diffuser", "frozen", "adaptdiffuser", "ours"
POISONED, UNGATED = "ours, poisoned", "no gate, poisoned"
STILL = (ORACLE, DIFFUSER, FROZEN)
WAYS = (ADAPT, OURS, POISONED, UNGATED)


@final
@dataclass(frozen=True)
class Study:
    """Everything a study comes from.

    Args:
        maze: Where.
        settings: What each way may spend.
        rounds: Generations.
        seeds: Each seed gives errands, noise and test starts of its own.
        episodes: Test starts for each seed.
        poison: The share of rewards that a source lies about.
        folder: Where finished parts lie.
        threads: CPU threads.
    """

    maze: Maze
    settings: Settings
    rounds: int
    seeds: Sequence[int]
    episodes: int
    poison: float
    folder: Path
    threads: int | None = None

    def parts(self) -> int:
        """Return how many parts there are."""
        return len(self.seeds) * (len(STILL) + len(WAYS) * (self.rounds + 1))

    def run(self) -> Iterator[str]:
        """Do all parts, yielding after each; those that lie in the folder are taken as they are.

        Raises:
            InvalidConfigError: The folder holds a study with other settings.
        """
        self._claim()
        for seed in self.seeds:
            for name in STILL:
                if self._read(name, seed) is None:
                    self._write(name, seed, {"scores": [self._still(name, seed)], "seconds": 0.0})
                yield f"{name}, seed {seed}"
            for name in WAYS:
                yield from self._way(name, seed)

    def _claim(self) -> None:
        """Note the settings, or refuse a folder of others."""
        wanted = json.loads(json.dumps({**asdict(self.settings), "poison": self.poison}))
        path = self.folder / "settings.json"
        if not path.is_file():
            report.write_json(wanted, str(path))
        elif json.loads(path.read_text(encoding="utf-8")) != wanted:
            raise InvalidConfigError(
                f"other settings than those of the study in {self.folder.name}",
                "the same settings",
                "Choose another folder with --work, or remove this one.",
            )

    @cached_property
    def planner(self) -> MazePlanner:
        """The planner that ships, driven at its own pace."""
        design, network, _ = load_network(WEIGHTS / self.maze.name)
        compute = Compute(device="cpu", threads=self.threads)
        made = assemble(self.maze, design, denoiser=network, compute=compute)
        return at_own_pace(made, self.maze, candidates=self.settings.candidates)

    def place(self, seed: int) -> Workplace:
        """Return the workplace of a seed."""
        design, _, _ = load_network(WEIGHTS / self.maze.name)
        return Workplace(self.maze, design, replace(self.settings, seed=seed))

    def drive(self, planner: MazePlanner, seed: int) -> list[list[float]]:
        """Return raw score and whether it settled, from each test start of a seed; plans are paired by their noise."""
        exam = self.place(seed).exam()
        told = []
        for index, request in enumerate(homeward(self.maze, seed=seed, count=self.episodes)):
            (outcome,) = exam(planner.plan(request, seed=index))
            raw = normalised(outcome.reward * self.maze.limit, self.maze)
            told.append([raw, float(bool(outcome.evidence["settled"]))])
        return told

    def _still(self, name: str, seed: int) -> list[list[float]]:
        if name == ORACLE:
            first_states = starts(self.maze, seed=seed, count=self.episodes)
            episodes = oracle_row(self.maze, first_states, seed=seed)
            return [[normalised(e.raw, self.maze), float(e.reached)] for e in episodes]
        planner = self.planner if name == FROZEN else replace(self.planner, count=1, select=first)
        return self.drive(planner, seed)

    def _way(self, name: str, seed: int) -> Iterator[str]:
        """Evolve one way, scoring each generation; a generation that was not promoted scores as its parent."""
        held = self._read(name, seed)
        if held is not None and len(held["scores"]) > self.rounds:
            for number in range(self.rounds + 1):
                yield f"{name}, seed {seed}, generation {number}"
            return
        place, frozen = self.place(seed), self._read(FROZEN, seed)
        assert frozen is not None
        scores, fates, began = [frozen["scores"][0]], [], time.process_time()
        yield f"{name}, seed {seed}, generation 0"
        way = self._ways(name, place, place.old())
        for generation, planner in evolution(place, self.planner, rounds=self.rounds, way=way):
            spent = time.process_time() - began
            scores.append(self.drive(planner, seed) if generation.promoted else scores[-1])
            began = time.process_time() - spent  # the test is not part of the cost
            fates.append(generation.model_dump(mode="json"))
            yield f"{name}, seed {seed}, generation {generation.round}"
        self._write(name, seed, {"scores": scores, "fates": fates, "seconds": time.process_time() - began})

    def _ways(self, name: str, place: Workplace, old: Old) -> Way:
        if name == ADAPT:
            return adapt_way(place)
        if name == OURS:
            return ours_way(place, old)
        return poisoned_way(place, old, share=self.poison, gated=name == POISONED)

    def _path(self, name: str, seed: int) -> Path:
        return self.folder / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}-{self.episodes}.json"

    def _read(self, name: str, seed: int) -> dict[str, Any] | None:
        path = self._path(name, seed)
        if not path.is_file():
            return None
        held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return held

    def _write(self, name: str, seed: int, part: Mapping[str, Any]) -> None:
        report.write_json(part, str(self._path(name, seed)))

    def rows(self) -> list[dict[str, Any]]:
        """Return the figures of all rows, once `run` is through; the gain is paired by start."""
        return [self._row(name) for name in (*STILL, *WAYS)]

    def _row(self, name: str) -> dict[str, Any]:
        parts = [self._read(name, seed) or {"scores": []} for seed in self.seeds]
        frozen = [self._read(FROZEN, seed) or {"scores": []} for seed in self.seeds]
        last = min(self.rounds, len(parts[0]["scores"]) - 1)
        raw = [[row[0] for part in parts for row in part["scores"][k]] for k in range(last + 1)]
        base = [row[0] for part in frozen for row in part["scores"][0]]
        settled = [row[1] for part in parts for row in part["scores"][last]]
        row: dict[str, Any] = {
            "name": name,
            "size": self.maze.name,
            "raw": summary(raw[-1]).to_json(),
            "gain": summary([a - b for a, b in zip(raw[-1], base, strict=True)]).to_json(),
            "settled": summary(settled).to_json(),
        }
        if name in WAYS:
            fates = [part["fates"][: self.rounds] for part in parts]
            row["generations"] = [summary(level).to_json() for level in raw]
            row["promoted"] = [[bool(fate["promoted"]) for fate in line] for line in fates]
            row["lowest_step"] = self._lowest(parts)
            row["cpu_seconds"] = round(sum(part["seconds"] for part in parts) / len(parts), 1)
        return row

    def _lowest(self, parts: Sequence[Mapping[str, Any]]) -> float:
        """Return the worst change of the mean score from one generation to the next, of any seed."""
        means = [[summary([r[0] for r in scores]).mean for scores in part["scores"]] for part in parts]
        return min(b - a for line in means for a, b in pairwise(line))
