import pytest
from agentic_diffusion_code.sandbox import Limits

SMALL = Limits(
    wall_seconds=2.0, cpu_seconds=1.0, memory_bytes=96 << 20, disk_bytes=1 << 20, output_bytes=10_000
)


@pytest.mark.parametrize(
    ("source", "status"),
    [
        ("print(1)", "ok"),
        ("1 / 0", "error"),
        ("x =", "error"),
        ("raise SystemExit(4)", "error"),
        ("x = bytearray(1 << 30)", "memory"),
        ("while True: print('x' * 100)", "output"),
        ("open('f', 'wb').write(b'x' * (1 << 22))", "disk"),
        ("import os; os.abort()", "killed"),
        ("import os; os._exit(0)", "ok"),
        ("import os; os._exit(9)", "error"),
        ("import ctypes; ctypes.string_at(0)", "killed"),
    ],
)
def test_every_end_has_its_name(fence, source, status):
    run = fence.run(source, limits=SMALL)
    assert run.status == status, run
    assert run.truncated is (status == "output")
    assert len(run.stdout) <= SMALL.output_bytes


def test_processor_time_is_bounded(fence):
    run = fence.run("while True: pass", limits=Limits(wall_seconds=20, cpu_seconds=0.3))
    assert run.status == "timeout"
    assert 0.2 < run.cpu_seconds < 2


def test_a_traceback_names_the_program_s_lines(fence):
    run = fence.run("def f():\n    return 1 / 0\nf()")
    assert 'File "program.py", line 2, in f' in run.stderr
    assert run.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "worker" not in run.stderr


def test_programs_end_as_interpreters_do(fence):
    source = (
        "import atexit, threading, time\natexit.register(print, 'last')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\nprint('main')\n"
        "if __name__ == '__main__': exit(2)"
    )
    run = fence.run(source)
    assert (run.stdout, run.exit_code) == ("main\nthread\nlast\n", 2)


def test_a_lot_of_input_is_no_deadlock(fence):
    text = "line\n" * 100_000
    run = fence.run("import sys\nprint(len(sys.stdin.read()))", stdin=text)
    assert run.stdout == f"{len(text)}\n"
    assert fence.run("pass", stdin=text).status == "ok"
