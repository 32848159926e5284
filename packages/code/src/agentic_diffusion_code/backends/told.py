"""What a model that reads instructions is told about a request, and the program in what it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentic_diffusion_code.domain import CodeRequest

_FENCE = re.compile(r"```[A-Za-z+#]*\n(.*?)```", re.DOTALL)


def wanted(request: CodeRequest) -> str:
    """Return what is asked for: the language, the description, and all that is given of the program."""
    parts = [
        f"Write a function in {request.language}. Answer with the program alone.",
        request.description,
    ]
    if request.signature:
        parts.append(f"Its first line is: {request.signature}")
    elif request.entry:
        parts.append(f"It is called {request.entry}.")
    if request.prefix.strip():
        parts.append(f"The program begins with:\n{request.prefix}")
    if request.suffix.strip():
        parts.append(f"This follows it and is added later, do not repeat it:\n{request.suffix}")
    return "\n".join(parts)


def mended(request: CodeRequest, source: str, *, groups: Sequence[Sequence[int]], hint: str) -> str:
    """Return the request with a failing program, the lines under suspicion and what went wrong."""
    lines = ", ".join(map(str, groups[0])) if groups else "any"
    return f"{wanted(request)}\n\nThis program is wrong, probably in line {lines}. {hint}\n{source}"


def varied(request: CodeRequest, source: str) -> str:
    """Return the request with a program for one much like it."""
    return f"{wanted(request)}\n\nA program for a similar task:\n{source}"


def program_in(text: str) -> str:
    """Return what stands in the first code fence of an answer, or all of it where there is none."""
    found = _FENCE.search(text)
    program = found.group(1) if found else text
    return program.strip("\n") + "\n" if program.strip() else ""
