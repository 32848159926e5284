"""Candidates compete by what they are worth: on their way by their syntax, finished by their tests."""

from dataclasses import replace

import pytest
import torch
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.embedded import decided, load_writer
from agentic_diffusion_code.rewards import Soundness, scored
from agentic_diffusion_code.sandbox import ProcessSandbox

REQUEST = asked("doubles a number", ["f(2) == 4", "f(0) == 0"], signature="def f(x):")


def test_what_a_text_is_worth(fence: ProcessSandbox) -> None:
    worth = Soundness(fence)
    assert worth(REQUEST, "def f(x):\n    return x + x\n", True) == 1.0
    assert worth(REQUEST, "def f(x):\n    return x * x * x\n", True) == 0.75
    assert worth(REQUEST, "def f(x):\n    return (\n", True) == 0.0
    assert worth(REQUEST, "def g(y):\n    return 4\n", True) == 0.0
    assert worth(REQUEST, "", True) == 0.0
    assert worth(REQUEST, "def f(x):\n", False) <= 0.5
    assert worth(REQUEST, "def f(x) ) ) return", False) < worth(REQUEST, "def f(x):\n    return x", False)
    assert Soundness()(REQUEST, "def f(x):\n    return 9\n", True) == 0.5


def test_no_text_is_asked_about_twice() -> None:
    seen = []

    def worth(request, source, finished):
        seen.append((source, finished))
        return 0.5

    score = scored(worth, REQUEST, text=lambda row: str(row.tolist()), end=2, weight=4.0)
    rows = torch.tensor([[3, 4], [3, 4], [3, 2]])
    assert score(rows).tolist() == score(rows).tolist() == [2.0, 2.0, 2.0]
    assert seen == [("[3, 4]", False), ("[3, 2]", True)]


@pytest.mark.slow
def test_a_reward_makes_better_programs_of_the_shipped_model(fence: ProcessSandbox) -> None:
    request = asked(
        "Return the sum of the squares of the even numbers in the list `numbers`.",
        ["f([1, 2, 4]) == 20", "f([]) == 0", "f([3]) == 0"],
        signature="def f(numbers: list[int]) -> int:",
    )
    writer, _ = load_writer(sandbox=fence)
    worth = Soundness(fence)
    means = []
    for reward in (0.0, 6.0):
        used = replace(
            writer, decoding=decided({"reward": reward}, writer.decoding), viable=None, syntax=None
        )
        got = []
        for seed in range(4):
            *_, sketch = used.write(request, count=8, seed=seed, temperature=1.5)
            got += [worth(request, source, True) for source in sketch.sources]
        means.append(sum(got) / len(got))
    assert means[1] > means[0] + 0.1
