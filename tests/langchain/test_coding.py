"""The code tools pass LangChain's own suites, return what passes, mend what does not, and say why there is nothing."""

import asyncio
import builtins
import json
import runpy
import sys

import pytest
from agentic_diffusion.errors import InvalidStateError, MissingExtraError
from agentic_diffusion.planning.budget import Budget
from agentic_diffusion.planning.shelf import PlanShelf, plan_id
from agentic_diffusion.records import Plan
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, Program, asked
from agentic_diffusion_code.proven import Proven
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writes import Sureness
from langchain_agentic_diffusion import CodeDiffusionTool, RefineCodeTool
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests
from pydantic import ValidationError
from scribe import DOUBLE, SQUARE, Scribe

ASK = {"description": "doubles a number", "examples": ["f(2) == 4"]}
CALL = {"type": "tool_call", "id": "c1", "name": "generate_code", "args": ASK}
FENCE = ProcessSandbox(concurrency=2)


@pytest.fixture(scope="module", autouse=True)
def close():
    yield
    FENCE.close()


def make(first=SQUARE, *mended, **options):
    memory = options.pop("memory", None)
    coder = Coder(Scribe(first, *mended), FENCE, count=0, lints=False, learns=memory)
    return CodeDiffusionTool(coder=coder, **options)


def shelved():
    """A tool whose shelf holds the program that the suites refine."""
    tool = make()
    plan = tool.coder.plan(asked(ASK["description"], ASK["examples"]))
    return tool, tool.shelf.put(plan)


class TestCodeToolAlone(ToolsUnitTests):
    """LangChain's unit tests."""

    @property
    def tool_constructor(self):
        return CodeDiffusionTool

    @property
    def tool_constructor_params(self):
        return {"coder": Coder(Scribe(DOUBLE), FENCE, count=0)}

    @property
    def tool_invoke_params_example(self):
        return ASK


class TestCodeToolAtWork(ToolsIntegrationTests):
    """LangChain's integration tests."""

    @property
    def tool_constructor(self):
        return CodeDiffusionTool

    @property
    def tool_constructor_params(self):
        return {"coder": Coder(Scribe(DOUBLE), FENCE, count=0)}

    @property
    def tool_invoke_params_example(self):
        return ASK


class TestRefineToolAlone(ToolsUnitTests):
    """LangChain's unit tests."""

    @property
    def tool_constructor(self):
        return RefineCodeTool

    @property
    def tool_constructor_params(self):
        return {"code_tool": shelved()[0]}

    @property
    def tool_invoke_params_example(self):
        return {"program": shelved()[1], "examples": ["f(3) == 6"]}


class TestRefineToolAtWork(ToolsIntegrationTests):
    """LangChain's integration tests."""

    @property
    def tool_constructor(self):
        return RefineCodeTool

    @property
    def tool_constructor_params(self):
        return {"code_tool": shelved()[0]}

    @property
    def tool_invoke_params_example(self):
        return {"program": shelved()[1], "examples": ["f(3) == 9"], "code": SQUARE}


async def test_the_model_reads_the_code_and_one_line_of_evidence():
    tool = make(DOUBLE, seed=3)
    message, later = tool.invoke(CALL), await tool.ainvoke(CALL)
    line, *code = message.content.splitlines()
    name = plan_id(message.artifact)
    assert line.startswith(f"Program {name}: verified, 1 tests passed behind ")
    assert line.endswith("1 programs tried, 0 repairs, 2 network calls (complete).")
    assert code == ["```python", *DOUBLE.splitlines(), "```"]
    plan = Plan[CodeRequest, Program].model_validate_json(json.dumps(message.artifact, allow_nan=False))
    assert (plan.chosen.value.source, plan.seed) == (DOUBLE, 3)
    assert later.content == message.content
    assert tool.shelf.get(name).chosen == plan.chosen


