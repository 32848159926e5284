import os
import sys

import pytest
from agentic_diffusion_code.sandbox.inside import cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces of Linux")


def test_the_room_has_its_own_namespaces(fence):
    report = {layer.name: layer for layer in fence.report().layers}
    if not report["namespaces"].active:
        pytest.skip(report["namespaces"].evidence)
    for name in ("ipc", "mnt", "net", "pid", "user", "uts"):
        assert name in report["namespaces"].evidence


def test_links_name_every_namespace():
    links = cell.namespace_links(None) if os.path.exists("self") else None
    proc = os.open("/proc", os.O_RDONLY)
    links = cell.namespace_links(proc)
    os.close(proc)
    assert links["pid"] == os.readlink("/proc/self/ns/pid")
    assert set(links) >= {"root", "user", "mnt"}


def test_descriptors_move_out_of_the_way():
    fd = cell.high(os.dup(0))
    assert fd >= 20
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_switched_off_is_said():
    config = {"layers": [], "uid": None, "needed": []}
    found = cell.enter(config)
    assert not found.namespaces
    assert found.reasons["namespaces"] == "switched off"
    cell.prepare_fork(found)
    cell.private(found, disk_bytes=4096)
    os.close(found.proc)


def test_who_can_read_what():
    assert cell._nobody_can_read([], os.getuid() or 65534) in (True, False)
    assert not cell._nobody_can_read(["/no/such/file"], 65534)


def test_sources_that_are_missing_or_links_are_left_out(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "l").symlink_to(tmp_path / "d")
    found = cell._open_sources([str(tmp_path / "d"), str(tmp_path / "l"), "/no/such"])
    assert list(found) == [str(tmp_path / "d")]
    assert found[str(tmp_path / "d")][1]
    os.close(found[str(tmp_path / "d")][0])
