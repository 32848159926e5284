import base64
import os

import pytest
from agentic_diffusion_code.sandbox import Limits
from agentic_diffusion_code.sandbox.artefacts import collect, confined


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/../b", "", ".", "a//b", "a\0b", "-x", "/".join("a" * 9)]
)
def test_paths_that_lead_elsewhere(name):
    assert confined(name) is None


def test_only_regular_files_beneath_come_back(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_bytes(b"\xffdata")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "dirlink").symlink_to("/etc")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "big").write_bytes(b"x" * 5000)
    fd = os.open(tmp_path, os.O_RDONLY)
    names = ["d/a.txt", "link", "dirlink/passwd", "pipe", "d", "missing", "../x", "big"]
    before = len(os.listdir("/dev/fd"))
    found = collect(fd, names, limits=Limits(output_bytes=4096))
    assert len(os.listdir("/dev/fd")) == before
    os.close(fd)
    assert {name: base64.b64decode(data) for name, data in found.items()} == {"d/a.txt": b"\xffdata"}
    assert collect(None, ["a"], limits=Limits()) == {}


def test_a_program_s_files_come_back(fence):
    source = (
        "import os\nopen('a.txt', 'w').write('hi')\nos.symlink('/etc/passwd', 'l')\n"
        "os.mkdir('d')\nopen('d/b', 'w').write('b')"
    )
    run = fence.run(source, artefacts=["a.txt", "l", "d/b", "none"])
    assert run.status == "ok", run
    assert {k: base64.b64decode(v) for k, v in run.artefacts.items()} == {"a.txt": b"hi", "d/b": b"b"}
