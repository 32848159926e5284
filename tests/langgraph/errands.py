"""Tools of an errand whose order the needs and gifts decide, and a planner that knows nothing but that."""

from agentic_diffusion.planning.domains.toolplan import tool_planner
from langchain_core.tools import tool
from langgraph_agentic_diffusion import tool_specs


def make_tools(*, broken=(), log=None):
    """Return tools that write down what was called; those in `broken` raise, as often as they stand there."""
    log, left = [] if log is None else log, list(broken)

    def note(name):
        log.append(name)
        if name in left:
            left.remove(name)
            raise ConnectionError(f"{name} is down")

    @tool
    def search(city: str = "Rome") -> dict:
        """Search for a flight."""
        note("search")
        return {"flight": f"to {city}"}

    @tool
    def archive() -> dict:
        """Look a flight up in the archive."""
        note("archive")
        return {"flight": "an old one"}

    @tool
    def book(flight: str) -> dict:
        """Book a flight."""
        note("book")
        return {"booking": f"B-{flight}"}

    @tool
    def send(booking: str) -> str:
        """Send a booking."""
        note("send")
        return f"sent {booking}"

    for made, facts in (
        (search, {"gives": ["flight"], "reads": True}),
        (archive, {"gives": ["flight"], "reads": True}),
        (book, {"needs": ["flight"], "gives": ["booking"]}),
        (send, {"needs": ["booking"], "gives": ["sent"]}),
    ):
        made.metadata = {"agentic_diffusion": facts}
    return [search, archive, book, send]


def make_planner(tools, *, count=32, **more):
    """Return an untrained planner whose plans end with a booking that was sent."""
    return tool_planner(tool_specs(tools), slots=3, width=16, depth=1, count=count, goals=("sent",), **more)
