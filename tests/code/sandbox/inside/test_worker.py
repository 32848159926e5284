import io
import os
import socket
import sys
import threading

import pytest
from agentic_diffusion_code.sandbox.inside import framing, worker


@pytest.fixture(autouse=True)
def same_main(monkeypatch):
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


def test_a_call_answers_with_plain_data():
    assert worker.call(lambda a: (a, [a]), [3]) == {"value": {"tuple": [3, [3]]}}
    assert "not plain data" in worker.call(lambda: object(), [])["refused"]


def test_a_value_that_fights_its_encoding():
    class Hostile(dict):
        pass

    assert "refused" in worker.call(Hostile, [])


def test_an_exception_is_described_by_the_program_s_own_lines():
    def load():
        worker._load("def f(x):\n    return 1 // x\nf(0)\n")

    with pytest.raises(ZeroDivisionError) as caught:
        load()
    told = worker.describe(caught.value)
    assert told["type"] == "ZeroDivisionError"
    assert told["line"] == 2
    assert "return 1 // x" in told["trace"]
    assert "worker.py" not in told["trace"]


def test_exceptions_that_resist():
    class SilentError(Exception):
        def __str__(self):
            raise KeyError

    class FakeError(Exception):
        pass

    FakeError.__name__ = "ValueError"
    assert worker.describe(SilentError())["message"] == "(its message could not be read)"
    assert worker.describe(FakeError())["type"] != "ValueError"
    assert worker.describe(OSError(28, "full"))["errno"] == 28


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("pass", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("raise SystemExit(259)", 3),
        ("raise SystemExit('no')", 1),
        ("1 / 0", 1),
        ("x =", 1),
        ("class E(SystemExit):\n    code = property(lambda s: 1 / 0)\nraise E", 1),
    ],
)
def test_exit_codes(source, code):
    assert worker.run(source) == code


def talk(target, *requests):
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=target, args=(theirs.fileno(),))
    thread.start()
    answers = []
    for request in requests:
        framing.send(ours.fileno(), request)
        answers.append(framing.receive(ours.fileno()))
    ours.close()
    thread.join(5)
    theirs.close()
    return answers


def test_calls_are_answered_one_by_one():
    source = "def f(x): return x * 2"
    answers = talk(
        lambda fd: worker.calls(source, "f", control=fd, printed=[0, 0]),
        {"id": "a", "args": [2]},
        {"id": "b", "args": ["x"]},
    )
    assert answers == [{"id": "a", "value": 4}, {"id": "b", "value": "xx"}]
    (answer,) = talk(lambda fd: worker.calls("", "f", control=fd, printed=[0, 0]), {"id": "a", "args": []})
    assert answer["load"]["type"] == "KeyError"


def test_answers_say_how_much_was_printed_before_them():
    printed = [0, 0]
    source = "def f(counts, size): counts[0] += size"
    answers = talk(
        lambda fd: worker.calls(source, "f", control=fd, printed=printed),
        {"id": "a", "args": [[0], 1]},
    )
    assert answers == [{"id": "a", "value": None}]
    printed[:] = 7, 2
    (answer,) = talk(
        lambda fd: worker.calls(source, "f", control=fd, printed=printed), {"id": "b", "args": [[0], 1]}
    )
    assert answer["printed"] == [7, 2]
    assert printed == [0, 0]


def test_what_goes_through_the_streams_is_counted(monkeypatch):
    near, far = os.pipe()
    saved = os.dup(1)
    os.dup2(far, 1)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(saved, "w", closefd=False)))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.FileIO(saved, "w", closefd=False)))
    try:
        count = worker._count_printed()
        sys.stdout.write("äb")
        worker.flush()
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    assert count == [3, 0]
    assert os.read(near, 100) == "äb".encode()
    os.close(near)
    os.close(far)


def test_a_check_asks_and_decides():
    ours, theirs = socket.socketpair()
    source = (
        "def check(candidate):\n    assert candidate(1) == 5\n"
        "    try: candidate(2)\n    except ValueError as e: assert str(e) == 'm'\n"
        "    try: candidate(3)\n    except Exception as e: assert 'odd.Error' in str(e)\n"
    )
    fd = theirs.fileno()
    thread = threading.Thread(target=worker.check, args=(source, "f"), kwargs={"control": fd})
    thread.start()
    replies = [{"value": 5}, {"type": "ValueError", "message": "m"}, {"type": "odd.Error", "message": ""}]
    for number, reply in enumerate(replies, 1):
        assert framing.receive(ours.fileno()) == {"ask": [number]}
        framing.send(ours.fileno(), reply)
    assert framing.receive(ours.fileno()) == {"done": True}
    thread.join(5)
    ours.close()
    theirs.close()


def test_the_rehearsal_runs():
    worker._rehearse()
    worker.flush()
