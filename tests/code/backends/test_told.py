"""What models that read instructions are told, and what is taken from their answers."""

import pytest
from agentic_diffusion_code.backends.told import mended, program_in, varied, wanted
from agentic_diffusion_code.domain import asked


def test_all_that_is_given_is_said() -> None:
    request = asked("doubles a number", ["f(2) == 4"])
    assert "It is called f." in wanted(request)
    full = request.model_copy(
        update={"prefix": "import math", "suffix": "print(f(1))", "signature": "def f(x):"}
    )
    said = wanted(full)
    assert all(text in said for text in ("python", "doubles", "import math", "print(f(1))", "def f(x):"))
    assert "called" not in said
    broken = mended(full, "def f(x): pass", groups=[(1, 2)], hint="4 is wanted")
    assert broken.startswith(said)
    assert "line 1, 2. 4 is wanted\ndef f(x): pass" in broken
    assert "line any" in mended(full, "", groups=[], hint="")
    assert varied(full, "def g(): pass").endswith("def g(): pass")


@pytest.mark.parametrize(
    ("text", "program"),
    [("a\n```python\nb\n```\nc\n```\nd\n```", "b\n"), ("b", "b\n"), (" \n", ""), ("```\nb\n```", "b\n")],
)
def test_the_first_fence_holds_the_program(text: str, program: str) -> None:
    assert program_in(text) == program
