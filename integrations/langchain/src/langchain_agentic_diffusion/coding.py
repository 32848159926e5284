"""Tools for code: an agent asks for a function that passes its examples, and has it mended when it finds a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, final

from agentic_diffusion.errors import InvalidStateError, MissingExtraError
from agentic_diffusion.planning.budget import Budget, never
from agentic_diffusion.planning.planner import Plans
from agentic_diffusion.planning.shelf import PlanShelf
from agentic_diffusion.records import Plan
from langchain_core.callbacks import AsyncCallbackManagerForToolRun, CallbackManagerForToolRun
from langchain_core.tools import BaseTool
from langchain_core.tools.base import ArgsSchema
from langgraph_agentic_diffusion import plain_plan
from pydantic import BaseModel, Field, InstanceOf

from langchain_agentic_diffusion.tools import in_thread, planned, refuse

try:
    from agentic_diffusion_code.asking import CodeAsk, Example
    from agentic_diffusion_code.domain import CodeRequest, Program, refined, status_of
    from agentic_diffusion_code.opinion import doubted
except ImportError as error:
    raise MissingExtraError(
        "an import of the tools for code without agentic-diffusion-code",
        "the extra [code]",
        "pip install 'langchain-agentic-diffusion[code]'",
    ) from error

SHOWN = 200
"""Characters of one value in the line of evidence."""


def said(plan: Plan[CodeRequest, Program], name: str) -> str:
    """Return what the model reads: one line of evidence, and the program where there is one."""
    facts = plan.chosen.verdict.evidence
    spent = (
        f"{facts.get('attempts', 0)} programs tried, {facts.get('repairs', 0)} repairs, "
        f"{facts.get('forwards', 0)} network calls ({plan.ending})."
    )
    status = status_of(plan)
    if status == "abstained":
        reasons = facts.get("reasons")
        why = "; ".join(map(str, reasons)) if isinstance(reasons, list) and reasons else "no reason is known"
        return f"Program {name}: ABSTAINED, no code is returned: {why}.{_closest(facts)} {spent}"
    if status == "verified":
        walls = facts.get("isolation")
        proof = f"verified, {facts['tests']} tests passed behind {len(walls) if isinstance(walls, list) else 0} walls"
    else:
        proof = "UNVERIFIED, there were no examples to run"
    source = plan.chosen.value.source.rstrip()
    fence = "```" if "```" not in source else "````"
    line = f"Program {name}: {proof}, confidence {plan.confidence:.2f}, {spent}"
    lines = facts.get("lines")
    unsure = doubted(source, lines) if isinstance(lines, list) else ()
    line += "".join(f"\nThe model {each}" for each in unsure)
    doubts = facts.get("doubts")
    line += (
        "".join(f"\nIt may have been read otherwise: {each}" for each in doubts or ())
        if isinstance(doubts, list)
        else ""
    )
    return f"{line}\n{fence}{plan.request.language}\n{source}\n{fence}"


def _closest(facts: Mapping[str, Any]) -> str:
    """Return what the best failing program got wrong."""
    failure = facts.get("closest_failure")
    if not isinstance(failure, Mapping):
        return ""
    given, got, wanted = (str(failure.get(key))[:SHOWN] for key in ("given", "got", "expected"))
    return f" The closest one gave {got} for ({given}), but {wanted} is wanted."


@final
class CodeDiffusionTool(BaseTool):
    """A tool that writes a function by denoising, and returns it only when it passes every example.

    The model reads the code and one line of evidence, or why there is no code; the artifact of the message is the
    whole `Plan` as plain JSON. In `ainvoke` the work runs in a thread, and cancelling the call stops it at its next
    step. Progress goes to the custom stream of the graph, or to callback handlers. What a test may use is decided by
    `to_request`, never by the model.

    Args:
        coder: What writes; a `Coder`, or anything that plans programs.
        to_request: Makes the request out of the arguments.
        seed: Equal requests with equal seeds have equal programs.
        budget: Deadline, memory and stop of each call.
        shelf: Where programs are kept for refinement and for reports.
        keep: How many candidates the artifact keeps; None keeps all.
    """

    name: str = "generate_code"
    description: str = (
        "Write one function from a description and examples. It is run in a sandbox; code is only returned when it "
        "passes every example, otherwise the answer says why there is none."
    )
    args_schema: ArgsSchema | None = CodeAsk
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    coder: InstanceOf[Plans] = Field(exclude=True, repr=False)  # type: ignore[type-arg]
    to_request: Callable[[CodeAsk], CodeRequest] = Field(default=CodeAsk.request, exclude=True, repr=False)
    seed: int = 0
    budget: Budget = Field(default_factory=Budget, exclude=True, repr=False)
    shelf: InstanceOf[PlanShelf] = Field(default_factory=PlanShelf, exclude=True, repr=False)  # type: ignore[type-arg]
    keep: int | None = Field(default=None, ge=1)

    def _run(
        self, *, run_manager: CallbackManagerForToolRun | None = None, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        return self._write(arguments, never)

    async def _arun(
        self, *, run_manager: AsyncCallbackManagerForToolRun | None = None, **arguments: Any
    ) -> tuple[str, dict[str, Any]]:
        return await in_thread(lambda gone: self._write(arguments, gone))

    def _write(self, arguments: dict[str, Any], gone: Callable[[], bool]) -> tuple[str, dict[str, Any]]:
        return self.answer(lambda: self.to_request(CodeAsk.model_validate(arguments)), gone=gone)

    def answer(
        self,
        ask: Callable[[], CodeRequest],
        *,
        gone: Callable[[], bool] = never,
        tool: BaseTool | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """Return what the model reads and the artifact.

        Args:
            ask: Makes the request.
            gone: Whether nobody waits any more.
            tool: Whose call it is, where another tool asks through this one.
        """
        plan = planned(tool or self, self.coder, lambda: (ask(), self.seed), budget=self.budget, gone=gone)
        return said(plan, self.shelf.put(plan)), plain_plan(plan, keep=self.keep)


class Refinement(BaseModel):
    """What is wrong with a program."""

    program: str = Field(description="The id of the program, as generate_code gave it.", min_length=1)
    examples: tuple[Example, ...] = Field(
        min_length=1,
        max_length=32,
        description="Calls that it gets wrong and what they must give, such as `f(0) == 1`; earlier examples are kept.",
    )
    code: str = Field(
        default="",
        description="A program to begin from instead, such as your own edit of it.",
        max_length=100_000,
    )


@final
class RefineCodeTool(BaseTool):
    """A tool that mends a program: it begins from the old one, and must pass the old examples and the new.

    What passes already is returned as it is. What fails is mended as the coder mends: with the weights that ship it
    searches among the next most likely programs, from the doubtful places of those that failed; a writer that cannot
    search hides the lines that the failing traces name and writes them again with the rest in view. What the new
    examples prove about the old program reaches the learner of the coder.

    Args:
        code_tool: The tool that wrote the program.
    """

    name: str = "refine_code"
    description: str = (
        "Mend a program that generate_code wrote, or your edit of it, given examples that it gets wrong. "
        "Earlier examples still hold."
    )
    args_schema: ArgsSchema | None = Refinement
    response_format: Literal["content", "content_and_artifact"] = "content_and_artifact"
    code_tool: InstanceOf[CodeDiffusionTool] = Field(exclude=True, repr=False)

    def _run(
        self,
        program: str,
        examples: tuple[str, ...],
        *,
        code: str = "",
        run_manager: CallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        return self._mend(program, examples, code, gone=never)

    async def _arun(
        self,
        program: str,
        examples: tuple[str, ...],
        *,
        code: str = "",
        run_manager: AsyncCallbackManagerForToolRun | None = None,
    ) -> tuple[str, dict[str, Any]]:
        return await in_thread(lambda gone: self._mend(program, examples, code, gone=gone))

    def _mend(
        self, program: str, examples: tuple[str, ...], code: str, *, gone: Callable[[], bool]
    ) -> tuple[str, dict[str, Any]]:
        found: Plan[CodeRequest, Program] | None = self.code_tool.shelf.get(program)
        if found is None:
            refuse(
                self,
                InvalidStateError(
                    f"the program {program!r}",
                    "the id of a program that was written lately",
                    "Use the id in the first line of the answer, or ask for the program again.",
                ),
            )
        known = found
        draft = code if code.strip() else _body(known)
        return self.code_tool.answer(lambda: refined(known.request, draft, examples), gone=gone, tool=self)


def _body(plan: Plan[CodeRequest, Program]) -> str:
    """Return the program without the suffix that was asked for."""
    source, suffix = plan.chosen.value.source, plan.request.suffix
    return source.removesuffix("\n" + suffix) if suffix.strip() else source
