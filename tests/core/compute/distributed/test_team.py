"""A team trains as one process does, whatever is divided, and says so when one of it is gone."""

import signal

import pytest
import torch
from agentic_diffusion.compute.distributed import ALONE, Team
from agentic_diffusion.errors import InvalidConfigError, WorkerError


@pytest.mark.parametrize("strategy", ["ddp", "fsdp", "tensor"])
def test_two_processes_have_the_losses_and_gradients_of_one(pair, strategy) -> None:
    assert pair.faults == ""
    told = torch.tensor(pair.told["curves"][strategy])
    alone = torch.tensor(pair.alone)
    assert told.shape == alone.shape == (6, 2)
    assert torch.allclose(told, alone, rtol=1e-4, atol=0)
    assert (alone[1:, 0] - alone[:-1, 0]).abs().min() > 1e-2  # another batch each time: equal is no accident


def test_a_killed_process_ends_the_run_of_the_other_with_a_clear_error(pair) -> None:
    assert pair.ends == [0, -signal.SIGKILL]
    assert "process 0 of 2 alone: another one is gone, in step 3" in pair.told["lost"]
    assert "goes on from the last checkpoint" in pair.told["lost"]


def test_all_hear_what_one_says(pair) -> None:
    assert pair.told["any"] == [True, False, 0.5]
    assert pair.told["heard"] == ["", "höre"]
    assert ALONE.heard("me") == ["me"]


def test_rows_are_dealt_out_and_their_losses_make_up_the_whole(pair) -> None:
    assert "a batch of 1 for 2 processes" in pair.told["refused"][2]
    values = torch.arange(7.0)
    for strategy, size in (("ddp", 3), ("fsdp", 2)):
        teams = [Team(strategy, rank, size) for rank in range(size)]
        parts = [values[team.rows(7)] for team in teams]
        assert torch.equal(torch.cat(parts), values)
        told = [float(team.weighted(part, 7)) for team, part in zip(teams, parts, strict=True)]
        assert sum(told) / size == pytest.approx(float(values.mean()))
    assert Team("tensor", 1, 2).rows(7) == slice(0, 7)
    assert float(Team("tensor", 1, 2).weighted(values, 7)) == 3.0


def test_alone_is_no_team() -> None:
    ALONE.wait()
    assert (ALONE.leads, ALONE.any(True), ALONE.mean(2.0)) == (True, True, 2.0)
    with pytest.raises(RuntimeError, match="timed out"), ALONE.watching("step 1"):
        raise RuntimeError("timed out")
    for wrong in ({"size": 2}, {"strategy": "ddp", "rank": 2, "size": 2}, {"strategy": "mpi"}):
        with pytest.raises(InvalidConfigError, match="joined"):
            Team(**wrong)


def test_only_lost_connections_are_called_so() -> None:
    team = Team("ddp", 0, 2)
    with pytest.raises(RuntimeError, match="shape"), team.watching("step 1"):
        raise RuntimeError("shape mismatch")
    with pytest.raises(WorkerError, match="step 9"), team.watching("step 9"):
        raise RuntimeError("Connection closed by peer [127.0.0.1]:1")
