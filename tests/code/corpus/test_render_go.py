"""Go: the forms that are its own, and the same answers as the reference evaluator."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir, read
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.measure import PATIENT
from agentic_diffusion_code.corpus.render_go import Go
from agentic_diffusion_code.language import by_name
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.verify import verify

TYPES = (
    ("x", "int"),
    ("s", "str"),
    ("xs", "list[int]"),
    ("ws", "list[str]"),
    ("b", "bool"),
    ("d", "dict[str, int]"),
)


def whole(text, returns, types=TYPES[:1]):
    return Go().render(ir.Program((ir.Function("my_function", types, returns, read.read_body(text, types)),)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x % 3", "(x % 3 + 3) % 3"),
        ("len(s) % 3", "len(s) % 3"),
        ("x // 2", "int(math.Floor(float64(x) / float64(2)))"),
        ("s == 'a'", 's == "a"'),
        ("s[0]", "string(s[0])"),
        ("ord(s)", "int(s[0])"),
        ("d['a']", 'd["a"]'),
        ("d.get('a', 0)", 'valueOr(d, "a", 0)'),
        ("sorted(xs)", "sortedUp(xs)"),
        ("s + str(x)", "s + strconv.Itoa(x)"),
    ],
)
def test_expressions(text, said):
    assert Go().expr(read.read_expr(text, TYPES)) == said


def test_statements_and_what_is_written_once():
    text = (
        "out: list[int] = []\nfor i in range(3):\n    if i > 1:\n        out.append(i)\n"
        "    elif i == 0:\n        x += 1\n    else:\n        break\n"
        "if x < 0:\n    raise ValueError('no')\nreturn sorted(sorted(out))"
    )
    said = whole(text, "list[int]")
    assert said.startswith('package main\nimport "sort"\nfunc myFunction(x int) []int {\n')
    assert "out = append(out, i)" in said
    assert "} else if i == 0 {" in said
    assert 'panic("no")' in said
    assert said.count("func sortedUp(") == 1
    assert "for range 3" not in said


def test_orders_and_dictionaries_that_cannot_be_said():
    for text in (
        "sorted(ws, key=lambda w: d[w])",
        "sorted(xs, key=lambda n: 1 if n > 2 else 0)",
        "values(d)",
        "xs == xs",
    ):
        with pytest.raises(UnsayableError):
            Go().expr(read.read_expr(text, TYPES))
    assert Go().name("strings") == "strings_"


def test_drawn_programs_parse():
    for task in islice(generate(seed=21, languages=("go",)), 12):
        assert by_name("go").check(task.source).passed
        assert task.signature in task.source


@pytest.mark.skipif(toolchain("go") is None, reason="no go toolchain on this machine")
def test_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=12, languages=("go",)), 1):
        judged = verify(task.source, task.asked(), sandbox=fence, limits=PATIENT)
        assert judged.passed, (task.source, judged.failures[:1])
