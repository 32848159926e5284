"""Rust: the forms that are its own, and the same answers as the reference evaluator."""

from itertools import islice

import pytest
from agentic_diffusion_code.cases import Case, Task
from agentic_diffusion_code.corpus import generate, ir, read
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.measure import PATIENT
from agentic_diffusion_code.corpus.render_rust import Rust
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
    return Rust().render(
        ir.Program((ir.Function("my_function", types, returns, read.read_body(text, types)),))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x % 3", "x.rem_euclid(3)"),
        ("x // 2", "x.div_euclid(2)"),
        ("s == 'a'", 's.as_str() == "a"'),
        ("s < 'a'", 's.as_str() < "a"'),
        ("xs[1]", "xs[1]"),
        ("ws[x]", "ws[x as usize].clone()"),
        ("len(s) > 2", "(s.len() as i64) > 2"),
        ("x if b else 0", "(if b { x } else { 0 })"),
        ("s + 'a' + str(x)", 'format!("{}{}{}", s, "a", x.to_string())'),
        ("sorted(xs)", "({ let mut sorted_ = xs.to_vec(); sorted_.sort(); sorted_ })"),
    ],
)
def test_expressions(text, said):
    assert Rust().expr(read.read_expr(text, TYPES)) == said


def test_statements():
    text = (
        "out: list[int] = []\nfor i in range(3):\n    if i > 1:\n        out.append(i)\n"
        "    elif i == 0:\n        x += 1\n    else:\n        break\n"
        "if x < 0:\n    raise ValueError('no')\nreturn out"
    )
    said = whole(text, "list[int]")
    assert said.startswith(
        "fn my_function(x: i64) -> Vec<i64> {\n    let mut x = x;\n    let mut out: Vec<i64> = Vec::new();"
    )
    assert "for i in 0..3 {" in said
    assert "} else if i == 0 {" in said
    assert 'panic!("no");' in said
    assert said.endswith("return out;\n}\n")


def test_a_division_whose_sign_is_not_known_is_refused():
    with pytest.raises(UnsayableError, match="may be negative"):
        Rust().expr(read.read_expr("x % len(xs)", TYPES))


@pytest.mark.skipif(toolchain("rust") is None, reason="no rust toolchain on this machine")
def test_what_remains_has_the_sign_of_the_divisor(fence):
    body = read.read_body("return x % y * 100 + x // y", (("x", "int"), ("y", "int")))
    program = ir.Program((ir.Function("f", (("x", "int"), ("y", "int")), "int", body),))
    pairs = [(7, 2), (-7, 2), (7, -2), (-7, -2), (6, -3)]
    cases = tuple(Case(arguments=(x, y), expected=x % y * 100 + x // y) for x, y in pairs)
    judged = verify(Rust().render(program), Task(entry="f", language="rust", tests=cases), sandbox=fence)
    assert judged.passed, judged.failures


def test_drawn_programs_parse():
    for task in islice(generate(seed=21, languages=("rust",)), 12):
        assert by_name("rust").check(task.source).passed
        assert task.signature in task.source


@pytest.mark.skipif(toolchain("rust") is None, reason="no rust toolchain on this machine")
def test_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=12, languages=("rust",)), 1):
        judged = verify(task.source, task.asked(), sandbox=fence, limits=PATIENT)
        assert judged.passed, (task.source, judged.failures[:1])
