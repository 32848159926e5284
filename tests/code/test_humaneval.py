import gzip
import json
import os
from pathlib import Path

import pytest
from agentic_diffusion_code.humaneval import judge_all, mutants, read

ROW = {
    "task_id": "T/0",
    "prompt": "def helper(x): return x + 1\n\ndef f(x):\n    '''Double it.'''\n",
    "entry_point": "f",
    "canonical_solution": "    return 2 * x\n",
    "test": "def check(candidate):\n    assert candidate(3) == helper(5)\n",
}


def test_right_solutions_pass_and_mutants_do_not(fence, tmp_path):
    path = tmp_path / "h.jsonl.gz"
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(ROW) + "\n")
    (problem,) = read(path)
    assert len(list(mutants(problem))) == 3
    (judged,) = judge_all([problem], sandbox=fence)
    assert (judged.passed, judged.rejected, judged.mutants) == (True, 3, 3)


@pytest.mark.slow
def test_all_of_humaneval(fence):
    given = os.environ.get("HUMANEVAL")
    if given is None or not Path(given).exists():
        pytest.skip("HUMANEVAL names no file with the problems")
    found = judge_all(read(Path(given)), sandbox=fence)
    assert [one.name for one in found if not one.passed] == []
    assert [one.name for one in found if one.rejected != one.mutants] == []
