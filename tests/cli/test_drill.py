"""The drill goes on where it stopped, and forks tell how they ended."""

import os
import signal
import time

import pytest
from agentic_diffusion_cli.drill import Drill, Ended, forked, team_of, warm

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def test_a_drill_goes_on_where_it_stopped(tmp_path) -> None:
    warm(tmp_path / "warm")
    whole = Drill(tmp_path / "whole", steps=6, every=2).run()
    heard = []
    half = Drill(tmp_path / "half", steps=6, every=2)
    assert list(half.run(until=5, watch=heard.append)) == heard == [1, 2, 3, 4, 5]
    rest = half.run()
    assert list(rest) == [5, 6]
    assert rest == {step: whole[step] for step in (5, 6)}


def test_forks_tell_how_they_ended() -> None:
    def fail():
        raise ValueError("no")

    ends = forked(
        [lambda: {"a": 1}, fail, lambda: time.sleep(60)], meddle=lambda pids: os.kill(pids[2], signal.SIGTERM)
    )
    assert ends == [Ended(0, {"a": 1}), Ended(1, None, "ValueError: no"), Ended(-signal.SIGTERM)]
    (late,) = forked([lambda: time.sleep(60)], patience=0.05)
    assert late.code == -signal.SIGKILL


def test_members_of_a_team_meet() -> None:
    ends = forked(team_of(2, "ddp", lambda team: [team.rank, team.mean(float(team.rank))]))
    assert [end.told for end in ends] == [[0, 0.5], [1, 0.5]]
