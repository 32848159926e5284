"""The toolkit for code gives writing and mending, and reporting where somebody learns."""

from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.proven import Proven
from langchain_agentic_diffusion import CodeDiffusionTool, CodeToolkit, ReportOutcomeTool
from scribe import DOUBLE, Scribe


def test_tools_share_their_programs():
    code = CodeDiffusionTool(coder=Coder(Scribe(DOUBLE), count=0, lints=False), handle_tool_error=True)
    assert [tool.name for tool in CodeToolkit(code_tool=code).get_tools()] == ["generate_code", "refine_code"]
    memory = Proven(None)
    written, mended, report = CodeToolkit(code_tool=code, learns=memory, trust=1.0).get_tools()
    assert isinstance(report, ReportOutcomeTool)
    assert mended.handle_tool_error is True
    name = written.invoke({"description": "doubles a number"}).split()[1].rstrip(":")
    report.invoke({"plan": name, "reward": 1.0, "note": "used it"})
    assert len(memory) == 1