def test_the_model_reads_which_lines_are_doubted(monkeypatch):
    monkeypatch.setattr(Scribe, "sure", lambda self, request, source: Sureness((0.9, 0.2), (), 0.9))
    first, doubt, *code = make(DOUBLE).invoke(CALL).content.splitlines()
    assert "verified" in first
    assert doubt == "The model doubts line 2 (0.20): return x + x"
    assert code == ["```python", *DOUBLE.splitlines(), "```"]


def test_the_model_reads_that_a_program_may_have_read_the_request_otherwise():
    call = {**CALL, "args": {**CALL["args"], "description": "doubles a number, and adds 7 to it"}}
    _, doubt, *_ = make(DOUBLE).invoke(call).content.splitlines()
    assert doubt == "It may have been read otherwise: 7 is stated and not in it"


def test_code_that_fails_is_not_shown():
    said = make("def f(x):\n    return x - 1\n").invoke(CALL).content
    assert "ABSTAINED, no code is returned: 1 programs fail at least one test" in said
    assert "The closest one gave 1 for (2), but 4 is wanted." in said
    assert "return x" not in said
    early = make(DOUBLE, budget=Budget(stop=lambda: True)).invoke(CALL)
    assert "(stopped)" in early.content
    assert "UNVERIFIED, there were no examples" in make(DOUBLE).invoke({"description": "doubles"})
    fenced = make('def f(x):\n    return "```"\n').invoke({"description": "a fence"})
    assert fenced.endswith("\n````")


def test_a_program_is_mended_from_new_examples_and_the_memory_is_told():
    memory = Proven(None)
    tool = make(SQUARE, DOUBLE, memory=memory)
    first = tool.invoke(CALL)
    name = plan_id(first.artifact)
    refine = RefineCodeTool(code_tool=tool)
    said = refine.invoke({"program": name, "examples": ["f(3) == 6"]})
    assert "verified, 2 tests passed" in said
    assert "return x + x" in said
    assert "1 repairs" in said
    assert [pair[1:] for pair in memory.pairs()] == [(DOUBLE, SQUARE)]
    mine = refine.invoke({"program": name, "examples": ["f(3) == 6"], "code": DOUBLE})
    assert "0 repairs, 0 network calls" in mine


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_errors_are_raised_as_they_are_or_read_by_the_model(way):
    def go(tool, value):
        return tool.invoke(value) if way == "invoke" else asyncio.run(tool.ainvoke(value))

    bad = {"description": "a", "examples": ["f(x)"]}
    with pytest.raises(InvalidStateError, match="plain values"):
        go(make(), bad)
    assert "such as f(2) == 4" in go(make(handle_tool_error=True), bad)
    with pytest.raises(ValidationError):
        go(make(handle_tool_error=True), {"description": "a", "examples": ["f(1) == 1"] * 65})
    refine = RefineCodeTool(code_tool=make(), handle_tool_error=True)
    assert go(refine, {"program": "nothing", "examples": ["f(1) == 1"]}).startswith(
        "Got the program 'nothing'"
    )
    tool, name = shelved()
    refine = RefineCodeTool(code_tool=tool, handle_tool_error=True)
    assert "examples of g" in go(refine, {"program": name, "examples": ["g(1) == 1"]})


def test_a_suffix_is_no_part_of_the_draft():
    tool = make(SQUARE, DOUBLE, shelf=PlanShelf())
    request = asked("doubles", ["f(2) == 4"]).model_copy(update={"suffix": "LAST = 1\n"})
    name = tool.shelf.put(tool.coder.plan(request))
    said = RefineCodeTool(code_tool=tool).invoke({"program": name, "examples": ["f(3) == 6"]})
    assert said.count("LAST = 1") == 1
    assert tool.coder.writer.asked[-1] == SQUARE


def test_without_the_package_for_code_it_says_what_to_install(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("agentic_diffusion_code"):
            raise ImportError(name)
        return real(name, *rest, **more)

    home = sys.modules["langchain_agentic_diffusion.coding"].__file__
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"\[code\]"):
        runpy.run_path(home)
