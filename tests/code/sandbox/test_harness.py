"""The program around a function: literals that mean the value, and lines that are read back with care."""

import pytest
from agentic_diffusion_code.sandbox.harness import HARNESSES, read_line
from agentic_diffusion_code.sandbox.shapes import head

SOURCES = {
    "java": "class S {\n  static String f(String s, List<Long> xs, boolean b, double d) {\n    return s;\n  }\n}\n",
    "go": "package main\nfunc f(s string, xs []int, b bool, d float64) string {\n\treturn s\n}\n",
    "rust": "fn f(s: String, xs: Vec<i64>, b: bool, d: f64) -> String {\n    return s;\n}\n",
    "c": "const char *f(const char *s, const long *xs, long n, bool b, double d) {\n    return s;\n}\n",
}
SAID = {
    "java": ('"a\\"\\n\\u00e9\\ud83d\\ude00"', "asList(1L, -2L)", "true", "2.0", "S.f("),
    "go": ('"a\\"\\n\\U000000e9\\U0001f600"', "[]int{1, -2}", "true", "2.0", " f("),
    "rust": ('"a\\"\\n\\u{e9}\\u{1f600}".to_string()', "vec![1, -2]", "true", "2.0", " f("),
    "c": ('"a\\"\\n\\303\\251\\360\\237\\230\\200"', "(const long[]){1L, -2L}, 2", "true", "2.0", "(f("),
}


@pytest.mark.parametrize("language", HARNESSES)
def test_arguments_become_literals(language) -> None:
    shape = head(SOURCES[language], "f", language)
    program = HARNESSES[language].program(
        SOURCES[language], "f", shape, calls=[['a"\né😀', [1, -2], True, 2]], mark="mark9"
    )
    for piece in SAID[language]:
        assert piece in program
    assert "mark9 " in program


def test_only_marked_lines_are_answers() -> None:
    assert read_line("m 3 ok [1]", "m") == (3, "ok", [1])
    assert read_line('m 3 raised ["panic","no"]', "m") == (3, "raised", ["panic", "no"])
    assert read_line("3 ok [1]", "m") is None
    assert read_line("m x ok 1", "m") is None
    assert read_line("m 3 ok {", "m")[1:] == ("raised", ["an answer that is no JSON", "{"])
