"""The benchmarks of the memory: killed writers lose nothing, and rates are counted honestly."""

from agentic_diffusion_evolve.bench import WAYS, Numbers, example, kills, run_bench, write_rate
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
    assert single.per_cpu_second > 0
    assert write_rate(ListMemory(), outcomes=10, batch=1).batch == 1
    assert example("a").model_dump(exclude={"time"}) == example("a").model_dump(exclude={"time"})


def test_every_way_keeps_what_it_was_given(tmp_path) -> None:
    for number, make in enumerate(WAYS.values()):
        memory = make(tmp_path / str(number))
        assert memory.add(example("a"))
        assert memory.add_many([example("b"), example("c")]) == 2
    assert len((tmp_path / "2").read_bytes().splitlines()) == 3


def test_rows_have_an_interval_and_killed_writers_are_counted() -> None:
    told = []
    rows = run_bench(seeds=2, outcomes=100, rounds=1, progress=lambda *step: told.append(step))
    assert told[-1] == ("killing writers", 17, 17)
    rates = [row for row in rows if "per_second" in row]
    assert {row["name"] for row in rates} == set(WAYS)
    for row in rates:
        low, high = row["per_second"]["ci95"]
        assert low < row["per_second"]["mean"] < high
        assert row["per_second"]["n"] == 2
    assert rows[-1]["lost_total"] == 0 < rows[-1]["acknowledged_total"]
    assert run_bench(seeds=1, outcomes=100, rounds=0, progress=lambda *step: None)[0]["per_second"]["n"] == 1
