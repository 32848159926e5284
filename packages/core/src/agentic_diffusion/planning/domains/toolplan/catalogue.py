"""A catalogue: the tools a planner knows, as tokens, with what may follow what and who gives what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from torch import Tensor

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan.schemas import Shape, defs_of, shape
from agentic_diffusion.records import ToolSpec

TOOL_LIMIT = 10_000


@final
@dataclass(frozen=True)
class Catalogue:
    """Tools as tokens: token i is tool i, then comes the stop token, then the mask token.

    Args:
        tools: The tools, each with a name of its own.
        links: Pairs (earlier, later) of names that may stand next to each other in a plan; None where any may.
    """

    tools: tuple[ToolSpec, ...]
    links: frozenset[tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        strangers: list[object] = [tool for tool in self.tools if not isinstance(tool, ToolSpec)]
        if strangers:
            raise InvalidConfigError(
                f"a {type(strangers[0]).__name__} among the tools",
                "a ToolSpec for each tool",
                "Describe it: `tool_specs(tools)` of langgraph_agentic_diffusion does so for tools of LangChain.",
            )
        names = [tool.name for tool in self.tools]
        if not 1 <= len(names) <= TOOL_LIMIT:
            raise InvalidConfigError(
                f"{len(names)} tools", f"1 to {TOOL_LIMIT}", "Give the tools that the planner may call."
            )
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InvalidConfigError(
                f"more than one tool of the name {', '.join(map(repr, twice[:3]))}",
                "a name of its own for each tool",
                "Rename the tools, or leave out the copies.",
            )
        strange = {name for link in self.links or () for name in link} - set(names)
        if strange:
            raise InvalidConfigError(
                f"links with {', '.join(map(repr, sorted(strange)[:3]))}",
                "links between tools of the catalogue",
                "Leave out the links of tools that are not there.",
            )

    @staticmethod
    def of(tools: Sequence[ToolSpec], *, links: Iterable[tuple[str, str]] | None = None) -> Catalogue:
        """Return the catalogue of these tools and links."""
        return Catalogue(tuple(tools), None if links is None else frozenset(links))

    def __len__(self) -> int:
        return len(self.tools)

    @property
    def stop(self) -> int:
        """The token that ends a plan."""
        return len(self.tools)

    @property
    def mask(self) -> int:
        """The token of a slot that is still hidden."""
        return len(self.tools) + 1

    @property
    def vocabulary(self) -> int:
        """Number of tokens."""
        return len(self.tools) + 2

    @cached_property
    def tokens(self) -> Mapping[str, int]:
        """The token of each name."""
        return {tool.name: token for token, tool in enumerate(self.tools)}

    @cached_property
    def shapes(self) -> Sequence[Mapping[str, Shape]]:
        """What each argument of each tool may be, by its name."""
        told = []
        for tool in self.tools:
            properties, defs = tool.arguments.get("properties"), defs_of(tool.arguments)
            each = properties if isinstance(properties, Mapping) else {}
            told.append({name: shape(schema, defs) for name, schema in each.items()})
        return told

    @cached_property
    def facts(self) -> Mapping[str, int]:
        """The place of each fact that a tool needs."""
        names = sorted({fact for tool in self.tools for fact in tool.needs})
        return {name: place for place, name in enumerate(names)}

    def token(self, name: str) -> int:
        """Return the token of a tool.

        Raises:
            InvalidStateError: There is no such tool.
        """
        try:
            return self.tokens[name]
        except KeyError:
            raise InvalidStateError(
                f"the tool {name!r}",
                f"one of the {len(self)} tools of the planner",
                "Make a planner for a catalogue with this tool, or correct the name.",
            ) from None

    @cached_property
    def follows(self) -> Tensor | None:
        """(tokens, tokens): whether the second may stand right behind the first; None where anything may."""
        if self.links is None:
            return None
        may = torch.zeros(self.stop + 1, self.stop + 1, dtype=torch.bool)
        for before, after in self.links:
            may[self.tokens[before], self.tokens[after]] = True
        may[:, self.stop] = True
        return may

    @cached_property
    def ways(self) -> tuple[Tensor, Tensor]:
        """(tokens, tokens), twice: 1 where the second may stand right behind the first, and the same turned."""
        may = self.follows
        if may is None:
            may = torch.ones(self.stop + 1, self.stop + 1, dtype=torch.bool)
            may[self.stop, : self.stop] = False
        return may.float(), may.float().T.contiguous()

    @cached_property
    def needs(self) -> Tensor:
        """(tokens, facts): what each tool needs; the stop token needs nothing."""
        return self._facts("needs")

    @cached_property
    def gives(self) -> Tensor:
        """(tokens, facts): what each tool gives."""
        return self._facts("gives")

    def _facts(self, which: str) -> Tensor:
        told = torch.zeros(self.stop + 1, len(self.facts), dtype=torch.bool)
        for token, tool in enumerate(self.tools):
            for fact in getattr(tool, which):
                if fact in self.facts:
                    told[token, self.facts[fact]] = True
        return told

    @cached_property
    def once(self) -> Tensor:
        """(tokens,): whether a plan may hold the token once at most."""
        return torch.tensor([not tool.repeats for tool in self.tools] + [False])
