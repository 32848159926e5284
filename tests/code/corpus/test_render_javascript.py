"""JavaScript and TypeScript: the same answers as the reference evaluator, in canonical text."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir, read
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.render_javascript import Renderer, camel, type_of
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.verify import verify

TYPES = (("x", "int"), ("s", "str"), ("xs", "list[int]"), ("b", "bool"))
PLAIN = Renderer(typed=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x % 3 == 0", "x % 3 === 0"),
        ("abs(x) % 10", "Math.abs(x) % 10"),
        ("x % 3", "((x % 3) + 3) % 3"),
        ("x // 2", "Math.floor(x / 2)"),
        ("sum(1 for n in xs if n > 0)", "xs.filter((n) => n > 0).length"),
        ("any(c.isdigit() for c in s)", 's.split("").some((c) => /^[0-9]+$/.test(c))'),
        ("sorted(xs, key=lambda n: -n)", "xs.slice().sort((a, b) => -a - -b)"),
        ("not (b and x > 1)", "!(b && x > 1)"),
        ("xs[1]", "xs[1]"),
        ("xs[-1]", "xs[xs.length - 1]"),
        ("sorted(xs)[-1]", "xs.slice().sort((a, b) => a - b).slice(-1)[0]"),
        ("[i for i in range(x)]", "Array.from({ length: Math.max(0, x) }, (_, i) => i)"),
    ],
)
def test_expressions(text, said):
    assert PLAIN.expr(read.read_expr(text, TYPES)) == said


def test_statements_and_types():
    text = (
        "out: list[int] = []\nn = x\nfor i in range(3):\n    if i > 1:\n        out.append(i)\n    elif i == 0:\n"
        "        n += 1\n    else:\n        break\nwhile n > 0:\n    n = n // 2\n"
        "if b:\n    raise ValueError('no')\nreturn out"
    )
    function = ir.Function("my_function", TYPES, "list[int]", read.read_body(text, TYPES))
    said = Renderer(typed=True).render(ir.Program((function,)))
    assert said.startswith(
        "function myFunction(x: number, s: string, xs: number[], b: boolean): number[] {\n"
    )
    assert "const out: number[] = [];" in said
    assert "let n = x;" in said
    assert "} else if (i === 0) {\n      n += 1;\n    } else {\n      break;" in said
    assert 'throw new Error("no");' in said


def test_names_and_types():
    assert [camel(name) for name in ("is_even", "double", "x")] == ["isEven", "double_", "x"]
    assert type_of("dict[str, list[int]]") == "Map<string, number[]>"


def test_what_has_no_plain_form_is_refused():
    with pytest.raises(UnsayableError):
        PLAIN.render(ir.Program((ir.Function("f", (("d", "dict[str, int]"),), "int", ()),)))
    with pytest.raises(UnsayableError):
        PLAIN.expr(read.read_expr("s.title()", TYPES))


@pytest.mark.skipif(toolchain("javascript") is None, reason="node is not on this machine")
def test_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=12, languages=("javascript",)), 25):
        judged = verify(task.source, task.asked(), sandbox=fence)
        assert judged.passed, (task.source, judged.failures[:1])


@pytest.mark.parametrize(
    "text", ["max(xs, key=lambda n: n * a)", "xs.count(other)", "xs[::i]", "[n for n in range(i, x)]"]
)
def test_names_of_arrow_functions_are_not_those_of_the_program(text):
    types = (*TYPES, ("a", "int"), ("i", "int"), ("other", "int"))
    with pytest.raises(UnsayableError, match="arrow"):
        PLAIN.expr(read.read_expr(text, types))


def test_only_ones_are_counted_by_length():
    assert PLAIN.expr(read.read_expr("sum(3 for n in xs if n > 0)", TYPES)).endswith(
        "reduce((a, b) => a + b, 0)"
    )
    assert PLAIN.expr(read.read_expr("x * (x % 3)", TYPES)) == "x * (((x % 3) + 3) % 3)"
