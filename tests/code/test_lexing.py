"""Lexemes of every language."""

import pytest
from agentic_diffusion_code.lexing import LEXICONS, closer, opener


@pytest.mark.parametrize(
    ("language", "source", "lexemes"),
    [
        ("python", "x = f'a {b}' # c", ["x", "=", "f'a {b}'", "# c"]),
        ("python", "a//b**1.5e-3", ["a", "//", "b", "**", "1.5e-3"]),
        ("python", '"""a"b\nc"""', ['"""a"b\nc"""']),
        ("javascript", "a = /x[/]y/g; b/c/d", ["a", "=", "/x[/]y/g", ";", "b", "/", "c", "/", "d"]),
        ("javascript", "`a\n${b}`?.c", ["`a\n${b}`", "?.", "c"]),
        ("rust", "&'a str 'b' 1..5 r#\"c\"#", ["&", "'a", "str", "'b'", "1", "..", "5", 'r#"c"#']),
        ("go", "x := `a\\` // b", ["x", ":=", "`a\\`", "// b"]),
        ("java", "a >>>= 0x1FL;", ["a", ">>>=", "0x1FL", ";"]),
        ("c", "#define A \\\n 1\nx->y", ["#define A \\\n 1", "\n", "x", "->", "y"]),
    ],
)
def test_cut(language, source, lexemes):
    assert LEXICONS[language].cut(source) == lexemes


def test_nothing_but_white_space_is_lost():
    for lexicon in LEXICONS.values():
        text = "é § \\ ' \" ` 1.2.3 @@ $x"
        assert "".join("".join(lexicon.cut(text)).split()) == "".join(text.split())


def test_openers_and_closers_belong_together():
    assert (opener("rb'''x'''"), closer("rb'''")) == ("rb'''", "'''")
    assert (opener('r#"x"#'), closer('r#"')) == ('r#"', '"#')
    assert opener('"unfinished') == ""
    assert opener("word") == ""
