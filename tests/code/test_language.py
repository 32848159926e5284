"""Languages: what parses, what does not and where, and the last gate."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.language import LANGUAGES, MAX_BYTES, PYTHON, RUST, by_name
from agentic_diffusion_code.sandbox.base import Execution, refused


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.name)
def test_right_programs_pass_and_cut_ones_do_not(language, programs):
    source = programs[language.name]
    assert by_name(language.name) is language
    assert language.errors(source) == []
    assert language.score(source) == 1.0
    assert language.check(source).passed
    broken = source[: source.rindex("}")] if language is not PYTHON else source + "x = (\n"
    verdict = language.check(broken)
    assert not verdict.passed
    assert verdict.evidence["checker"] in ("compile", "tree-sitter")
    assert language.score(broken) < 1.0
    assert language.errors(broken)


def test_the_statement_around_an_error_is_found():
    source = "def f(x):\n    y = 2\n    return x + 1\n"
    at = source.index("x + 1")
    (place,) = PYTHON.enclosing(source, [(at, at + 1)])
    assert source[slice(*place)] == "return x + 1"
    assert RUST.enclosing("", [(0, 0)]) == [(0, 0)]


def test_spans_are_nodes():
    source = "x = f(1, a + b)\n"
    texts = [source[span.start : span.end] for span in PYTHON.spans(source)]
    assert {"f(1, a + b)", "a + b", "1"} <= set(texts)


def test_python_is_compiled_and_never_run():
    assert PYTHON.check("raise SystemExit").passed
    assert not PYTHON.check("return 1").passed
    assert PYTHON.check("x = 1\nx = (").evidence["line"] == 2


@pytest.mark.parametrize(
    "bomb", ["-" * 5000 + "1", "(" * 3000, "+".join(["1"] * 5000), "x\0", "#" * (MAX_BYTES + 1)]
)
def test_bombs_are_refused(bomb):
    assert not PYTHON.check(bomb).passed


class Fake:
    def __init__(self, run):
        self.run = run

    def compiles(self, source, *, language):
        return self.run


def test_native_tools_have_the_last_word():
    source = "fn main() {}"
    assert RUST.check(source, Fake(Execution(status="ok"))).evidence["checker"] == "native"
    rejected = RUST.check(source, Fake(Execution(status="compile_error", stderr="no")))
    assert (rejected.passed, rejected.evidence["message"]) == (False, "no")
    silent = RUST.check(source, Fake(Execution(status="timeout")))
    assert (silent.passed, silent.evidence["native"]) == (True, "timeout")
    missing = RUST.check(source, Fake(refused("toolchain missing: no rust on this machine")))
    assert missing.passed
    assert missing.evidence == {
        "checker": "tree-sitter",
        "native": "toolchain missing: no rust on this machine",
    }


def test_unknown_languages_are_refused():
    with pytest.raises(InvalidConfigError, match="cobol"):
        by_name("cobol")
