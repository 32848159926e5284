"""Models of others from the command line: a checkpoint that is made here, a server that is started here."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from agentic_diffusion_cli.writers import KEY, Other
from checkpoint import SAID, byte_tokens, masked

ANSWER = {"choices": [{"message": {"content": f"```python\n{SAID}```"}}], "usage": {"completion_tokens": 9}}
WORDS = ("code", "doubles a number", "--example", "f(2) == 4", "--n", "0", "--repairs", "0", "--json", "-")


class Answers(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((body["model"], self.headers.get("Authorization")))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(ANSWER).encode())

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    made = HTTPServer(("127.0.0.1", 0), Answers)
    made.seen = []
    threading.Thread(target=made.serve_forever, daemon=True).start()
    made.address = f"http://127.0.0.1:{made.server_port}/v1"
    yield made
    made.shutdown()
    made.server_close()


def test_a_server_writes_for_the_command(cli, server, monkeypatch):
    monkeypatch.setenv(KEY, "secret")
    result = cli(*WORDS, "--server", server.address, "--server-model", "tiny")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["code"] == SAID
    assert server.seen == [("tiny", "Bearer secret")]


def test_a_server_is_measured(cli, server, tmp_path):
    asked = {"task_id": "a", "prompt": 'def f(x):\n    """Doubles."""\n', "entry_point": "f"}
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({**asked, "test": "def check(f):\n    assert f(2) == 4\n"}))
    words = ("bench", "code", "--tasks", path, "--row", "single sample", "--json", "-")
    result = cli(*words, "--server", server.address, "--server-model", "tiny")
    assert result.exit_code == 0, result.output
    (row,) = json.loads(result.stdout)["rows"]
    assert row["model"] == "tiny"
    assert row["passed"]["mean"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("--server", "http://localhost/v1"),
        ("--server", "http://localhost/v1", "--server-model", "a", "--model", "b"),
        ("--model", "someone/something"),
        ("--bits", "4"),
        ("--server", "http://localhost/v1", "--server-model", "a", "--precision", "bf16"),
        ("--server", "http://localhost/v1", "--server-model", "a", "--compile"),
        ("--model", ".", "--weights", "."),
    ],
)
def test_contradictions_are_refused_before_anything_is_loaded(cli, words):
    assert cli(*WORDS, *words).exit_code == 2
    assert not Other()
    assert cli("bench", "code", *words).exit_code == 2


@pytest.mark.slow
def test_a_checkpoint_of_others_writes_for_the_command(cli, tmp_path):
    library = pytest.importorskip("transformers")
    from agentic_diffusion_code.backends.hub import HubTokens
    from agentic_diffusion_code.domain import asked

    tokens = byte_tokens(library)
    prompt = HubTokens(tokens, None, chat=True).asked(asked("doubles a number", ["f(2) == 4"]))
    folder = masked(tmp_path, tokens.decode(prompt))
    result = cli(*WORDS, "--model", folder, "--dtype", "float32", "--device", "cpu")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["code"] == SAID
    assert answer["status"] == "verified"
