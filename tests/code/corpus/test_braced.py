"""What the typed languages share: templates, brackets, and what is refused."""

import pytest
from agentic_diffusion_code.corpus import ir, read
from agentic_diffusion_code.corpus.braced import Braced, never_negative, pascal, quoted
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.render_c import C
from agentic_diffusion_code.corpus.render_go import Go
from agentic_diffusion_code.corpus.render_java import Java
from agentic_diffusion_code.corpus.render_rust import Rust

TYPES = (
    ("x", "int"),
    ("y", "int"),
    ("s", "str"),
    ("xs", "list[int]"),
    ("b", "bool"),
    ("d", "dict[str, int]"),
)


def said(language: type[Braced], text: str) -> str:
    return language().expr(read.read_expr(text, TYPES))


@pytest.mark.parametrize("language", [Java, Go, Rust, C])
def test_brackets_are_where_they_are_needed(language: type[Braced]) -> None:
    one = "1L" if language is Java else "1"
    assert said(language, "(x + y) * y") == "(x + y) * y"
    assert said(language, "x - (y - x)") == "x - (y - x)"
    assert said(language, "not (b and x > y)") == "!(b && x > y)"
    assert said(language, "-(-x)") == "-(-x)"
    assert said(language, f"x - {1}") == f"x - {one}"
    assert said(language, "x % y == 0").endswith("x % y == 0L" if language is Java else "x % y == 0")


def test_small_things() -> None:
    assert pascal("is_even") == "isEven"
    assert quoted('a"\n') == '"a\\"\\n"'
    with pytest.raises(UnsayableError):
        quoted("é")
    assert never_negative(read.read_expr("len(s)", TYPES))
    assert not never_negative(read.read_expr("x", TYPES))


@pytest.mark.parametrize("language", [Java, Go, Rust, C])
def test_what_has_no_plain_form_is_refused(language: type[Braced]) -> None:
    for text in ("s.title()", "s.swapcase()", "[1, 2] < xs"):
        function = ir.Function("f", TYPES, "str", read.read_body(f"return {text}", TYPES))
        with pytest.raises(UnsayableError):
            language().render(ir.Program((function,)))
