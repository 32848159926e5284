"""An agent has a function written by denoising, finds a case that it gets wrong, and has it mended.

A scripted model takes the place of yours and a writer of two programs that of a trained one, so it runs without a key
and without weights: `python examples/write_a_function.py`. `load_coder(folder, sandbox=...)` is a coder with weights.
"""

from collections.abc import Sequence

from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest
from agentic_diffusion_code.proven import Proven
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writes import Sketch
from langchain.agents import create_agent
from langchain_agentic_diffusion import CodeDiffusionTool, CodeToolkit
from langchain_agentic_diffusion.testing import ScriptedChatModel
from langchain_core.messages import AIMessage, BaseMessage

MEAN = "def mean(xs):\n    return sum(xs) / len(xs)\n"
MENDED = "def mean(xs):\n    return sum(xs) / len(xs) if xs else 0\n"


class Model:
    """Writes programs: yours is a `TokenWriter`, a `ServerWriter`, or anything with these four methods."""

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> list[Sketch]:
        """Write from nothing."""
        return [Sketch((MEAN,), 1.0, forwards=6, tokens=18, done=True)]

    def mend(
        self,
        request: CodeRequest,
        source: str,
        *,
        groups: Sequence[Sequence[int]],
        hint: str,
        count: int,
        seed: int,
    ) -> list[Sketch]:
        """Write these lines anew; `hint` says what went wrong."""
        print(f"  mends line {groups[0][0]}: {hint}")
        return [Sketch((MENDED,), 1.0, forwards=3, tokens=8, done=True)]

    def vary(self, request: CodeRequest, source: str, *, share: float, count: int, seed: int) -> list[Sketch]:
        """Begin from a program that was proven for a request like this one."""
        return [Sketch((source,), 1.0, forwards=3, done=True)]

    def sure(self, request: CodeRequest, source: str) -> None:
        """Have no opinion."""


def script() -> list[AIMessage | str]:
    """Return what the model says: it asks, looks closer, has the program mended, and answers."""
    wanted = {"description": "the mean of a list of numbers", "examples": ["mean([1, 3]) == 2.0"]}

    def look_closer(messages: Sequence[BaseMessage]) -> AIMessage:
        name = str(messages[-1].content).split()[1].rstrip(":")
        arguments = {"program": name, "examples": ["mean([]) == 0"]}
        return AIMessage("", tool_calls=[{"name": "refine_code", "args": arguments, "id": "2"}])

    ask = AIMessage("", tool_calls=[{"name": "generate_code", "args": wanted, "id": "1"}])
    return [ask, look_closer, "Here is a mean that stands an empty list."]  # type: ignore[list-item]


def main() -> None:
    """Run one turn and print what the tools answered and what was learnt."""
    memory = Proven()
    with ProcessSandbox() as sandbox:
        coder = Coder(Model(), sandbox, count=0, memory=memory, learns=memory)  # type: ignore[arg-type]
        tools = CodeToolkit(code_tool=CodeDiffusionTool(coder=coder)).get_tools()
        agent = create_agent(ScriptedChatModel(script=script()), tools)
        state = agent.invoke({"messages": [{"role": "user", "content": "I need a mean."}]})
    for message in state["messages"]:
        message.pretty_print()
    for request, right, wrong in memory.pairs():
        print(
            f"learnt for {request.description!r}: a program of {len(right)} letters beats one of {len(wrong)}"
        )


if __name__ == "__main__":
    main()
