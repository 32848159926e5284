"""Questions with hidden tests: the held-out splits of the corpus, and files in the format of HumanEval."""

from __future__ import annotations

import ast
import doctest
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from pydantic import ValidationError

from .cases import Case, Check
from .cases import Task as Asked
from .corpus import Task, generate
from .corpus.compose import DEPTH_WEIGHTS
from .corpus.split import Split, language_is_held
from .domain import CodeRequest, example

TRIPLE = '"' * 3


@final
@dataclass(frozen=True)
class Question:
    """What the coder is told, and what it will be judged by.

    Args:
        name: Which question it is.
        request: What the coder is told; its tests are the examples that a user would give.
        hidden: What a program is judged by in the end.
        strange: Whether it holds a primitive of the corpus that no Python of the training shows. Each language has its
            own such ones, so that a question for another language may, and a composition for Python does not.
    """

    name: str
    request: CodeRequest
    hidden: Asked
    strange: bool = False


def built_in(
    *,
    seed: int,
    count: int,
    split: Split = "composition",
    languages: Sequence[str] = ("python",),
    shown: int = 3,
    depths: Sequence[float] = DEPTH_WEIGHTS,
) -> list[Question]:
    """Return questions of a split that training never saw; the first cases are shown, all others are hidden.

    `depths` says how often programs of one, two, three and four stages are drawn.
    """
    tasks = generate(seed=seed, languages=languages, split=split, depths=depths)
    return [question_of(next(tasks), shown) for _ in range(count)]


def question_of(task: Task, shown: int) -> Question:
    """Return one task of the corpus as a question."""
    request = CodeRequest(
        description=task.description,
        language=task.language,
        signature=task.signature,
        entry=task.entry,
        tests=task.cases[:shown],
    )
    asked = task.asked()
    strange = any(language_is_held("python", name) for name in task.primitives)
    return Question(task.id, request, asked.model_copy(update={"tests": task.cases[shown:]}), strange)


def read(path: Path) -> list[Question]:
    """Read a file of JSON lines in the format of HumanEval: `task_id`, `prompt`, `entry_point`, `test`.

    Raises:
        InvalidConfigError: A line is none, or its text hides characters or is too long.
    """
    found = []
    for number, line in enumerate(_lines(path), 1):
        try:
            found.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError, SyntaxError, ValidationError) as error:
            raise InvalidConfigError(
                f"line {number} of {path.name} ({type(error).__name__}: {str(error)[:120]})",
                "JSON with task_id, prompt, entry_point and test",
                "Correct the file.",
            ) from error
    return found


def _lines(path: Path) -> Iterator[str]:
    try:
        packed = path.suffix == ".gz"
        with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
            yield from (line for line in lines if line.strip())
    except OSError as error:
        raise InvalidConfigError(
            f"{path.name}: {error}", "a file of JSON lines", "Check the path."
        ) from error


def _question(row: dict[str, Any]) -> Question:
    entry, prompt = str(row["entry_point"]), str(row["prompt"])
    language = str(row.get("language", "python"))
    said, signature, prefix = told(prompt, entry) if language == "python" else (prompt, "", "")
    request = CodeRequest.model_validate(
        {
            "description": said,
            "language": language,
            "signature": signature,
            "entry": entry,
            "tests": examples(prompt, entry),
            "prefix": prefix,
        }
    )
    hidden = Asked.model_validate(
        {"description": said, "entry": entry, "language": language, "tests": (Check(test=str(row["test"])),)}
    )
    return Question(str(row["task_id"]), request, hidden)


def told(prompt: str, entry: str) -> tuple[str, str, str]:
    """Return description, signature and prefix of a Python prompt that ends in a function with a docstring."""
    tree = ast.parse(ended(prompt))
    named = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == entry]
    if not named:
        raise ValueError(f"no function {entry}")
    node = named[-1]
    lines = prompt.split("\n")
    signature = "\n".join(lines[node.lineno - 1 : node.body[0].lineno - 1]).strip()
    said = ast.get_docstring(node) or prompt
    said = said.split(">>>")[0].strip() or said
    return said, signature, "\n".join(lines[: node.lineno - 1]).strip()


def _docstring(prompt: str, entry: str) -> str:
    """Return the docstring of the last function of this name as it is spelled; the prompt where there is none."""
    try:
        tree = ast.parse(ended(prompt))
    except SyntaxError:
        return prompt
    named = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == entry]
    if not named or ast.get_docstring(named[-1]) is None:
        return prompt
    spelled = (ast.get_source_segment(ended(prompt), named[-1].body[0]) or "").lstrip("rRuU")
    return spelled[3:-3] if spelled[:3] in (TRIPLE, TRIPLE.replace('"', "'")) else spelled[1:-1]


def ended(prompt: str) -> str:
    """Return a prompt as a whole program: its docstring is a body, however it is indented; without one it passes."""
    try:
        ast.parse(prompt)
    except SyntaxError:
        return prompt + "\n    pass\n"
    return prompt


def examples(prompt: str, entry: str) -> tuple[Case, ...]:
    """Return the calls in the docstring of a prompt and what they give, as far as they are plain values."""
    found = []
    try:
        shown = doctest.DocTestParser().get_examples(_docstring(prompt, entry))
    except ValueError:
        return ()
    for each in shown:
        try:
            name, case = example(f"{each.source.strip()} == {each.want.strip()}")
        except InvalidStateError:
            continue
        if name == entry and each.want.strip():
            found.append(case)
    return tuple(found[:16])
