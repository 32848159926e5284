"""Requests in the words of the corpus: the user's names, types and prefix go, and come back."""

from dataclasses import replace

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.domain import CodeRequest, asked, keeps
from agentic_diffusion_code.embedded import load_coder, load_writer
from agentic_diffusion_code.questions import question_of
from agentic_diffusion_code.restating import restated
from agentic_diffusion_code.sandbox import ProcessSandbox

SUM = "Return the sum of the numbers in a list."


def wanting(signature: str, *examples: str, said: str = SUM, prefix: str = "") -> CodeRequest:
    return asked(said, examples, signature=signature).model_copy(update={"prefix": prefix})


@pytest.mark.parametrize(
    ("signature", "examples", "read"),
    [
        ("def total(xs: list[int]) -> int:", [], "def solve(numbers: list[int]) -> int:"),
        ("def total(xs):", ["total([1]) == 1"], "def solve(numbers: list[int]) -> int:"),
        ("def total(xs):", [], "def solve(numbers):"),
        ("def total(s):", [], "def solve(numbers):"),
        ("def total(xs: Sequence[int], t=1) -> int:", [], "def solve(numbers: list[int], k: int) -> int:"),
        ("def total(xs: list) -> bool:", ["total(['a']) == True"], "def solve(words: list[str]) -> bool:"),
        ("def total(table: Thing) -> int:", [], "solve"),
        ("def total(s: set[int]) -> int:", [], "solve"),
        ("def total(s: bytes) -> int:", [], "solve"),
        ("def total(x: Fraction, k: complex) -> int:", [], "solve"),
        ("def total(xs: list[list[int]], n: Thing = 3) -> int:", [], "solve"),
        ("def total(xs: Iterator[int]) -> int:", [], "solve"),
        ("def total(xs: list) -> int:", [], "def solve(numbers: list[int]) -> int:"),
        ("def total(x: Fraction) -> int:", ["total(1) == 1"], "def solve(number: int) -> int:"),
        ("def total(xs: list[int]) -> tuple[int, ...]:", [], "def solve(numbers):"),
        ("def total() -> set[int]:", [], "solve"),
        ("def total(a, b, c, d, e, f, g):", [], "solve"),
        ("def total(numbers):", [], "def solve(numbers):"),
        (
            "def total(nums: list[int], limit: int) -> int:",
            [],
            "def solve(nums: list[int], limit: int) -> int:",
        ),
        ("async def total(xs):", [], "async def solve(xs):"),
        ("class Total:", [], "class Total:"),
    ],
)
def test_what_the_model_reads(signature: str, examples: list[str], read: str) -> None:
    assert restated(wanting(signature, *examples)).signature == read


def test_requests_of_the_corpus_are_left_alone() -> None:
    tasks = generate(seed=14)
    for _ in range(60):
        task = next(tasks)
        found = restated(question_of(task, 3).request)
        assert (found.signature, found.asked, found.renamed) == (task.signature, "", ())
        assert found.back(task.source) == found.there(task.source) == task.source


def test_the_description_speaks_of_the_other_names() -> None:
    found = restated(wanting("def f(my_list: list[int], t: int) -> int:"))
    assert (
        found.told("Those of `my_list` above t, or my_list's t")
        == "Those of `numbers` above k, or numbers's k"
    )
    plain = restated(wanting("def f(a: int, word: int) -> int:"))
    assert plain.told("Add a word, `a`, to `word`") == "Add a word, `number`, to `k`"
    one = restated(wanting("def total(s: str) -> str:"))
    assert one.told('Replace the letter s and "s" in s') == 'Replace the letter s and "s" in text'
    two = restated(wanting("def total(s: str, c: str) -> int:"))
    assert two.told("How often the character c is in s") == "How often the character part is in text"


