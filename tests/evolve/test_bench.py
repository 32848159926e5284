"""The benchmarks of the memory: killed writers lose nothing, and rates are counted honestly."""

from agentic_diffusion_evolve.bench import Numbers, example, kills, write_rate
from agentic_diffusion_evolve.memory import ListMemory
from agentic_diffusion_evolve.sqlite import SqliteMemory


def test_killed_writers_lose_nothing_they_were_told_is_kept(tmp_path) -> None:
    rounds = list(kills(tmp_path / "memory.db", rounds=2, writers=3, seconds=0.2))
    assert [kill.round for kill in rounds] == [1, 2]
    assert all(kill.acknowledged >= 3 for kill in rounds)
    assert sum(kill.lost for kill in rounds) == 0
    memory = SqliteMemory(tmp_path / "memory.db", str, Numbers)
    assert len(memory) >= sum(kill.acknowledged for kill in rounds)


def test_rates_count_what_was_written(tmp_path) -> None:
    memory = SqliteMemory(tmp_path / "memory.db", str, Numbers)
    assert write_rate(memory, outcomes=100, batch=30).outcomes == 100
    single = write_rate(memory, outcomes=50, batch=1)
    assert len(memory) == 150
    assert single.per_second > 0
    assert write_rate(ListMemory(), outcomes=10, batch=1).batch == 1
    assert example("a").model_dump(exclude={"time"}) == example("a").model_dump(exclude={"time"})
