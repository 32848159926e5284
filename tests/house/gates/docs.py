"""Pages: their Python runs, their quotations are the source, their commands exist and their links resolve."""

from __future__ import annotations

import re
import shlex
import sys
import textwrap
import traceback
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

from gates.tree import modules

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w+-]*)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)\)|!\[[^\]]*\]\((?P<image>[^)\s]+)\)")
PLAIN_HEADING = re.compile(r"^#+\s+(?P<title>.+?)\s*$")
SHELL = {"bash", "sh", "shell", "console"}


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str


def pages(root: Path) -> list[Path]:
    """Return every page that a reader may open."""
    patterns = ("*.md", "packages/*/README.md", "integrations/*/README.md", "docs/**/*.md")
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the fenced blocks of a page that are in one of the languages."""
    return [block for block in _fenced(page) if block.language in languages]


def _fenced(page: Path) -> Iterator[Block]:
    opened, start, language, indent = False, 0, "", ""
    lines: list[str] = []
    for number, text in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(text)
        if opened and fence and not fence["language"]:
            yield Block(page, start, language, textwrap.dedent("\n".join(lines)) + "\n")
            opened = False
        elif opened:
            lines.append(text.removeprefix(indent))
        elif fence:
            opened, start, lines = True, number, []
            language, indent = fence["language"], fence["indent"]


def run_blocks(page: Path) -> list[str]:
    """Run the `python` blocks of a page, one after the other in one namespace; return the first failure."""
    module = ModuleType(f"page_{page.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module
    try:
        for block in blocks(page, "python"):
            try:
                # padded, so that a traceback names the line of the page
                code = compile("\n" * block.line + block.text, str(page), "exec", dont_inherit=True)
                with redirect_stdout(StringIO()):
                    exec(code, module.__dict__)
            except Exception as error:  # noqa: BLE001 - whatever the page raises is the finding
                return [f"{page.name}:{_line(error, block)}: {type(error).__name__}: {error}"]
    finally:
        sys.modules.pop(module.__name__, None)
    return []


def _line(error: Exception, block: Block) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(block.page):
        return error.lineno or block.line
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(block.page)]
    return (lines[-1] if lines else None) or block.line


def misquoted(root: Path) -> list[str]:
    """Return the `py` blocks that are not whole lines of some source file."""
    sources = [module.path.read_text(encoding="utf-8") for module in modules(root)]
    return [
        f"{page.relative_to(root)}:{block.line}: this quotation stands in no source file"
        for page in pages(root)
        for block in blocks(page, "py")
        if not any(_quotes(block.text, source) for source in sources)
    ]


def _quotes(text: str, source: str) -> bool:
    """Whether whole lines of a source are this text, however deep they stand."""
    return any("\n" + textwrap.indent(text, "    " * depth) in source for depth in range(4))


def commands(page: Path, program: str) -> list[tuple[int, list[str]]]:
    """Return the words of every call of a program in the shell blocks of a page, and of lines of plain ones."""
    found = []
    for block in blocks(page, "", *SHELL):
        joined = block.text.replace("\\\n", "  ")
        for offset, text in enumerate(joined.splitlines(), 1):
            if not block.language and not text.startswith(f"{program} "):
                continue
            words = shlex.split(text.removeprefix("$ "), comments=True)
            if program in words:
                found.append((block.line + offset, words[words.index(program) + 1 :]))
    return found


def unknown_commands(page: Path, program: str, command: Any) -> list[str]:
    """Return the calls in a page that a click command would not understand."""
    faults = []
    for line, words in commands(page, program):
        if why := _unknown(command, words):
            faults.append(f"{page.name}:{line}: {program} {' '.join(words)}: {why}")
    return faults


def _unknown(command: Any, words: list[str]) -> str:
    here = command
    for word in words:
        if word.startswith("-"):
            options = {option for p in here.params for option in [*p.opts, *p.secondary_opts]} | {"--help"}
            if word.partition("=")[0] not in options:
                return f"no option {word}"
        elif getattr(here, "commands", None):
            if word not in here.commands:
                return f"no command {word}"
            here = here.commands[word]
    return ""


def _slug(title: str) -> str:
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title.lower())).strip("-")


def broken_links(root: Path) -> list[str]:
    """Return the links to files or headings of this repository that are not there."""
    faults = []
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        for block in _fenced(page):
            text = text.replace(block.text, "\n" * block.text.count("\n"))
        for number, line in enumerate(text.splitlines(), 1):
            for match in LINK.finditer(re.sub(r"`[^`]*`", "``", line)):
                if why := _broken(page, match["target"] or match["image"]):
                    faults.append(f"{page.relative_to(root)}:{number}: {why}")
    return faults


def _broken(page: Path, target: str) -> str:
    if re.match(r"[a-z]+:", target):
        return ""
    name, _, anchor = target.partition("#")
    path = (page.parent / name) if name else page
    if not path.exists():
        return f"no {target}"
    if anchor and path.suffix == ".md":
        titles = map(PLAIN_HEADING.match, path.read_text(encoding="utf-8").splitlines())
        if anchor not in {_slug(found["title"]) for found in titles if found}:
            return f"no heading {target}"
    return ""
