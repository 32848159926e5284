"""Heads of functions are read, and values are kept to their types on both sides."""

import pytest
from agentic_diffusion_code.sandbox.shapes import Head, fits, head, kind_of, typed


@pytest.mark.parametrize(
    ("language", "source", "params", "returns"),
    [
        (
            "java",
            "class S {\n  static List<Long> f(String s, Map<String, Long> m, int n) { return null; }\n}",
            ("str", "dict[str, int]", "int"),
            "list[int]",
        ),
        (
            "go",
            "func f(a, b int, m map[string][]int) []string {",
            ("int", "int", "dict[str, list[int]]"),
            "list[str]",
        ),
        (
            "rust",
            "pub fn f(s: &str, xs: &[i64], v: Vec<Vec<String>>) -> f64 {",
            ("str", "list[int]", "list[list[str]]"),
            "float",
        ),
        ("rust", "fn f() -> HashMap<String, bool> {", (), "dict[str, bool]"),
        ("c", "long f(const long *xs, long n, const char *s) {", ("list[int]", "str"), "int"),
        ("c", "char *f(const char *const *ws, size_t n) {", ("list[str]",), "str"),
    ],
)
def test_heads_are_read(language, source, params, returns) -> None:
    found = head(source, "f", language)
    assert isinstance(found, Head)
    assert tuple(kind for _, kind in found.params) == params
    assert found.returns[1] == returns


@pytest.mark.parametrize(
    ("language", "source", "says"),
    [
        ("java", "class S { static long g(long x) { return x; } }", "no function f"),
        ("java", "class S { static Thread f(long x) { return null; } }", "answers of type"),
        ("go", "func f(x chan int) int {", "arguments of type"),
        ("rust", "fn f(x: u8) -> i64 {", "arguments of type"),
        ("c", "void f(long x) {", "answers of type"),
    ],
)
def test_other_heads_are_refused(language, source, says) -> None:
    assert says in str(head(source, "f", language))


def test_kinds_that_are_not_known() -> None:
    assert kind_of("map[float64]int", "go") is None
    assert kind_of("List<Thread>", "java") is None


def test_values_are_kept_to_their_types() -> None:
    assert fits([1, 2], "list[int]")
    assert fits({"a": [True]}, "dict[str, list[bool]]")
    for value, kind in (
        (True, "int"),
        (1 << 63, "int"),
        ("\0", "str"),
        ("\ud800", "str"),
        ((1,), "list[int]"),
        (1, "bool"),
    ):
        assert not fits(value, kind)
    assert typed(2, "float") == 2.0
    assert isinstance(typed(2, "float"), float)
    assert typed(None, "list[int]") == []
    assert typed({"1": "a"}, "dict[int, str]") == {1: "a"}
    for value, kind in (
        (1.5, "int"),
        ("a", "list[str]"),
        ([1], "dict[str, int]"),
        (None, "str"),
        ({"x": 1}, "dict[int, int]"),
    ):
        with pytest.raises(ValueError):
            typed(value, kind)
