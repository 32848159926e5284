"""The memory of proven programs: nearest first, nothing disproved, and it survives a restart."""

from pathlib import Path

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion.planning.planner import Learns
from agentic_diffusion.records import Outcome
from agentic_diffusion_code.domain import CodeRequest, Program, asked
from agentic_diffusion_code.proven import MAX_FAILED, Proven
from agentic_diffusion_code.search import holds

DOUBLE = asked("return twice the number x")


def outcome(source: str, reward: float, request: CodeRequest = DOUBLE, **more: str) -> Outcome:
    return Outcome(request=request, value=Program(source=source), reward=reward, **more)


def test_the_nearest_proven_program_is_given() -> None:
    memory = Proven()
    assert isinstance(memory, Learns)
    assert memory.nearest(DOUBLE) is None
    memory.learn(outcome("x + x", 1.0))
    memory.learn(outcome("sum(xs)", 1.0, asked("return the sum of a list")))
    assert len(memory) == 2
    assert memory.nearest(asked("return twice the number y")) == "x + x"
    assert memory.nearest(asked("open a window")) is None
    assert memory.nearest(DOUBLE.model_copy(update={"language": "go"})) is None


def test_the_nearest_program_has_the_name_that_is_asked_for() -> None:
    memory = Proven()
    source = "def twice(x):\n    return x + x\n"
    memory.learn(outcome(source, 1.0, asked("return twice the number x", ["twice(2) == 4"])))
    found = memory.nearest(asked("return twice the number x", ["double(3) == 6"]))
    assert found == source.replace("twice", "double")
    assert memory.nearest(asked("return twice the number x")) == source


def test_failures_make_pairs_and_disprove() -> None:
    memory = Proven()
    for number in range(MAX_FAILED + 2):
        memory.learn(outcome(f"x + {number}", 0.0))
    assert list(memory.pairs()) == []
    memory.learn(outcome("x + x", 1.0))
    memory.learn(outcome("", 1.0))
    pairs = list(memory.pairs())
    assert len(pairs) == MAX_FAILED
    assert pairs[0][1] == "x + x"
    memory.learn(outcome("x + x", -1.0))
    assert memory.nearest(DOUBLE) is None
    memory.learn(outcome("x + x", 1.0, id="a"))
    memory.learn(outcome("x + x", -1.0, id="a"))
    assert memory.nearest(DOUBLE) == "x + x"


def test_little_trust_is_no_proof() -> None:
    memory = Proven(trust=0.8)
    memory.learn(outcome("x + x", 1.0))
    memory.learn(outcome("x + x", 0.0).model_copy(update={"trust": 0.5}))
    assert memory.nearest(DOUBLE) == "x + x"
    assert [proof.passed for proof in memory.proofs()] == ["x + x"]


def test_the_memory_survives(tmp_path: Path) -> None:
    path = tmp_path / "proven.jsonl"
    Proven(path).learn(outcome("x + x", 1.0))
    assert Proven(path).nearest(DOUBLE) == "x + x"
    path.write_text("torn")
    with pytest.raises(StoreError):
        Proven(path)


def test_a_folder_for_the_memory_is_made_or_refused_at_once(tmp_path: Path) -> None:
    memory = Proven(tmp_path / "new" / "folder" / "memory.jsonl")
    memory.learn(outcome("x + x", 1.0))
    assert memory.path is not None
    assert memory.path.is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder"):
        Proven(tmp_path / "file" / "memory.jsonl")


def test_a_proven_program_is_declared_as_asked() -> None:
    memory = Proven()
    asked_first = asked(
        "Return the sum of the numbers", ["f([1]) == 1"], signature="def f(numbers: list[int]):"
    )
    source = "def f(numbers: list[int]):\n    return sum(numbers)\n"
    memory.learn(
        Outcome(id="a", request=asked_first, value=Program(source=source), reward=1.0, source="tests")
    )
    now = asked("Return the sum of the numbers", ["total([1]) == 1"], signature="def total(xs):")
    assert memory.nearest(now) == "def total(xs):\n    return sum(xs)\n"


def test_a_proven_program_has_the_front_that_is_asked_for() -> None:
    memory = Proven()
    source = "def f(numbers: list[int]) -> int:\n    return sum(numbers)\n"
    first = asked("Return the sum", ["f([1]) == 1"], signature="def f(numbers: list[int]) -> int:")
    memory.learn(outcome(source, 1.0, first))
    now = asked("Return the sum", ["f([1]) == 1"], signature="def f(x: List[int]) -> int:")
    now = now.model_copy(update={"prefix": "import math"})
    found = memory.nearest(now)
    assert found == (
        "from typing import List\nimport math\n\n\ndef f(x: List[int]) -> int:\n    return sum(x)\n"
    )
    assert holds(found, now)
    exec(found, {})
    assert not holds(source, now)
    memory.learn(outcome(found, 1.0, now))
    assert memory.nearest(now) == found


def test_a_proven_list_is_not_declared_a_tuple() -> None:
    memory = Proven()
    first = asked("Sort them", ["f([1]) == [1]"], signature="def f(xs: list[int]) -> list[int]:")
    source = "def f(xs: list[int]) -> list[int]:\n    return sorted(xs)\n"
    memory.learn(outcome(source, 1.0, first))
    wanted = "def f(xs: list[int]) -> tuple[int, ...]:"
    assert memory.nearest(asked("Sort them", signature=wanted)) == source
    assert memory.nearest(asked("Sort them", ["f([1]) == (1,)"], signature=wanted)) != source
