"""The committed lock names versions and no address; writing it is idempotent; checking it can fail."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gates.tree import ROOT

SCRIPT = ROOT / ".ci/lock.py"
FULL = """\
version = 1
revision = 5
requires-python = ">=3.11"
resolution-markers = [
    "python_full_version >= '3.12'",
    "python_full_version < '3.12'",
]

[manifest]
members = ["one"]

[[package]]
name = "numpy"
version = "2.4.6"
source = { registry = "https://index.invalid/simple" }
resolution-markers = [
    "python_full_version < '3.12'",
]
sdist = { url = "https://files.invalid/numpy.tar.gz", hash = "sha256:00", size = 1 }

[[package]]
name = "numpy"
version = "2.5.5"
source = { registry = "https://index.invalid/simple" }
resolution-markers = [
    "python_full_version >= '3.12'",
]

[[package]]
name = "one"
version = "0.1.0"
source = { editable = "packages/one" }
dependencies = [{ name = "numpy" }]
"""


def run(lock: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(SCRIPT), *arguments, str(lock)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "uv.lock"
    path.write_text(FULL, encoding="utf-8")
    return path


def test_neutral_keeps_versions_and_markers_and_drops_the_rest(lock: Path) -> None:
    assert run(lock).returncode == 0
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["package"]
    assert [(p["name"], p["version"], p["source"]) for p in packages] == [
        ("numpy", "2.4.6", {"registry": "."}),
        ("numpy", "2.5.5", {"registry": "."}),
    ]
    assert packages[0]["resolution-markers"] == ["python_full_version < '3.12'"]
    assert "invalid" not in lock.read_text(encoding="utf-8")


def test_neutral_is_idempotent(lock: Path) -> None:
    run(lock)
    once = lock.read_text(encoding="utf-8")
    run(lock)
    assert lock.read_text(encoding="utf-8") == once


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ('source = { registry = "https://index.invalid/simple" }', "index.invalid"),
        ('sdist = { url = "https://files.invalid/x.tar.gz" }', "files.invalid"),
        ('wheels = [{ path = "x.whl", hash = "sha256:00" }]', "sha256"),
        ('source = { registry = "../wheels" }', "../wheels"),
        ('source = { git = "ssh://git@host.invalid/x?rev=main#00" }', "host.invalid"),
        ('source = { url = "file:///srv/x.whl" }', "file:///srv"),
    ],
)
def test_check_fails_on_a_planted_address(lock: Path, planted: str, said: str) -> None:
    run(lock)
    assert run(lock, "--check").returncode == 0
    with lock.open("a", encoding="utf-8") as file:
        file.write(f'\n[[package]]\nname = "planted"\nversion = "1"\n{planted}\n')
    done = run(lock, "--check")
    assert done.returncode == 1
    assert said in done.stdout


def test_check_fails_on_a_broken_lock(lock: Path) -> None:
    lock.write_text("version = 1\n<<<<<<< ours\n", encoding="utf-8")
    assert run(lock, "--check").returncode == 1


def test_the_committed_lock_is_neutral(tmp_path: Path) -> None:
    show = subprocess.run(["git", "show", "HEAD:uv.lock"], cwd=ROOT, capture_output=True, check=False)
    if show.returncode != 0:
        pytest.skip("not a git checkout")
    path = tmp_path / "uv.lock"
    path.write_bytes(show.stdout)
    done = run(path, "--check")
    assert done.returncode == 0, done.stdout
