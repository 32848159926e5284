import os

import pytest
from agentic_diffusion_code.sandbox.inside import program


def test_sources_are_written_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    program._write("a.c", "int é;")
    assert (tmp_path / "a.c").read_text(encoding="utf-8") == "int é;"
    with pytest.raises(FileExistsError):
        program._write("a.c", "")
    (tmp_path / "link").symlink_to("elsewhere")
    with pytest.raises(FileExistsError):
        program._write("link", "")


def test_the_end_of_a_child_is_told():
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    told = program._wait(pid)
    assert told["code"] == 5
    assert told["rss"] > 0
