"""The toolkit for code: writing, mending and reporting as tools that share their programs."""

from __future__ import annotations

from typing import final

from agentic_diffusion.planning.planner import Learns
from langchain_core.tools import BaseTool, BaseToolkit
from pydantic import ConfigDict, Field, InstanceOf

from langchain_agentic_diffusion.coding import CodeDiffusionTool, RefineCodeTool
from langchain_agentic_diffusion.tools import ReportOutcomeTool


@final
class CodeToolkit(BaseToolkit):
    """A tool that writes programs, one that mends them, and one for reports where somebody learns.

    Args:
        code_tool: The tool that writes.
        learns: Is told of reports, such as a memory of proven programs.
        trust: How far the reports of the model are believed, in [0, 1]; what tests say is told by the coder itself.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    code_tool: CodeDiffusionTool
    learns: InstanceOf[Learns] | None = None  # type: ignore[type-arg]
    trust: float = Field(default=0.5, ge=0.0, le=1.0)

    def get_tools(self) -> list[BaseTool]:
        """Return the tools."""
        tool = self.code_tool
        tools: list[BaseTool] = [
            tool,
            RefineCodeTool(code_tool=tool, handle_tool_error=tool.handle_tool_error),
        ]
        if self.learns is not None:
            report = ReportOutcomeTool(
                name="report_code",
                description="Report how well a program worked where you used it, so that later programs are better.",
                learns=self.learns,
                shelf=tool.shelf,
                trust=self.trust,
                handle_tool_error=tool.handle_tool_error,
            )
            tools.append(report)
        return tools
