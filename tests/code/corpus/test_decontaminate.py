"""Decontamination, with a made-up benchmark."""

import gzip
import json
from itertools import islice

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.decontaminate import Decontaminator, grams


def test_passages_ignore_case_and_white_space():
    assert list(grams("A b  c", 2)) == list(grams("a B\nc", 2))
    assert list(grams("a b", 3)) == []


def test_a_row_that_copies_a_benchmark_is_left_out(tmp_path):
    tasks = list(islice(generate(seed=1), 30))
    copied = max(tasks, key=lambda task: len(task.source))
    path = tmp_path / "made-up.jsonl.gz"
    row = {"prompt": "unlike anything", "canonical_solution": copied.source.upper()}
    path.write_bytes(gzip.compress((json.dumps(row) + "\n\n").encode()))
    filter_ = Decontaminator.of_files([path])
    assert filter_.passages > 5
    kept = list(filter_.clean(tasks))
    assert copied not in kept
    assert len(kept) > 20


def test_files_without_text_are_refused(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text('{"id": 1}\n')
    with pytest.raises(InvalidConfigError, match=r"empty\.jsonl"):
        Decontaminator.of_files([path])
