"""C: the forms that are its own, and the same answers as the reference evaluator."""

from itertools import islice

import pytest
from agentic_diffusion_code.corpus import generate, ir, read
from agentic_diffusion_code.corpus.errors import UnsayableError
from agentic_diffusion_code.corpus.measure import PATIENT
from agentic_diffusion_code.corpus.render_c import C
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
    return C().render(ir.Program((ir.Function("my_function", types, returns, read.read_body(text, types)),)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x % 3", "(x % 3 + 3) % 3"),
        ("len(xs) // 2", "xs_length / 2"),
        ("x // 2", "(long) floor((double) x / 2)"),
        ("s == 'a'", 'strcmp(s, "a") == 0'),
        ("s < 'a'", 'strcmp(s, "a") < 0'),
        ("'a' in s", 'strstr(s, "a") != NULL'),
        ("s[0]", "(char[2]) {s[0], 0}"),
        ("ord(s)", "s[0]"),
        ("x if b else 0", "b ? x : 0"),
    ],
)
def test_expressions(text, said):
    assert C().expr(read.read_expr(text, TYPES)) == said


def test_lists_come_with_their_length_and_letters_are_texts():
    said = whole("return sum(n for n in xs if n > 0)", "int", TYPES[2:3])
    assert said.startswith("long my_function(const long *xs, long xs_length) {")
    assert "for (long n_at = 0; n_at < xs_length; n_at++) {" in said
    said = whole("return any(c in 'ab' for c in s)", "bool", TYPES[1:2])
    assert "#include <stdbool.h>\n#include <string.h>\nbool my_function(const char *s) {" in said
    assert "const char c[2] = { s[c_at], 0 };" in said


@pytest.mark.parametrize(
    "text", ["return s + s", "return xs[::-1]", "y = s\nreturn y", "raise ValueError('no')"]
)
def test_what_would_have_to_live_somewhere_is_refused(text):
    with pytest.raises(UnsayableError):
        whole(text, "int", TYPES)


def test_drawn_programs_parse():
    for task in islice(generate(seed=21, languages=("c",)), 12):
        assert by_name("c").check(task.source).passed
        assert task.signature in task.source


@pytest.mark.skipif(toolchain("c") is None, reason="no c toolchain on this machine")
def test_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=12, languages=("c",)), 1):
        judged = verify(task.source, task.asked(), sandbox=fence, limits=PATIENT)
        assert judged.passed, (task.source, judged.failures[:1])