def test_programs_go_there_and_back() -> None:
    found = restated(wanting("def total(xs: List[int]) -> int:"))
    own = "def solve(numbers: list[int]) -> int:\n    return sum(numbers)\n"
    given = "from typing import List\n\n\ndef total(xs: List[int]) -> int:\n    return sum(xs)\n"
    assert found.back(own) == given
    assert found.there(given) == own
    assert found.back(own[:30]) != ""
    assert found.back(" ") == " "
    free = restated(wanting("def total(t: Thing) -> Thing:", "total({1}) == {2}", said="Says it."))
    assert free.declared == ""
    assert free.back(own).endswith("\n\n\ndef total(t: Thing) -> Thing:\n    return sum(t)\n")


@pytest.mark.parametrize("answer", ["tuple[int, ...]", "Iterator[int]", "np.ndarray", "set[int]", "Thing"])
def test_no_program_says_that_it_answers_what_it_does_not(answer: str) -> None:
    own = "def solve(numbers):\n    return sorted(numbers)\n"
    signature = f"def total(xs: list[int]) -> {answer}:"
    untested = wanting(signature, said="Return the numbers sorted.")
    assert not keeps(restated(untested).back(own), untested)
    tested = wanting(signature, "total([1]) == (1,)", said="Return the numbers sorted.")
    assert keeps(restated(tested).back(own), tested)


def test_a_prefix_comes_once_into_a_program_that_is_mended() -> None:
    prefix = 'K = "3"  # three\n'
    draft = prefix + '\n\ndef total(x: int) -> str:\n    return f"{x}" + K\n'
    request = wanting("def total(x: int) -> str:", said="Return it.", prefix=prefix)
    found = restated(request)
    assert found.there(draft).startswith("def solve(number: int) -> str:\n    return f")
    assert found.back(found.there(draft)).count("K =") == 1
    writer, _ = load_writer()
    seen = writer.sure(request, draft)
    assert seen is not None
    assert len(seen.lines) == 5
    assert seen.lines[:3] == (1.0,) * 3
    assert min(seen.lines[3:]) < 1.0


@pytest.mark.parametrize(
    ("signature", "prefix"),
    [
        ("def total(xs: list[int]) -> int", ""),
        ("def total(xs):", ""),
        ("def f(xs):", "import math\nfrom typing import Any"),
        ("def total(n: Sequence[int], *, start: int = 0) -> int:", ""),
        ("total(numbers)", "from __future__ import annotations"),
    ],
)
def test_the_shipped_coder_keeps_the_names_of_the_user(
    fence: ProcessSandbox, signature: str, prefix: str
) -> None:
    name = "f" if " f" in signature else "total"
    request = wanting(signature, f"{name}([1, 2, 3]) == 6", f"{name}([]) == 0", prefix=prefix)
    plan = load_coder(sandbox=fence).plan(request)
    assert not plan.abstained, plan.chosen.verdict.evidence
    source, lines = plan.chosen.value.source, plan.chosen.value.lines
    assert request.signature in source
    assert prefix in source
    assert len(lines) == len(source.rstrip().split("\n"))


def test_a_prefix_is_not_read() -> None:
    writer, _ = load_writer()
    plain, given = wanting("def f(numbers):"), wanting("def f(numbers):", prefix="import math")
    assert writer.prompt(plain) == writer.prompt(given)
    assert writer.head(given) == []
    source = "import math\n\n\ndef f(numbers):\n    return sum(numbers)\n"
    assert writer.ids(source, given) == writer.ids("def f(numbers):\n    return sum(numbers)\n", plain)
    pinned = replace(writer, restates=None)
    assert pinned.tokens.layout(pinned.head(given), "python")[0].strip() == "import math"
    seen = writer.sure(given, source)
    assert seen is not None
    assert len(seen.lines) == 5
    assert seen.lines[0] == 1.0
    assert min(seen.lines) == min(seen.lines[-2:])
    *_, sketch = writer.mend(given, source, groups=[[5]], hint="", count=1, seed=0)
    assert sketch.sources[0].startswith("import math\n\n\ndef f(numbers):\n    ")
