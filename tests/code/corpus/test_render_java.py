"""Java: the forms that are its own, and the same answers as the reference evaluator."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir, read
from agentic_diffusion_code.corpus.measure import PATIENT
from agentic_diffusion_code.corpus.render_java import Java
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
    return Java().render(
        ir.Program((ir.Function("my_function", types, returns, read.read_body(text, types)),))
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x % 3", "Math.floorMod(x, 3L)"),
        ("x // 2", "Math.floorDiv(x, 2L)"),
        ("s == 'a'", 's.equals("a")'),
        ("s < 'a'", 's.compareTo("a") < 0'),
        ("xs[1]", "(long) xs.get(1)"),
        ("ws[x]", "ws.get((int) x)"),
        ("d['a']", '(long) d.get("a")'),
        (
            "sorted(ws, key=lambda w: len(w), reverse=True)",
            "ws.stream().sorted(Comparator.comparing((String w) -> (long) w.length(), Comparator.reverseOrder()))"
            ".collect(Collectors.toList())",
        ),
        ("x if b else 0", "b ? x : 0L"),
        ("s + str(x)", "s + String.valueOf(x)"),
    ],
)
def test_expressions(text, said):
    assert Java().expr(read.read_expr(text, TYPES)) == said


def test_statements():
    text = (
        "out: list[int] = []\nfor i in range(3):\n    if i > 1:\n        out.append(i)\n"
        "    elif i == 0:\n        x += 1\n    else:\n        break\n"
        "if x < 0:\n    raise ValueError('no')\nreturn sum(out) + x"
    )
    said = whole(text, "int")
    assert said.startswith("import java.util.*;\nclass Solution {\n    static long myFunction(long x) {\n")
    assert "List<Long> out = new ArrayList<>();" in said
    assert "} else if (i == 0L) {" in said
    assert 'throw new IllegalArgumentException("no");' in said
    assert "for (long item : out) {" in said
    table = "t: dict[str, list[int]] = {}\nt['a'] = [x]\nreturn t"
    assert 't.put("a", new ArrayList<>(List.of(x)));' in whole(table, "dict[str, list[int]]").replace(
        "List.of (", "List.of("
    )


def test_drawn_programs_parse():
    for task in islice(generate(seed=21, languages=("java",)), 12):
        assert by_name("java").check(task.source).passed
        assert task.signature in task.source


@pytest.mark.skipif(toolchain("java") is None, reason="no java toolchain on this machine")
def test_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=12, languages=("java",)), 1):
        judged = verify(task.source, task.asked(), sandbox=fence, limits=PATIENT)
        assert judged.passed, (task.source, judged.failures[:1])
