"""The toolkit: planning and reporting as tools that share their plans."""

from __future__ import annotations

from typing import Any, final

from agentic_diffusion.planning.planner import Learns
from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, InstanceOf

from langchain_agentic_diffusion.tools import DiffusionPlanTool, ReportOutcomeTool


@final
class DiffusionToolkit(BaseToolkit):
    """A planning tool, and a reporting tool where somebody learns.

    Args:
        plan_tool: The planning tool.
        learns: Is told of reports. Where it is left out and the planner itself learns, as an evolver does, the
            planner is told; where it does not, there is no reporting tool.
        trust: How far the reports of the model are believed, in [0, 1].
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    plan_tool: DiffusionPlanTool
    learns: InstanceOf[Learns] | None = None  # type: ignore[type-arg]
    trust: float = 0.5

    def get_tools(self) -> list[BaseTool]:
        """Return the tools."""
        learns: Learns[Any, Any] | None = self.learns
        if learns is None and isinstance(self.plan_tool.planner, Learns):
            learns = self.plan_tool.planner
        if learns is None:
            return [self.plan_tool]
        report = ReportOutcomeTool(
            learns=learns,
            shelf=self.plan_tool.shelf,
            trust=self.trust,
            handle_tool_error=self.plan_tool.handle_tool_error,
        )
        return [self.plan_tool, report]
