"""The intermediate form: types, and passing every part through a change."""

from agentic_diffusion_code.corpus import ir, read


def test_types():
    assert ir.element_of("list[list[int]]") == "list[int]"
    assert ir.element_of("str") == "str"
    assert ir.element_of("dict[str, list[int]]") == "str"
    assert ir.value_of("dict[str, list[int]]") == "list[int]"


def test_rebuilding_reaches_every_part():
    text = (
        "out: list[int] = []\nd: dict[str, int] = {}\nfor c in x:\n    if c == 'a':\n        out.append(1)\n"
        "    else:\n        d[c] = 2\nn = 3\nwhile n > 0:\n    n = n - 1\n    break\n"
        "if n > 9:\n    raise ValueError('no')\n"
        "return sum([m if m > 4 else 5 for m in sorted(out, key=lambda k: k + 6) if m != 7])"
    )
    body = read.read_body(text, (("x", "str"),))
    seen = []
    same = ir.rebuild_body(body, lambda e: seen.append(e) or e)
    assert same == body
    assert {e.value for e in seen if isinstance(e, ir.Lit)} >= {1, 2, 3, 0, 9, 4, 5, 6, 7, "a"}


def test_uses_counts_loops_twice():
    expr = read.read_expr(
        "[x for y in z if x > 0] + sorted(z, key=lambda q: x)", (("x", "int"), ("z", "list[int]"))
    )
    assert ir.uses(expr, "x") == 6
    assert ir.uses(expr, "z") == 2
    choose = read.read_expr("x if x > 0 else 1", (("x", "int"),))
    assert ir.uses(choose, "x") == 2


def test_the_last_function_is_the_entry():
    f, g = (ir.Function(name, (), "int", (ir.Return(ir.Lit(1, "int")),)) for name in "fg")
    assert ir.Program((f, g)).entry is g
