"""What the coder writes in Python is said in other languages, parsed and tested there."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.cases import Case, Check, LanguageName, Raises
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import CodeRequest, asked
from agentic_diffusion_code.evaluate import coded, single
from agentic_diffusion_code.questions import built_in
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.sandbox.base import Execution
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.spoken import Interpreter, Spoken, UnsayableError
from agentic_diffusion_code.verify import verify
from scribe import Scribe

EVEN = (
    "def sum_even(numbers: list[int]) -> int:\n    if not numbers:\n"
    '        raise ValueError("nothing")\n    return sum(n for n in numbers if n % 2 == 0)\n'
)
PLAIN = "def sum_even(numbers: list[int]) -> int:\n    return sum(n for n in numbers if n % 2 == 0)\n"
ODD = PLAIN.replace("== 0", "== 1")
SIGNATURES: dict[LanguageName, str] = {
    "javascript": "function sumEven(numbers) {",
    "typescript": "function sumEven(numbers: number[]): number",
    "java": "static long sumEven(List<Long> numbers) {",
    "go": "func sumEven(numbers []int) int",
    "rust": "fn sum_even(numbers: Vec<i64>) -> i64 {",
    "c": "long sum_even(const long *numbers, long numbers_length) {",
}
ERRORS = {"javascript": "Error", "typescript": "Error", "java": "IllegalArgumentException"}
WANTED = "def sum_even(numbers: list[int]) -> int:"


def wanting(language: LanguageName, *, signature: str | None = None) -> CodeRequest:
    entry = "sum_even" if language in ("rust", "c") else "sumEven"
    request = asked(
        f"Return the sum of the even `numbers`, by `{entry}`.",
        [f"{entry}([1, 2, 4]) == 6", f"{entry}([3]) == 0"],
        language=language,
        signature=SIGNATURES[language] if signature is None else signature,
    )
    error = ERRORS.get(language)
    refusing = (Case(arguments=([],), expected=Raises(type=error)),) if error else ()
    return request.model_copy(update={"tests": (*request.tests, *refusing)})


def coder(fence: ProcessSandbox | None, *sources: str) -> Coder:
    return Coder(Scribe(*sources), fence, count=0, rounds=len(sources) - 1, speaks=Interpreter())


@pytest.mark.parametrize("language", list(SIGNATURES))
def test_a_request_is_put_in_pythons_words(language: LanguageName) -> None:
    spoken = Interpreter()(wanting(language))
    assert spoken is not None
    assert spoken.request.language == "python"
    assert spoken.request.signature == WANTED
    assert spoken.request.entry == "sum_even"
    assert "by `sum_even`" in spoken.request.description
    for test in spoken.request.tests[2:]:
        assert isinstance(test, Case)
        assert test.expected == Raises(type="ValueError")
    assert "".join(SIGNATURES[language].strip(" {").split()) in "".join(spoken.say(PLAIN).split())


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ("func addKAll(string_ string) int", "def add_k_all(string: str) -> int:"),
        ("func fromUTF8(len_ int) int", "def from_utf8(len_: int) -> int:"),
        ("func class_(x int, x_ int) int", ""),
    ],
)
def test_names_are_put_as_python_writes_them(there: str, here: str) -> None:
    name = there.split("(")[0].removeprefix("func ")
    request = asked("adds", [f"{name}(1) == 2"], language="go", signature=there)
    spoken = Interpreter()(request)
    assert spoken is not None
    assert spoken.request.signature == here
    if here:
        assert there in spoken.say(f"{here}\n    return 1\n")


@pytest.mark.parametrize("language", list(SIGNATURES))
def test_what_holds_in_python_holds_there(language: LanguageName, fence: ProcessSandbox) -> None:
    if toolchain(language) is None:
        pytest.skip(f"no {language} on this machine")
    request = wanting(language)
    if language in ("java", "typescript"):  # each start of these compilers takes seconds
        request = request.model_copy(update={"tests": request.tests[:1]})
    plan = coder(fence, ODD, EVEN if language in ERRORS else PLAIN).plan(request)
    assert not plan.abstained
    assert plan.request == request
    value = plan.chosen.value
    assert value.language == language
    assert verify(value.source, request.task(), sandbox=fence).passed
    assert plan.chosen.verdict.evidence["written_in"] == "python"
    assert plan.chosen.verdict.evidence["tests"] == len(request.tests)


def test_the_words_of_a_refusal_are_pythons() -> None:
    said = "Return `theSum` of `someNumbers`. Throw an Error if `someNumbers` is empty."
    spoken = Interpreter()(asked(said, ["theSum([1]) == 1"], language="javascript"))
    assert spoken is not None
    assert (
        spoken.request.description
        == "Return `the_sum` of `some_numbers`. Raise a ValueError if `some_numbers` is empty."
    )


def test_names_that_are_asked_for_are_kept() -> None:
    request = wanting("javascript", signature="function sumEven(my_numbers)")
    spoken = Interpreter()(request)
    assert spoken is not None
    said = spoken.say(EVEN.replace("numbers", "my_numbers"))
    assert "function sumEven(my_numbers)" in said
    assert "myNumbers" not in said
    with pytest.raises(UnsayableError, match="last function"):
        spoken.say(EVEN.replace("sum_even", "other"))
    taking = PLAIN.replace("numbers", "a").replace("    return", "    total = 3\n    return total +")
    other = Spoken(wanting("javascript", signature="function sumEven(total)"), spoken.request)
    with pytest.raises(UnsayableError, match="taken"):
        other.say(taking)


@pytest.mark.parametrize("name", ["a\\d", "x = 3", "...xs", "t"])
def test_names_that_cannot_be_put_in_are_refused(name: str) -> None:
    spoken = Interpreter()(asked("words", language="javascript", signature=f"function f({name})"))
    assert spoken is not None
    with pytest.raises(UnsayableError):
        spoken.say("def f(text: str) -> list[str]:\n    return [t for t in text.split()]\n")


def test_words_that_mean_something_else_are_left_alone() -> None:
    said = "Return the lines that hold `Error` after a Panic, and `A`. Panic if there are none."
    spoken = Interpreter()(asked(said, ["theLines('a') == 1"], language="go"))
    assert spoken is not None
    assert spoken.request.description == said.replace(". Panic if", ". Raise a ValueError if")


def test_numbers_are_of_one_type_where_one_has_a_fraction() -> None:
    spoken = Interpreter()(asked("halves", ["f(3, [1]) == 1.5", "f(4, [2.5]) == 2"], language="javascript"))
    assert spoken is not None
    first, second = spoken.request.tests
    assert isinstance(first, Case)
    assert isinstance(second, Case)
    assert (first.arguments, second.arguments) == ((3, [1.0]), (4, [2.5]))
    assert type(second.expected) is float
    whole = Interpreter()(asked("halves", ["f(4) == 2"], language="javascript"))
    assert whole is not None
    assert whole.request.tests == whole.asked.tests


def test_what_is_too_long_in_python_is_said() -> None:
    with pytest.raises(InvalidStateError, match="too long"):
        Interpreter()(asked("`aB` " * 1500, language="go"))


def test_types_are_told_by_examples_where_a_language_has_none() -> None:
    request = asked(
        "joins", ["f(['a'], 2) == 'aa'"], language="javascript", signature="function f(words, count)"
    )
    spoken = Interpreter()(request)
    assert spoken is not None
    assert spoken.request.signature == "def f(words: list[str], count: int) -> str:"
    unknown = Interpreter()(asked("joins", language="javascript", signature="function f(words, count)"))
    assert unknown is not None
    assert unknown.request.signature == ""
    table = asked("counts", language="typescript", signature="function f(m: Map<string, number>): boolean")
    told = Interpreter()(table)
    assert told is not None
    assert told.request.signature == "def f(m: dict[str, int]) -> bool:"
    odd = Interpreter()(asked("odd", language="java", signature="static Thread f(long x) {"))
    assert odd is not None
    assert odd.request.signature == ""


def test_what_needs_no_interpreter_is_left_alone() -> None:
    interpreter = Interpreter()
    assert interpreter(asked("doubles", ["f(1) == 2"])) is None
    assert Interpreter(frozenset({"go"}))(asked("doubles", language="go")) is None


def test_text_in_a_language_that_is_not_written_is_refused() -> None:
    held = asked("doubles", language="go").model_copy(update={"prefix": "package main"})
    with pytest.raises(InvalidStateError, match="a prefix in go"):
        Interpreter()(held)
    assert Interpreter(frozenset({"go"}))(held) is None
    checked = asked("doubles", language="go").model_copy(update={"tests": (Check(test="x"),), "entry": "f"})
    with pytest.raises(InvalidStateError, match="tests written as code in go"):
        Interpreter()(checked)


def test_what_cannot_be_said_is_no_answer(fence: ProcessSandbox) -> None:
    plan = coder(fence, PLAIN.replace("% 2 == 0", "in {2: 3}")).plan(
        asked("evens", ["sumEven([2]) == 2"], language="javascript")
    )
    assert plan.abstained
    reasons = json.dumps(plan.chosen.verdict.evidence["reasons"])
    assert "1 programs hold in python and not in javascript" in reasons
    assert "cannot be read" in reasons
    other = coder(fence, EVEN).plan(wanting("javascript", signature="function sumEven(numbers, more)"))
    assert other.abstained
    assert "signature" in json.dumps(other.chosen.verdict.evidence["reasons"])


def test_a_draft_is_returned_where_it_holds(fence: ProcessSandbox) -> None:
    draft = "function sumEven(numbers) {\n  return 6;\n}\n"
    six = asked("six", ["sumEven([2, 4]) == 6"], language="javascript", draft=draft)
    plan = coder(fence, ODD).plan(six)
    assert plan.chosen.value.source == draft
    assert plan.chosen.verdict.evidence["tests"] == 1
    assert "written_in" not in plan.chosen.verdict.evidence
    more = wanting("javascript").model_copy(update={"draft": draft})
    better = coder(fence, EVEN).plan(more)
    assert "reduce" in better.chosen.value.source
    assert coder(fence, ODD, ODD.replace("numbers", "values")).plan(more).abstained
    assert plan.confidence == 1.0
    untested = coder(fence, PLAIN).plan(six.model_copy(update={"tests": (), "entry": None}))
    assert "filter" in untested.chosen.value.source


class Without:
    """A fence in which one language has no toolchain."""

    def __init__(self, fence: ProcessSandbox) -> None:
        self.fence = fence

    def call(self, source: str, entry: str, arguments: Sequence[Any], *, language: str, **more: Any) -> Any:
        if language == "python":
            return self.fence.call(source, entry, arguments, language=language, **more)
        return [Execution(status="refused", stderr="toolchain missing: no go on this machine")] * len(
            arguments
        )


def test_a_missing_toolchain_is_said(fence: ProcessSandbox) -> None:
    plan = coder(Without(fence), EVEN).plan(wanting("go"))  # type: ignore[arg-type]
    assert plan.abstained
    reasons = json.dumps(plan.chosen.verdict.evidence["reasons"])
    assert "toolchain missing: no go on this machine" in reasons
    untested = wanting("go").model_copy(update={"tests": ()})
    said = coder(Without(fence), EVEN).plan(untested)  # type: ignore[arg-type]
    assert said.chosen.value.source.startswith("package main")


def test_figures_are_those_of_the_language_that_was_asked_for(fence: ProcessSandbox) -> None:
    (question,) = built_in(seed=3, count=1, split="composition", languages=("javascript",))
    none = coder(fence, "def f(x: int) -> int:\n    return x\n")
    first = single(none, question, sandbox=fence)
    assert not first.passed
    assert first.clean is None
    assert not coded(none, question, sandbox=fence).returned
