"""What speaks against a program before it runs."""

import pytest
from agentic_diffusion_code.domain import CodeRequest
from agentic_diffusion_code.misgivings import misgivings

GOOD = """\
def total(values: list[int], k: int) -> int:
    return sum(values[:k]) + 12
"""
SAME = "def f(x: int) -> int:\n    return x\n"
MORE = "def twice(n: int) -> int:\n    return n * 2\n"
ASKED = "Return the sum of the first `k` of `values`, and 12 added."


def asked(description: str, signature: str = "", language: str = "python") -> CodeRequest:
    return CodeRequest(description=description, signature=signature, language=language)


@pytest.mark.parametrize(
    ("source", "against"),
    [
        (GOOD, (0, 0)),
        (GOOD.replace("sum(values[:k])", "max(sum(values[:k]))"), (1, 0)),  # the greatest of one number
        (GOOD.replace("12", "'12'"), (1, 1)),  # a number and a text
        (GOOD.replace(" + 12", " + 13"), (0, 1)),  # a number that was asked for
        (GOOD.replace("[:k]", ""), (0, 1)),  # an argument that was given
        (GOOD.replace("[:k]", "").replace(" + 12", ""), (0, 2)),
        (GOOD.replace("-> int:", '-> int:\n    """Add 12."""').replace(" + 12", ""), (0, 1)),
        (GOOD.replace("total", "sum_up"), (1, 0)),  # another function than that which was asked for
        (MORE + GOOD, (0, 1)),  # a function that nothing calls
        (MORE + GOOD.replace("12", "twice(6)"), (0, 1)),
        ("import math\n" + GOOD, (1, 0)),  # nothing that the typed form knows
        ("def total(values", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_it_is_told_what_does_not_fit_and_what_is_left_out(source: str, against: tuple[int, int]) -> None:
    request = asked(ASKED, "def total(values: list[int], k: int) -> int:").model_copy(
        update={"entry": "total"}
    )
    assert misgivings(request, source, source) == against


@pytest.mark.parametrize(
    "said", ["Count from 0 to 1.", "Say '7 things' or \"8\".", "Call `f2` of x3.", "Add 0.5.", "9" * 5000]
)
def test_not_every_number_has_to_be_there(said: str) -> None:
    assert misgivings(asked(said), SAME, SAME) == (0, 0)


def test_nothing_is_held_against_other_languages() -> None:
    assert misgivings(asked(ASKED, language="javascript"), "function f(k) { return 1 }", "") == (0, 0)
