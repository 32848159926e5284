"""Fates are kept line by line, gone on with, and fitted to; questions of the benchmark are left out."""

from pathlib import Path

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code import fates as module
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.confidence import Confidence
from agentic_diffusion_code.fates import Fate, asked_at, fates, fitted_to, held_to, read_fates
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.questions import built_in
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writer import TokenWriter
from library import Lexemes, Shelf


def test_a_run_goes_on_where_it_was(
    tmp_path: Path, fence: ProcessSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TESTED", 3)
    tokens, kept = Lexemes(size=1 << 10), tmp_path / "fates.jsonl"
    writer = TokenWriter(Shelf(["def f ( x ) :\n    return x\n"], tokens), tokens, Decoding(block=8))
    coder = Coder(writer, fence)
    first = next(fates(coder, [5], count=3, sandbox=fence, kept=kept))
    assert len(first) == 1
    *_, last = fates(coder, [5, 6], count=3, sandbox=fence, kept=kept)
    assert [(each.seed, each.index) for each in last] == [(5, 0), (5, 1), (5, 2), (6, 0), (6, 1), (6, 2)]
    assert tuple(read_fates(kept)) == last
    assert all(each.features and not each.passed for each in last)
    kept.write_text("nothing\n", encoding="utf-8")
    with pytest.raises(InvalidConfigError, match="line 1"):
        list(read_fates(kept))


def test_questions_of_the_benchmark_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEST", 5)
    monkeypatch.setattr(module, "TESTED", 2)
    said = [question.request.description for question in built_in(seed=5, count=4)]
    assert [question.request.description for _, question in asked_at(5, 4)] == said[2:]


def test_programs_that_do_not_parse_are_not_fitted_to() -> None:
    known = [Fate(seed=1, index=i, features=(float(i),), passed=i > 3) for i in range(8)]
    before = Confidence(weights=(0.0, 0.0, 0.0), bias=0.5, mean=(0.0,) * 3, scale=(1.0,) * 3)
    fitted = fitted_to(before, [*known, Fate(seed=1, index=9, features=(), passed=False)])
    assert fitted((6.0,)) > 0.9 > 0.1 > fitted((0.0,))
    assert fitted((6.0,), 2) == before((6.0,), 2)
    told = held_to(fitted, known)
    assert told["n"] == 8
    assert told["auroc"] == 1
    assert told["ece"] < 0.1 < held_to(before, known)["ece"]
    with pytest.raises(InvalidConfigError, match="one fate"):
        fitted_to(before, known[:3])
