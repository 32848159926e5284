"""The corpus: deterministic, right, and told apart from wrong programs."""

from itertools import islice

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.cases import Raises
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.verify import verify


def test_the_same_seed_gives_the_same_rows():
    one, two = (list(islice(generate(seed=4), 10)) for _ in range(2))
    assert one == two
    assert one != list(islice(generate(seed=5), 10))


def test_python_rows_pass_their_own_cases(fence):
    for task in islice(generate(seed=11), 40):
        judged = verify(task.source, task.asked(), sandbox=fence)
        assert judged.passed, (task.source, judged.failures[:1])


def test_some_rows_refuse_input():
    tasks = list(islice(generate(seed=1), 120))
    assert any(isinstance(case.expected, Raises) for task in tasks for case in task.cases)


def test_wrong_requests_are_refused():
    with pytest.raises(InvalidConfigError, match="cobol"):
        next(generate(seed=0, languages=("cobol",)))
    with pytest.raises(InvalidConfigError, match="split"):
        next(generate(seed=0, split="all"))
