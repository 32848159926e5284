import pytest
from agentic_diffusion_code.sandbox import Limits

RIGHT = "def f(x):\n    if x < 0: raise ValueError('negative')\n    return x * 2"


def check(fence, body, source=RIGHT, limits=Limits()):  # noqa: B008
    return fence.check(source, "f", f"def check(candidate):\n{body}\n", limits=limits)


def test_the_test_sees_results_and_exceptions(fence):
    body = (
        "    assert candidate(3) == 6\n    try: candidate(-1)\n"
        "    except ValueError as e: assert 'negative' in str(e)\n    else: assert False\n    assert f(1) == 2"
    )
    assert check(fence, body).status == "ok"


@pytest.mark.parametrize(
    "body",
    ["    pass", "    assert candidate(1) == 1", "    candidate(object())", "    import os; os._exit(0)"],
)
def test_a_test_that_is_not_satisfied(fence, body):
    assert check(fence, body).status == "error"


def test_the_program_cannot_end_the_test_well(fence):
    for source in (
        "import os\ndef f(x): os._exit(0)",
        "import sys\nsys.exit(0)",
        "def f(x): return object()",
    ):
        assert check(fence, "    assert candidate(1) is None", source).status != "ok"


def test_a_program_that_hangs(fence):
    source = "def f(x):\n    while True: pass"
    run = check(fence, "    candidate(1)", source, Limits(wall_seconds=0.3))
    assert run.status == "timeout"
