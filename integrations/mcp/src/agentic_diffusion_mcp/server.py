"""The MCP server: organs as tools with typed answers, progress by wall clock, and a way to report outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any, Literal, TypeAlias, TypeVar

from agentic_diffusion.errors import AgenticDiffusionError, InvalidConfigError
from agentic_diffusion.records import DenoiseEvent
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from agentic_diffusion_mcp.answers import Answer, Explanation, Receipt
from agentic_diffusion_mcp.desk import Desk, Organ
from agentic_diffusion_mcp.limits import ServerLimits, check_host

T = TypeVar("T")

Transport: TypeAlias = Literal["stdio", "streamable-http"]
NAME = "agentic-diffusion"
INSTRUCTIONS = (
    "Each planning tool returns a plan_id, a value, a confidence and whether the value passed its checks. "
    "When you know what came of it (a tool failed, a test passed, the goal was reached), call report_outcome with "
    "that plan_id: the planner learns from it. explain_plan says how a plan came about."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_TELLS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)


def create_server(organs: Sequence[Organ], *, limits: ServerLimits | None = None) -> MCPServer[Any]:
    """Return a server with one tool for each organ, `report_outcome` and `explain_plan`.

    Args:
        organs: What plans, such as `Organ("plan", planner, request=Reach, about="...")`.
        limits: What clients may ask.

    Raises:
        InvalidConfigError: There is no organ, or two of one name.
    """
    names = [organ.name for organ in organs]
    taken = {*names, "report_outcome", "explain_plan"}
    if not organs or len(taken) != len(names) + 2:
        raise InvalidConfigError(
            f"organs named {names}",
            "one or more of different names",
            "Rename one; two names are the server's own.",
        )
    desk = Desk(organs, limits or ServerLimits())
    server: MCPServer[Any] = MCPServer(
        NAME, instructions=INSTRUCTIONS, version=version("agentic-diffusion-mcp")
    )
    for organ in organs:
        server.tool(name=organ.name, description=organ.about, annotations=_READS)(_plan_tool(desk, organ))

    def report_outcome(
        plan_id: str,
        reward: float,
        evidence: dict[str, Any] | None = None,
        source: str = "client",
        outcome_id: str | None = None,
    ) -> Receipt:
        """Tell what came of a plan: a reward (higher is better) and plain facts that support it."""
        return _polite(
            lambda: desk.report(plan_id, reward, evidence=evidence, source=source, outcome_id=outcome_id)
        )

    def explain_plan(plan_id: str) -> Explanation:
        """Say how a plan came about: how many candidates, which passed, and why this one."""
        return _polite(lambda: desk.explain(plan_id))

    server.tool(annotations=_TELLS)(report_outcome)
    server.tool(annotations=_READS)(explain_plan)
    return server


def serve(
    server: MCPServer[Any],
    *,
    transport: Transport = "stdio",
    host: str = "127.0.0.1",
    port: int = 8765,
    remote: bool = False,
    limits: ServerLimits | None = None,
) -> None:
    """Run a server until it is stopped.

    Args:
        server: What `create_server` returned.
        transport: `stdio` for a host that starts this process, `streamable-http` for any number of clients.
        host: Where to listen; ignored on stdio.
        port: Where to listen; ignored on stdio.
        remote: Whether `host` may be an address that others can reach.
        limits: Bounds the body of a request; those of the server's plans were given to `create_server`.

    Raises:
        InvalidConfigError: `host` is reachable by others and `remote` is not set.
    """
    if transport == "stdio":
        server.run(transport="stdio")
        return
    check_host(host, remote=remote)
    room = (limits or ServerLimits()).request_bytes + (1 << 16)
    server.run(transport=transport, host=host, port=port, max_request_body_size=room)


def _plan_tool(desk: Desk, organ: Organ) -> Callable[..., Any]:
    """Return the tool of an organ; its schema comes from the type of the organ's requests."""

    async def plan(request: Any, ctx: Any, seed: int = 0, seconds: float | None = None) -> Answer:
        progress = _Progress(ctx)
        try:
            made = await desk.plan(organ, request, seed=seed, seconds=seconds, tell=progress.beat)
        except AgenticDiffusionError as error:
            raise ToolError(str(error)) from error
        await progress.done()
        return made

    plan.__annotations__ |= {"request": organ.request, "ctx": Context, "seconds": float | None}
    plan.__annotations__ |= {"seed": int, "return": Answer}
    return plan


class _Progress:
    """Tells a client how far its plan is. The protocol wants the number to grow with every message.

    A step counts in full when the next begins or the plan is there; until then n beats in all make it n / (n + 1).
    """

    def __init__(self, ctx: Any) -> None:
        self.ctx, self.beats, self.step, self.total = ctx, 0, 1, 1

    async def beat(self, event: DenoiseEvent | None) -> None:
        """Tell that work goes on."""
        self.beats += 1
        self.step = self.step if event is None else max(self.step, event.step)
        told = self.step - 1 / (self.beats + 1)
        self.total = self.total if event is None else event.total
        said = "waiting for the first step" if event is None else f"denoised to t = {event.time:.2f}"
        await self.ctx.report_progress(told, None if event is None else event.total, said)

    async def done(self) -> None:
        """Tell that the plan is there."""
        await self.ctx.report_progress(self.total, self.total, "planned")


def _polite(do: Callable[[], T]) -> T:
    """Tell clients what they did wrong in the words of the error."""
    try:
        return do()
    except AgenticDiffusionError as error:
        raise ToolError(str(error)) from error
