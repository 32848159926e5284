"""What speaks against a Python program that passes the cases it was shown, without running it.

A number or a quoted text that the request states and the program does not hold, a helper that nothing calls, a
parameter that is not used. At most 1 % of the corpus's own programs lack something stated, and none has such a helper
or parameter. A program that passes a few cases in spite of it has likely read the request otherwise: it is
kept, and one without doubts is looked for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .domain import CodeRequest

_WORDS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_QUOTED = re.compile(r"(?<!\w)'([^'\n]*)'(?!\w)|\"([^\"\n]*)\"")
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?![\w.,]*\d)(?!\w)")
_EXAMPLES = re.compile(r">>>|\b[Ee]xamples?\b|\be\.g\.")
_SMALL = 2
"""Numbers below are often said in other ways: a place, a sign, a beginning."""


def doubts(source: str, request: CodeRequest) -> tuple[str, ...]:
    """Return what speaks against a program that parses; nothing in other languages than Python."""
    if request.language != "python":
        return ()
    tree = ast.parse(source)
    pinned = bool(request.prefix.strip() or request.suffix.strip())
    return *_unstated(tree, request.description), *(() if pinned else _unused(tree, request.entry))


def _unstated(tree: ast.Module, description: str) -> Iterator[str]:
    """Yield what is stated and not in a program."""
    numbers, texts = _stated(description)
    if not numbers and not texts:
        return
    has = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    written = "\0".join(value for value in has if isinstance(value, str))
    known = {abs(value) for value in has if isinstance(value, int | float)}
    known |= {int(digits) for digits in re.findall(r"\d+", written)}  # such as the 2 of "%.2f"
    yield from (f"{number} is stated and not in it" for number in numbers if number not in known)
    yield from (
        f"{text!r} is stated and not in it"
        for text in texts
        if text not in written and _meant(text) not in written
    )


def _meant(text: str) -> str:
    """Return a quoted text with what its escapes stand for, such as a new line."""
    return re.sub(r"\\([nt])", lambda found: {"n": "\n", "t": "\t"}[found.group(1)], text)


def _stated(description: str) -> tuple[list[int], list[str]]:
    """Return the numbers, without their signs, and the texts that a description states before its examples."""
    told = re.sub(r"`[^`]*`", " ", _EXAMPLES.split(description, maxsplit=1)[0])
    quoted = [found for found in _QUOTED.finditer(told) if not told[: found.start()].endswith("like ")]
    texts = ["".join(found.groups("")) for found in quoted]
    prose = _QUOTED.sub(" ", told)
    numbers = [abs(int(found.group().replace(",", ""))) for found in _NUMBER.finditer(prose)]
    numbers += [_WORDS[word] for word in re.findall(r"[a-z]+", prose) if word in _WORDS]
    return [number for number in dict.fromkeys(numbers) if number >= _SMALL], list(dict.fromkeys(texts))


def _unused(tree: ast.Module, entry: str | None) -> Iterator[str]:
    """Yield helpers that nothing calls, and parameters that nothing reads."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    known = _names(tree)
    last = entry or (functions[-1].name if functions else "")
    for function in functions:
        if function.name != last and function.name not in known:
            yield f"nothing calls {function.name}"
        inside = _names(function)
        for each in ast.walk(function.args):
            if isinstance(each, ast.arg) and each.arg not in inside and not each.arg.startswith("_"):
                yield f"{each.arg} is not used"


def _names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
