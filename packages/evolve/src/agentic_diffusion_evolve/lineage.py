"""The lineage: every generation of a planner on disk, which one is active, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeAlias, final

from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.records import Record, Verdict
from agentic_diffusion.store import Bundle, load, save, write_atomically
from pydantic import Field, JsonValue, ValidationError
from torch import Tensor

Fate: TypeAlias = Literal["founded", "promoted", "rejected"]
"""How a generation began, or ended before it began."""


class Ancestor(Record):
    """One generation.

    Args:
        number: Its number, from 0.
        parent: The generation it was tuned from; None for the first.
        fate: Whether it founded the line, was promoted or was rejected.
        verdict: What the gate said.
        folder: Where its weights are; None where they were not kept.
        time: When it was decided, in seconds since 1970 (UTC).
    """

    number: int = Field(ge=0)
    parent: int | None
    fate: Fate
    verdict: Verdict | None
    folder: str | None
    time: float


class Tree(Record):
    """Everything the lineage file says.

    Args:
        active: The number of the generation that plans.
        generations: All of them, in order.
    """

    active: int
    generations: tuple[Ancestor, ...] = Field(min_length=1)


@final
class Lineage:
    """Generations in a folder: `lineage.json`, and the weights of each in a folder of its own.

    Weights are written before the file that names them, and that file is replaced in one move: whenever the process
    dies, the old state is there or the new one. One writer at a time.

    Args:
        folder: Made with the first generation.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)

    @property
    def path(self) -> Path:
        """The file that says which generation is active."""
        return self.folder / "lineage.json"

    def tree(self) -> Tree | None:
        """Return what is on disk, or None before the first generation.

        Raises:
            StoreError: The file is damaged.
        """
        try:
            tree = Tree.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise StoreError(
                f"{self.path.name}: {str(error).splitlines()[0]}",
                "the lineage that this package wrote",
                "Restore a copy; the weights of the generations lie beside it.",
            ) from error
        if tree.active not in {a.number for a in tree.generations if a.folder is not None}:
            raise StoreError(
                f"{self.path.name}: generation {tree.active} is active and has no weights",
                "an active generation that was kept",
                "Restore a copy of the file.",
            )
        return tree

    def found(self, tensors: Mapping[str, Tensor], card: Mapping[str, JsonValue]) -> Ancestor:
        """Keep the first generation and make it active.

        Raises:
            InvalidConfigError: There is one already.
        """
        if self.tree() is not None:
            raise InvalidConfigError(
                "a lineage that was founded before", "an empty folder", "Promote instead."
            )
        return self._add(tensors, card, fate="founded", verdict=None)

    def promote(
        self, tensors: Mapping[str, Tensor], card: Mapping[str, JsonValue], *, verdict: Verdict
    ) -> Ancestor:
        """Keep a generation that has passed the gate and make it active.

        Raises:
            InvalidConfigError: The verdict does not say that it passed.
        """
        if not verdict.passed:
            raise InvalidConfigError("a verdict that did not pass", "one that passed", "Reject it instead.")
        self._known()
        return self._add(tensors, card, fate="promoted", verdict=verdict)

    def reject(self, *, verdict: Verdict) -> Ancestor:
        """Note a generation that did not pass; its weights are thrown away."""
        self._known()
        return self._add(None, {}, fate="rejected", verdict=verdict)

    def rollback(self, number: int | None = None) -> Ancestor:
        """Make an earlier generation active: the one with this number, or the parent of the active one.

        Raises:
            InvalidConfigError: There is no such generation, or its weights were not kept.
            StoreError: Its weights are damaged; the active generation stays active.
        """
        tree = self._known()
        kept = {a.number: a for a in tree.generations if a.folder is not None}
        to = kept[tree.active].parent if number is None else number
        if to is None or to not in kept:
            raise InvalidConfigError(
                f"rollback to {to}", f"one of {sorted(kept)}", "Name a generation that was kept."
            )
        self.weights(to)
        self._write(Tree(active=to, generations=tree.generations))
        return kept[to]

    def weights(self, number: int | None = None) -> Bundle:
        """Read the weights of a generation, of the active one when left out.

        Raises:
            StoreError: They are missing or damaged.
        """
        tree = self._known()
        wanted = tree.active if number is None else number
        for ancestor in tree.generations:
            if ancestor.number == wanted and ancestor.folder is not None:
                return load(self.folder / ancestor.folder)
        raise StoreError(f"generation {wanted}", "one whose weights were kept", "See `tree()`.")

    def _known(self) -> Tree:
        tree = self.tree()
        if tree is None:
            raise InvalidConfigError("an empty lineage", "a first generation", "Call `found` first.")
        return tree

    def _add(
        self,
        tensors: Mapping[str, Tensor] | None,
        card: Mapping[str, JsonValue],
        *,
        fate: Fate,
        verdict: Verdict | None,
    ) -> Ancestor:
        tree = self.tree()
        before = tree.generations if tree is not None else ()
        number = before[-1].number + 1 if before else 0
        folder = f"generation-{number:04d}" if tensors is not None else None
        if tensors is not None and folder is not None:
            save(self.folder / folder, tensors, {**card, "generation": number})
        parent = tree.active if tree is not None else None
        born = Ancestor(
            number=number, parent=parent, fate=fate, verdict=verdict, folder=folder, time=time.time()
        )
        active = number if folder is not None or tree is None else tree.active
        self._write(Tree(active=active, generations=(*before, born)))
        return born

    def _write(self, tree: Tree) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(tree.model_dump(mode="json"), indent=2) + "\n"
        write_atomically(self.path, text.encode())
