import os
import threading

import pytest
from agentic_diffusion_code.sandbox.inside import framing


def test_messages_come_whole():
    r, w = os.pipe()
    message = {"text": "x" * 300_000}
    writer = threading.Thread(target=framing.send, args=(w, message))
    writer.start()
    assert framing.receive(r) == message
    writer.join()
    os.close(w)
    with pytest.raises(EOFError):
        framing.receive(r)
    os.close(r)


def test_a_frame_starts_with_its_length():
    data = framing.frame([1])
    assert int.from_bytes(data[: framing.HEADER], "big") == len(data) - framing.HEADER
