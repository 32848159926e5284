"""Python as it is rendered: reads back as the same thing, with the brackets it needs."""

import pytest
from agentic_diffusion_code.corpus import ir, read, render_python
from agentic_diffusion_code.corpus.catalogue import everything

TYPES = (("x", "int"), ("s", "str"), ("xs", "list[int]"), ("d", "dict[str, int]"), ("b", "bool"))


@pytest.mark.parametrize(
    "text",
    [
        "(x + 1) * 2 - (x - (3 - x))",
        "-x ** 2 % 5",
        "(-x) ** 2",
        "x // (2 * x)",
        "not (b and x > 1) or b",
        "s not in s",
        "s[1:2] + s[::-1]",
        "[n * n for n in xs if n > 0][::-1]",
        "sum(n for n in xs if n > 0)",
        "(1 if b else 2) + 3",
        "sorted(xs, key=lambda n: -n, reverse=True)",
        "max(d.get(s, 0), 1)",
        '",".join(str(n) for n in xs)',
        "list(dict.fromkeys(xs))",
        "not xs",
        "xs[-1]",
    ],
)
def test_brackets_are_there_where_they_must_and_nowhere_else(text):
    readable = text.replace("list(dict.fromkeys(xs))", "unique(xs)").replace("not xs", "b")
    tree = read.read_expr(readable, TYPES)
    tree = ir.Call("is_empty", (ir.Name("xs", "list[int]"),), "bool") if text == "not xs" else tree
    assert render_python.expr(tree) == text


def test_statements():
    text = (
        "out: list[int] = []\nfor n in xs:\n    if n > 0:\n        out.append(n)\n    elif n == 0:\n        break\n"
        '    else:\n        raise ValueError("below")\nwhile x > 0:\n    x -= 1\nd[s] = x\nreturn out'
    )
    function = ir.Function("f", TYPES, "list[int]", read.read_body(text, TYPES), "Say.")
    lines = render_python.render(ir.Program((function,))).splitlines()
    assert lines[0] == "def f(x: int, s: str, xs: list[int], d: dict[str, int], b: bool) -> list[int]:"
    assert lines[1] == '    """Say."""'
    assert "\n".join(line[4:] for line in lines[2:]) == text


def test_groups():
    push = ir.Push("t", "dict[str, list[int]]", ir.Lit(1, "int"), ir.Lit("a", "str"))
    function = ir.Function("f", (), "int", (push,))
    assert 't.setdefault("a", []).append(1)' in render_python.render(ir.Program((function,)))


def test_every_primitive_compiles():
    for prim in everything():
        text = render_python.render(
            ir.Program((ir.Function(prim.name, prim.types, prim.target, prim.statements()),))
        )
        compile(text, prim.name, "exec")


def test_a_division_behind_a_product_has_brackets() -> None:
    types = (("x", "int"), ("y", "int"), ("s", "str"))
    for text in ("x * (y // 2)", "x * (y % 3 * 2)", "s * (x // 2)", "s * (x * 5 // 100 * 3)", "x // y * 2"):
        assert render_python.expr(read.read_expr(text, types)) == text
