"""Memory: both kinds keep the same promises."""

import subprocess
import sys
from collections import Counter

import pytest
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.planning.domains.trajectory import Reach
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.evict import KeepBest, Recent
from agentic_diffusion_evolve.memory import ListMemory, Memory, task_key
from agentic_diffusion_evolve.sqlite import SqliteMemory

Told = Outcome[str, tuple[float, ...]]


def told(number, reward=None, **changes):
    settings = {"id": f"n{number}", "request": "go", "value": (float(number),), "reward": reward or number}
    return Told(**{**settings, **changes})


@pytest.fixture(params=["list", "sqlite"])
def make(request, tmp_path):
    def build(**settings):
        if request.param == "list":
            return ListMemory(**settings)
        return SqliteMemory(tmp_path / "memory.db", str, tuple[float, ...], **settings)

    return build


def test_what_is_added_comes_back_once_and_in_order(make) -> None:
    memory = make()
    assert isinstance(memory, Memory)
    assert (len(memory), list(memory), memory.best(3), "n1" in memory) == (0, [], [], False)
    assert memory.add(told(1))
    assert not memory.add(told(1, reward=99))
    assert memory.add_many([told(1), told(3), told(2), told(2)]) == 2
    assert [o.id for o in memory] == ["n1", "n3", "n2"]
    assert next(iter(memory)).model_dump() == told(1, time=next(iter(memory)).time).model_dump()
    assert "n2" in memory
    assert "n9" not in memory


def test_best_is_by_reward_among_what_is_trusted(make) -> None:
    memory = make()
    memory.add_many([told(1), told(5, trust=0.2), told(3), told(4)])
    assert [o.id for o in memory.best(2)] == ["n5", "n4"]
    assert [o.id for o in memory.best(9, trust=0.5)] == ["n4", "n3", "n1"]


def test_eviction_is_exact_for_whoever_looks(make) -> None:
    memory = make(evict=KeepBest(3))
    for number in range(1, 11):
        memory.add(told(number))
    assert len(memory) == 3
    assert {o.id for o in memory} == {"n8", "n9", "n10"}
    recent = [told(n, reward=1) for n in range(100, 1000)]
    assert memory.add_many(recent) == 900
    assert len(memory) == 3


def test_eviction_also_runs_when_nobody_looks(make) -> None:
    seen = []

    def spy(entries):
        seen.append(len(entries))
        return Recent(10)(entries)

    memory = make(evict=spy)
    for start in range(0, 1000, 100):
        memory.add_many(told(n) for n in range(start + 1, start + 101))
    assert seen
    assert max(seen) <= 400


def test_the_same_seed_draws_the_same_and_better_ones_more_often(make) -> None:
    memory = make()
    memory.add_many(told(n) for n in range(1, 21))
    first = memory.sample(2000, generator(1))
    assert [o.id for o in first] == [o.id for o in memory.sample(2000, generator(1))]
    assert [o.id for o in first] != [o.id for o in memory.sample(2000, generator(2))]
    count = Counter(o.id for o in first)
    assert count["n20"] > 2 * count["n10"] > 2 * count["n1"] > 0
    assert memory.sample(0, generator(0)) == []


def test_equal_requests_have_equal_keys() -> None:
    assert task_key(Reach(start=(0.0,))) == task_key(Reach(start=(0.0,)))
    assert task_key({"a": 1}) != task_key({"a": 2})


def test_opening_a_memory_does_not_import_torch() -> None:
    look = "import sys, agentic_diffusion_evolve.sqlite; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
