"""Lines: a memory survives the way through a file, and a bad line adds nothing."""

import pytest
from agentic_diffusion.errors import StoreError
from agentic_diffusion.records import Outcome
from agentic_diffusion_evolve.lines import export_lines, import_lines
from agentic_diffusion_evolve.memory import ListMemory

Told = Outcome[str, tuple[float, ...]]


def told(number, **changes):
    return Told(
        **{"id": f"n{number}", "request": "go", "value": (float(number),), "reward": number, **changes}
    )


def test_lines_carry_a_memory_to_another(tmp_path) -> None:
    memory, path = ListMemory(), tmp_path / "lines.jsonl"
    memory.add_many(told(n, evidence={"why": ["a", None]}) for n in range(300))
    assert export_lines(memory, path) == 300
    other = ListMemory()
    assert import_lines(other, path, Told) == 300
    assert [o.model_dump() for o in other] == [o.model_dump() for o in memory]
    assert import_lines(memory, path, Told) == 0


def test_a_bad_line_adds_nothing_and_is_named(tmp_path) -> None:
    path, memory = tmp_path / "lines.jsonl", ListMemory()
    path.write_text(told(1).model_dump_json() + "\n\n{}\n")
    with pytest.raises(StoreError, match=r"lines\.jsonl, line 3"):
        import_lines(memory, path, Told)
    assert len(memory) == 0
    with pytest.raises(StoreError, match="No such file"):
        import_lines(memory, tmp_path / "none.jsonl", Told)
