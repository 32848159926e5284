import pytest
from agentic_diffusion_code.sandbox import Limits, calling
from agentic_diffusion_code.sandbox.languages import toolchain


def test_a_call_that_ends_its_worker_does_not_end_the_others(fence):
    source = "import os\ndef f(x):\n    if x == 1: os._exit(0)\n    if x == 2: os.abort()\n    return x"
    runs = fence.call(source, "f", [[0], [1], [3], [2], [4]])
    assert [run.status for run in runs] == ["ok", "error", "ok", "killed", "ok"]
    assert runs[1].exit_code == 0
    assert runs[4].value == 4


def test_after_three_lost_workers_the_rest_is_not_called(fence):
    runs = fence.call("import os\ndef f(): os._exit(1)", "f", [[]] * 5)
    assert [run.status for run in runs] == ["error"] * 3 + ["refused"] * 2


def test_each_call_has_its_own_clock(fence):
    source = "import time\ndef f(s): time.sleep(s); return s"
    runs = fence.call(source, "f", [[0.2], [0.2], [3], [0.2]], limits=Limits(wall_seconds=0.4))
    assert [run.status for run in runs] == ["ok", "ok", "timeout", "ok"]


def test_what_goes_wrong_has_its_name(fence):
    source = (
        "def f(x):\n    if x == 0: return bytearray(1 << 30)\n    if x == 1: return 'x' * 100_000\n"
        "    if x == 2: open('f', 'wb').write(b'x' * (1 << 22))\n    return iter([])"
    )
    limits = Limits(memory_bytes=96 << 20, output_bytes=20_000, disk_bytes=1 << 20)
    runs = fence.call(source, "f", [[0], [1], [2], [3]], limits=limits)
    assert [run.status for run in runs] == ["memory", "output", "disk", "error"]
    assert "no plain data" in runs[3].stderr


def test_a_program_that_cannot_be_loaded_is_loaded_once(fence):
    runs = fence.call("raise ValueError('no')", "f", [[], []])
    assert [run.failure.type for run in runs] == ["ValueError"] * 2


def test_messages_out_of_turn_are_seen(fence):
    source = "import os\ndef f(x):\n    os.write(3, b'\\0\\0\\0\\x02{}')\n    return x"
    runs = fence.call(source, "f", [[1], [2]])
    assert {run.status for run in runs} == {"error"}
    assert "out of turn" in runs[0].stderr


def test_nothing_that_is_told_is_believed():
    read = calling.read({"raised": {"type": 3, "message": [], "line": "x", "trace": None}})
    assert (read.failure.type, read.failure.message, read.failure.line) == ("an exception", "", None)
    assert calling.read({}).status == "error"
    assert calling.read({"value": {"a": 1, "b": 2}}).status == "error"
    assert calling.read({"raised": {"errno": 28}}).status == "disk"
    assert calling.read({"raised": {"type": "\ud800"}}).failure.type == "?"


def test_what_is_printed_belongs_to_the_call_that_printed_it(fence):
    source = (
        "import sys\ndef f(x):\n    if x % 3 == 0: print('out', x, 'ä' * x)\n"
        "    if x % 5 == 0: print('err', x, file=sys.stderr)\n    return x"
    )
    runs = fence.call(source, "f", [[x] for x in range(150)])
    for x, run in enumerate(runs):
        assert run.value == x
        assert run.stdout == (f"out {x} {'ä' * x}\n" if x % 3 == 0 else "")
        assert run.stderr == (f"err {x}\n" if x % 5 == 0 else "")


def test_what_is_printed_past_the_streams_is_not_lost(fence):
    source = "import os\ndef f(x):\n    os.write(1, b'%d,' % x)\n    return x"
    runs = fence.call(source, "f", [[x] for x in range(5)])
    assert "".join(run.stdout for run in runs) == "0,1,2,3,4,"


def test_large_arguments_are_sent_in_bursts():
    assert calling._burst([b"x" * 9] * 5, 0, ahead=3) == [b"x" * 9] * 3
    assert len(calling._burst([b"x" * 20_000] * 5, 1, ahead=64)) == 1
    assert calling._burst([b"y" * 99_999], 0, ahead=64) == [b"y" * 99_999]


def test_answers_larger_than_a_socket_holds_do_not_block(fence):
    runs = fence.call("def f(x): return 'x' * x", "f", [[300_000]] * 6)
    assert [len(run.value) for run in runs] == [300_000] * 6


def test_a_program_that_lies_about_what_it_printed_only_misplaces_it(fence):
    source = (
        "import json, os, sys\n"
        "def f(x):\n"
        "    head = os.read(3, 4)\n"
        "    other = json.loads(os.read(3, int.from_bytes(head, 'big')))\n"
        "    for number in (other['id'][:-1] + '0', other['id']):\n"
        "        body = json.dumps({'id': number, 'value': 7, 'printed': [10 ** 9, -1]}).encode()\n"
        "        os.write(3, len(body).to_bytes(4, 'big') + body)\n"
        "    os._exit(0)\n"
    )
    runs = fence.call(source, "f", [[1], [2]])
    assert runs[0].value in (7, None)
    assert all(run.status in ("ok", "error") for run in runs)


@pytest.mark.skipif(toolchain("typescript") is None, reason="no typescript toolchain on this machine")
def test_a_program_is_compiled_before_it_is_called(fence):
    typed = "function f(x: number): string {\n  return x + '!';\n}\n"
    runs = fence.call(typed, "f", [[1], [2]], language="typescript")
    assert [run.value for run in runs] == ["1!", "2!"]
    wrong = fence.call(typed.replace("x + '!'", "x"), "f", [[1], [2]], language="typescript")
    assert [run.status for run in wrong] == ["compile_error"] * 2
    assert "TS2322" in wrong[0].stderr
    test = "def check(candidate):\n    assert candidate(3) == '3!'\n"
    assert fence.check(typed, "f", test, language="typescript").status == "ok"
    assert fence.check("const f: number = 'x';", "f", test, language="typescript").status == "compile_error"
