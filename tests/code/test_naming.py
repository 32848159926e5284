"""Names: one that the model does not know has a stand-in, and examples say what types there are."""

from dataclasses import replace

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.compose import calls_so
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.embedded import load_writer
from agentic_diffusion_code.naming import signature_of, stand_in


def test_names_of_the_corpus_need_no_stand_in() -> None:
    tasks = generate(seed=11)
    assert all(calls_so(next(tasks).entry) for _ in range(60))
    assert stand_in(asked("says something", ["reverse_list([1]) == [1]"])) is None
    assert stand_in(asked("says something")) is None


def test_a_strange_name_has_a_free_stand_in() -> None:
    request = asked("how to solve it", ["has_close_elements(2) == 4"])
    other = stand_in(request)
    assert other is not None
    assert other.other == "compute"
    assert other.there("has_close_elements(has_close)") == "compute(has_close)"
    assert other.told("as has_close_elements does") == "as compute does"
    assert (
        other.back("def compute(x):\n    return computer\n")
        == "def has_close_elements(x):\n    return computer\n"
    )
    crowded = asked("solve compute answer process task", ["odd_one(2) == 4"])
    assert stand_in(crowded) is None


@pytest.mark.parametrize(
    ("said", "examples", "signature"),
    [
        (
            "adds",
            ["f([1, 2], 3) == [3]", "f([], 3) == []"],
            "def f(numbers: list[int], number: int) -> list[int]:",
        ),
        ("adds `a` to `b`", ["f(1, 2) == 3"], "def f(a: int, b: int) -> int:"),
        ("joins", ["f(['a']) == 'a'", "f([]) raises ValueError"], "def f(words: list[str]) -> str:"),
        ("counts", ["f('ab') == {'a': 1}"], "def f(text: str) -> dict[str, int]:"),
        ("groups", ["f(['a']) == {1: ['a']}"], "def f(words: list[str]) -> dict[int, list[str]]:"),
        ("mixes", ["f([1, 'a']) == 1"], "f"),
        ("mixes", ["f(1) == 1", "f('a') == 1"], "f"),
        ("says nothing of what it returns", ["f(1) raises ValueError"], "f"),
        ("adds `a` and `b`", ["f((1, 2), 3) == 3"], "f"),
        ("takes `x` unless it is `lambda`", ["f(1) == 1"], "def f(x: int) -> int:"),
        ("Write `f`, which doubles", ["f(1) == 2"], "def f(number: int) -> int:"),
        ("has many", ["f(1, 2, 3, 4) == 1"], "f"),
    ],
)
def test_examples_say_the_types(said: str, examples: list[str], signature: str) -> None:
    assert signature_of(asked(said, examples)) == signature


def test_a_given_signature_stays() -> None:
    request = asked("adds", ["f(1) == 2"], signature="def f(x):")
    assert signature_of(request) == "def f(x):"
    assert signature_of(asked("adds")) == ""


def test_the_shipped_writer_gives_the_name_back() -> None:
    writer, _ = load_writer()
    request = asked("Return the square of the number.", ["quadratwert(3) == 9"])
    strange = writer.ids("def quadratwert(number):\n    return number * number\n", request)
    usual = asked("Return the square of the number.", ["solve(3) == 9"])
    assert strange == writer.ids("def solve(number):\n    return number * number\n", usual)
    assert writer.prompt(request) == writer.prompt(usual)
    *_, sketch = writer.write(request, count=1, seed=0, temperature=0.0)
    assert "def quadratwert(" in sketch.sources[0]
    assert "solve" not in sketch.sources[0]


def test_a_name_that_is_a_word_stays_one() -> None:
    other = stand_in(asked("Return the average of the numbers.", ["average([1, 3]) == 2"]))
    assert other is not None
    assert other.told("Return the average of the numbers.") == "Return the average of the numbers."
    assert other.told("Write `average`, as average(x) does.") == "Write `solve`, as solve(x) does."
    aside = "Return the average (the mean), 'average(x)' or average(x)."
    assert other.told(aside) == "Return the average (the mean), 'average(x)' or solve(x)."
    strange = stand_in(asked("Returns it.", ["n_th([1, 3]) == 2"]))
    assert strange is not None
    assert strange.told("n_th puts 'n_th: ' before") == "solve puts 'n_th: ' before"
    source = "def average(total):\n    average = total.average(1)\n    return average(average)\n"
    assert (
        other.there(source)
        == "def solve(total):\n    average = total.average(1)\n    return solve(average)\n"
    )
    assert other.back(other.there(source)) == source


@pytest.mark.parametrize("language", ["python", "javascript", "typescript", "java", "go", "rust", "c"])
def test_names_of_every_language_are_known(language: str) -> None:
    tasks = generate(seed=12, languages=(language,))
    assert all(calls_so(next(tasks).entry) for _ in range(40))


def test_without_a_stand_in_the_prompt_has_the_name() -> None:
    writer, _ = load_writer()
    request = asked("Return the square of the number.", ["quadratwert(3) == 9"])
    plain = replace(writer, restates=None)
    assert plain.prompt(request) != writer.prompt(request)
    assert plain.prompt(request)[-1:] == tuple(writer.tokens.encode("quadratwert", "python"))[-1:]
    words = asked("Return the average of the numbers.", ["average([1, 3]) == 2.0"])
    *_, sketch = writer.write(words, count=1, seed=0, temperature=0.0)
    assert "def average(" in sketch.sources[0]
