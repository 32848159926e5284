"""White space between lexemes: readable, and never the end of one."""

import pytest
from agentic_diffusion_code.lexing import LEXICONS
from agentic_diffusion_code.spacing import BREAK, DEDENT, INDENT, Layout


def shown(language, lexemes):
    gaps = Layout(language).gaps(lexemes)
    return "".join(
        gap + ("" if lexeme in (INDENT, DEDENT) else lexeme)
        for gap, lexeme in zip(gaps, lexemes, strict=True)
    )


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("python", "def f(x: int = 1, *, y=2) -> list[int]:"),
        ("python", "return -x ** 2 if a[1:] else {1: (2,)}"),
        ("python", "@cache"),
        ("javascript", "const f = (x) => !x ? { y: -1 } : [...z];"),
        ("typescript", "let m: Map<string, Array<number>> = new Map<string, number>(x);"),
        ("java", "Map<String, List<Long>> f(int[] a) { i++; return (x) -> x < 3; }"),
        ("go", "func f(items []string, m map[string][]int) ([]int, error) {}"),
        ("rust", "let v: Vec<i64> = vec![1].iter().map(|x| x + 1).collect()?;"),
        ("c", "char *f(const char *s, long n) { return n ? *s : 0; }"),
    ],
)
def test_usual_lines_look_usual(language, text):
    assert shown(language, LEXICONS[language].cut(text)) == text


def test_blocks_are_indented_by_marks_and_by_brackets():
    python = ["if", "a", ":", BREAK, INDENT, "b", BREAK, DEDENT, "c"]
    assert shown("python", python) == "if a:\n    b\nc"
    assert shown("go", ["f", "(", ")", "{", BREAK, "a", BREAK, "}"]) == "f() {\n\ta\n}"


@pytest.mark.parametrize(
    "pair", [("-", "-"), ("+", "+"), (">", "="), ("1", "."), ("a", "b"), ("/", "/"), ("&", "&")]
)
def test_two_lexemes_never_become_one(pair):
    for language, lexicon in LEXICONS.items():
        text = shown(language, ["x", *pair, "y"])
        if lexicon.cut(" ".join(pair)) == list(pair):
            assert lexicon.cut(text) == ["x", *pair, "y"], (language, text)
