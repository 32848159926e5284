from agentic_diffusion_code.sandbox import Limits, calling


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
