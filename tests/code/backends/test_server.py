"""Asking a server: what is sent, what is read, and how it says no."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion_code.backends.server import ServerError, ServerWriter
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writes import Writes

WRONG = "Here it is:\n```python\ndef f(x):\n    return x\n```\nDone."
RIGHT = "```python\ndef f(x):\n    return 2 * x\n```"


class Server(HTTPServer):
    answers: list[tuple[int, str]]
    seen: list[tuple[str, dict[str, object], str]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, body, self.headers.get("Authorization", "")))
        code, text = self.server.answers.pop(0)
        self.send_response(code)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: object) -> None:
        pass


def chat(*texts: str) -> tuple[int, str]:
    choices = [{"message": {"content": text}} for text in texts]
    return 200, json.dumps({"choices": choices, "usage": {"completion_tokens": 12}})


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.answers, made.seen = [], []
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def writer(server: Server, **more: object) -> ServerWriter:
    return ServerWriter(f"http://127.0.0.1:{server.server_port}/v1", "tiny", **more)


def test_a_server_writes_and_mends(server: Server, fence: ProcessSandbox) -> None:
    server.answers = [chat(WRONG), chat(WRONG, RIGHT)]
    request = asked("doubles a number", ["f(2) == 4"], signature="def f(x):")
    used = writer(server, key="secret")
    assert isinstance(used, Writes)
    assert "secret" not in repr(used)
    plan = Coder(used, fence, count=0).plan(request)
    assert plan.chosen.value.source == "def f(x):\n    return 2 * x\n"
    (path, first, key), (_, second, _) = server.seen
    assert path == "/v1/chat/completions"
    assert key == "Bearer secret"
    assert (first["n"], first["temperature"]) == (1, 0.0)
    assert "def f(x):" in str(first["messages"])
    assert "4 is wanted" in str(second["messages"])


def test_names_prefixes_and_starts_are_said(server: Server) -> None:
    server.answers = [chat(RIGHT)]
    request = asked("doubles", ["f(2) == 4"]).model_copy(update={"prefix": "import math"})
    *_, sketch = writer(server).vary(request, "def g(): pass", share=0.5, count=1, seed=0)
    assert sketch.done
    said = str(server.seen[0][1]["messages"])
    assert all(text in said for text in ("called f", "import math", "def g(): pass"))


def test_what_follows_a_program_is_said(server: Server) -> None:
    server.answers = [chat(RIGHT)]
    request = asked("doubles", ["f(2) == 4"]).model_copy(update={"suffix": "print(f(21))"})
    list(writer(server).write(request, count=1, seed=0, temperature=0.0))
    assert "print(f(21))" in str(server.seen[0][1]["messages"])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((400, "too long"), InvalidStateError),
        ((401, "who are you"), InvalidConfigError),
        ((503, "busy"), ServerError),
        ((200, "no json"), ServerError),
        ((200, "{}"), ServerError),
        ((200, "x" * 999), ServerError),
    ],
)
def test_faults_are_told(server: Server, answer: tuple[int, str], error: type[Exception]) -> None:
    server.answers = [answer]
    with pytest.raises(error):
        list(writer(server, longest_answer=500).write(asked("doubles"), count=1, seed=0, temperature=0.0))


def test_nobody_there() -> None:
    with pytest.raises(ServerError, match="start the server"):
        list(
            ServerWriter("http://127.0.0.1:9/v1", "tiny", seconds=1.0).write(
                asked("a"), count=1, seed=0, temperature=0.0
            )
        )
    with pytest.raises(InvalidConfigError):
        ServerWriter("file:///etc/passwd", "tiny")
