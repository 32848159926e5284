"""Bars go to stderr; the first Ctrl-C asks, the second breaks off."""

import os
import signal
import threading

import pytest
from agentic_diffusion_cli.progress import bars, gently


def test_bars_say_what_is_done_and_leave_stdout_alone(capsys):
    with bars(keep=True) as shown:
        task = shown.add_task("Counting [all]", total=3, note="")
        shown.update(task, advance=3, note="loss 0.5")
    said = capsys.readouterr()
    assert said.out == ""
    assert "Counting [all]" in said.err
    assert "3/3" in said.err
    assert "loss 0.5" in said.err


def test_the_first_ctrl_c_asks_and_the_second_breaks_off():
    before = signal.getsignal(signal.SIGINT)
    with gently() as asked:
        assert not asked.is_set()
        os.kill(os.getpid(), signal.SIGINT)
        assert asked.wait(5)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_elsewhere_than_in_the_main_thread_nobody_can_ask():
    seen = []

    def work():
        with gently() as asked:
            seen.append(asked.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
