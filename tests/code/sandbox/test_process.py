import asyncio
import os
import threading
import time

import pytest
from agentic_diffusion_code.sandbox import Limits, ProcessSandbox, SandboxError
from agentic_diffusion_code.sandbox.languages import toolchain
from agentic_diffusion_code.sandbox.policy import findings


def test_a_program_runs(fence):
    run = fence.run("import sys\nprint(input())\nprint('e', file=sys.stderr)\nsys.exit(3)", stdin="hi\n")
    assert (run.status, run.exit_code, run.stdout, run.stderr) == ("error", 3, "hi\n", "e\n")
    assert run.wall_seconds > 0
    assert run.cpu_seconds > 0
    assert run.peak_memory_bytes > 1 << 20
    assert "rlimits" in run.isolation


@pytest.mark.parametrize("source", [b"\xff", "a\0", "x" * 10_000_000, "\ud800"])
def test_sources_that_cannot_be_run_are_answered(fence, source):
    assert fence.run(source).status == "refused"
    assert [one.status for one in fence.call(source, "f", [[], []])] == ["refused", "refused"]


def test_an_empty_source_is_a_program(fence):
    assert fence.run("").status == "ok"
    assert fence.call("", "f", [[]])[0].failure.type == "KeyError"
    assert fence.call("def f(): pass", "f", []) == []


def test_calls(fence):
    runs = fence.call("def f(a, b=2):\n    print(a)\n    return {a: (b,)}", "f", [[1], ["x", b"y"], []])
    assert [run.value for run in runs[:2]] == [{1: (2,)}, {"x": (b"y",)}]
    assert runs[0].stdout == "1\n"
    assert runs[2].failure.type == "TypeError"


@pytest.mark.parametrize(
    ("arguments", "entry"), [([[object()]], "f"), ([3], "f"), ([[]], "f()"), ([[]] * 5000, "f")]
)
def test_calls_that_cannot_be_made(fence, arguments, entry):
    runs = fence.call("def f(*a): pass", entry, arguments)
    assert {run.status for run in runs} == {"refused"}


def test_async_twins(fence):
    async def both():
        return await asyncio.gather(fence.arun("print(1)"), fence.acall("def f(): return 2", "f", [[]]))

    run, (call,) = asyncio.run(both())
    assert (run.stdout, call.value) == ("1\n", 2)


def test_code_that_checks(fence):
    test = "def check(candidate):\n    assert candidate(2) == 4\n"
    assert fence.check("def f(x): return x * 2", "f", test).status == "ok"
    wrong = fence.check("def f(x): return x", "f", test)
    assert (wrong.status, wrong.failure.type) == ("error", "AssertionError")
    assert fence.check("a\0", "f", test).status == "refused"


def test_layers_that_are_required(fence):
    assert ProcessSandbox(require=("cgroup",)).run("print(1)").status in ("refused", "ok")
    with ProcessSandbox(require=("namespaces",), without=("namespaces",)) as strict:
        run = strict.run("print(1)")
        assert run.status == "refused"
        assert "namespaces" in run.stderr
        assert strict.call("def f(): pass", "f", [[]])[0].status == "refused"
        assert strict.check("def f(): pass", "f", "def check(c): pass").status == "refused"


def test_weak_walls_must_be_asked_for_by_name():
    without = ("namespaces", "private_root", "landlock", "seccomp")
    with ProcessSandbox(without=without) as weak:
        assert weak.run("print(1)").status == "refused"
    with ProcessSandbox(without=without, accept="rlimits") as weak:
        assert weak.run("print(1)").stdout == "1\n"


def test_names_of_layers_are_checked():
    with pytest.raises(SandboxError, match="wall"):
        ProcessSandbox(without=("wall",))
    with pytest.raises(SandboxError):
        ProcessSandbox(require="seccomp")


def test_a_closed_sandbox_refuses():
    sandbox = ProcessSandbox()
    sandbox.close()
    assert sandbox.run("pass").status == "refused"
    with pytest.raises(SandboxError):
        sandbox.report()


def test_back_pressure():
    with ProcessSandbox(concurrency=1, patience_seconds=0.05) as narrow:
        narrow.warm_up()
        slow = threading.Thread(target=narrow.run, args=("import time; time.sleep(0.8)",))
        slow.start()
        time.sleep(0.2)
        assert "busy" in narrow.run("pass").stderr
        assert "busy" in narrow.call("def f(): pass", "f", [[]])[0].stderr
        assert "busy" in narrow.check("def f(): pass", "f", "").stderr
        slow.join()
        assert narrow.run("pass").status == "ok"


def test_policy_refuses_before_anything_runs():
    with ProcessSandbox(policy=findings) as careful:
        assert "policy" in careful.run("import os").stderr
        assert careful.run("print(1)").status == "ok"


def test_a_forked_caller_starts_its_own_helper(fence):
    fence.run("pass")
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if fence.run("print(5)").stdout == "5\n" else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert fence.run("print(6)").stdout == "6\n"


def test_timeouts_are_exact(fence):
    fence.run("pass", limits=Limits(wall_seconds=0.2))
    for source in ("while True: pass", "import time; time.sleep(9)"):
        begun = time.monotonic()
        assert fence.run(source, limits=Limits(wall_seconds=0.2)).status == "timeout"
        assert time.monotonic() - begun < 1.0


@pytest.mark.parametrize(
    ("language", "right", "wrong"),
    [
        ("javascript", "while (true) {}", "let x = ;"),
        ("c", "int f(void) { return 1; }", "int f(void) { return y; }"),
        ("rust", "pub fn f() -> i64 { 1 }", 'pub fn f() -> i64 { "a" }'),
        ("java", "class A { int f() { return 1; } }", 'class A { int f() { return "a"; } }'),
    ],
)
def test_tools_look_at_programs_without_starting_them(fence, language, right, wrong):
    if toolchain(language) is None:
        assert "toolchain missing" in fence.compiles(right, language=language).stderr
        return
    assert fence.compiles(right, language=language).status == "ok"
    found = fence.compiles(wrong, language=language)
    assert found.status in ("compile_error", "error")
    assert found.stderr


def test_python_needs_no_process_to_be_checked(fence):
    assert "own compiler" in fence.compiles("x = 1", language="python").stderr
    assert fence.compiles("x", language="cobol").status == "refused"
