"""The command `bench checkpoints` measures both forms in real processes."""

import json
import os

import pytest
from agentic_diffusion.errors import WorkerError
from agentic_diffusion_cli import bench_checkpoints, drill
from agentic_diffusion_cli.drill import Ended

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux")


def test_both_forms_are_measured(cli, tmp_path) -> None:
    target = tmp_path / "checkpoints.json"
    done = cli("bench", "checkpoints", "--width", 64, "--depth", 1, "--seeds", 1, "--json", target)
    assert done.exit_code == 0, done.output
    rows = {row["form"]: row for row in json.loads(target.read_text())["rows"]}
    gathered, sharded = rows["gathered"], rows["sharded"]
    assert (gathered["files"], sharded["files"]) == (1, 2)
    assert abs(sharded["bytes"] / gathered["bytes"] - 1) < 0.1
    assert sharded["largest_file"] < 0.6 * gathered["largest_file"]
    assert 0.4 * gathered["bytes"] < sharded["held"] < 0.6 * gathered["bytes"]
    assert "sharded" in done.stdout


def test_a_process_that_fails_is_an_error(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(drill, "forked", lambda bodies, **more: [Ended(1, None, "KeyError: 1")])
    with pytest.raises(WorkerError, match="KeyError"):
        bench_checkpoints._measured(drill.Drill(tmp_path), sharded=True, processes=2)
