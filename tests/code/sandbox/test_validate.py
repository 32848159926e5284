import pytest
from agentic_diffusion_code.sandbox.validate import clean_entry, clean_source, hidden_characters


@pytest.mark.parametrize("source", [b"\xff\xfe", "a\0b", "x" * 10_000_000, "é" * 200_000, "\ud800", 7, None])
def test_sources_that_cannot_be_run(source):
    text, trouble = clean_source(source)
    assert text == ""
    assert trouble


@pytest.mark.parametrize("source", ["", "print('é')", b"pass", "x" * 1000])
def test_sources_that_can(source):
    text, trouble = clean_source(source)
    assert trouble is None
    assert type(text) is str


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "a.b", "é", "class", "__import__", "a" * 65, "a\n", 3, "solve(x)"]
)
def test_names_that_are_none(name):
    assert clean_entry(name)[1]


def test_names():
    assert clean_entry("solve_2") == ("solve_2", None)


@pytest.mark.parametrize("text", ["a\u202eb", "\u200b", "\x1b[0m", "\ufeff", "\U000e0041", "\x00"])
def test_characters_that_hide(text):
    assert hidden_characters(text).startswith("U+")


def test_ordinary_text_hides_nothing():
    assert hidden_characters("tab\tand\r\nline é 漢字 \f") is None
