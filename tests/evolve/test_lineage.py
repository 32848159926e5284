"""The lineage: promote, reject, roll back in one call, and survive a crash at any moment."""

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError, StoreError
from agentic_diffusion.records import Verdict
from agentic_diffusion_evolve import lineage as room
from agentic_diffusion_evolve.lineage import Lineage

GOOD, BAD = Verdict(passed=True, score=1.0), Verdict(passed=False, score=-1.0)


@pytest.fixture
def line(tmp_path):
    return Lineage(tmp_path / "line")


def weights(value):
    return {"w": torch.full((3,), float(value))}


def active(line):
    return float(line.weights().tensors["w"][0])


def test_a_line_is_founded_promoted_rejected_and_rolled_back(line) -> None:
    assert line.tree() is None
    assert line.found(weights(0), {"seed": 1}).number == 0
    assert line.promote(weights(1), {}, verdict=GOOD).parent == 0
    assert line.reject(verdict=BAD).folder is None
    assert line.promote(weights(3), {}, verdict=GOOD).parent == 1
    assert active(line) == 3
    assert line.rollback().number == 1
    assert active(line) == 1
    assert Lineage(line.folder).tree().active == 1
    assert line.promote(weights(4), {}, verdict=GOOD).parent == 1
    assert line.rollback(0).number == 0
    assert active(line) == 0
    fates = [(a.number, a.parent, a.fate) for a in line.tree().generations]
    assert fates == [
        (0, None, "founded"),
        (1, 0, "promoted"),
        (2, 1, "rejected"),
        (3, 1, "promoted"),
        (4, 1, "promoted"),
    ]
    assert line.weights(3).card["generation"] == 3


def test_what_makes_no_sense_is_refused_and_changes_nothing(line) -> None:
    with pytest.raises(InvalidConfigError, match="found"):
        line.promote(weights(1), {}, verdict=GOOD)
    line.found(weights(0), {})
    for call in (
        lambda: line.found(weights(1), {}),
        lambda: line.promote(weights(1), {}, verdict=BAD),
        lambda: line.rollback(),
        lambda: line.rollback(7),
    ):
        before = line.path.read_bytes()
        with pytest.raises(InvalidConfigError):
            call()
        assert line.path.read_bytes() == before
    line.reject(verdict=BAD)
    with pytest.raises(StoreError, match="generation 1"):
        line.weights(1)


@pytest.mark.parametrize("step", ["save", "write_atomically"])
def test_a_crash_while_promoting_leaves_the_old_generation_active(line, monkeypatch, step) -> None:
    line.found(weights(0), {})

    def crash(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(room, step, crash)
        with pytest.raises(KeyboardInterrupt):
            line.promote(weights(1), {}, verdict=GOOD)
    assert (line.tree().active, active(line)) == (0, 0.0)
    line.promote(weights(2), {}, verdict=GOOD)
    assert (line.tree().active, active(line)) == (1, 2.0)


def test_damage_is_named_and_never_activated(line) -> None:
    line.found(weights(0), {})
    line.promote(weights(1), {}, verdict=GOOD)
    for file in (line.folder / "generation-0000").glob("*.safetensors"):
        file.write_bytes(b"broken")
    with pytest.raises(StoreError):
        line.rollback()
    assert active(line) == 1
    line.path.write_text(line.path.read_text().replace('"active": 1', '"active": 9'))
    with pytest.raises(StoreError, match="generation 9"):
        line.tree()
    line.path.write_text("{")
    with pytest.raises(StoreError, match=r"lineage\.json"):
        line.tree()
