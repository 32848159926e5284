"""What stands before a program: prefixes and imports, put there and taken away again."""

from agentic_diffusion_code.domain import CodeRequest
from agentic_diffusion_code.front import Front

BODY = "def f(x):\n    return x\n"


def test_a_prefix_is_put_before_a_program_and_taken_away() -> None:
    front = Front("import math\nLIMIT = 3\n")
    whole = front.before(BODY)
    assert whole == "import math\nLIMIT = 3\n\n\n" + BODY
    assert front.without(whole) == BODY
    assert front.without(BODY) == BODY
    assert Front().before(BODY) == Front().without(BODY) == BODY


def test_no_import_comes_twice_and_none_is_lost() -> None:
    front = Front("import math")
    body = "import math\nimport re\n\n\ndef f(x):\n    return math.floor(x), re\n"
    whole = front.before(body)
    assert whole.count("import math") == 1
    assert whole.index("import math") < whole.index("import re")
    assert front.without(whole) == body


def test_one_front_stands_instead_of_another() -> None:
    typed, plain = Front("", "def f(x: List[int]):"), Front("import math\nLIMIT = 3\n")
    body = "def f(x):\n    return x\n"
    assert typed.instead(plain, plain.before(body)) == "from typing import List\n\n\n" + body
    assert Front().instead(typed, typed.before(body)) == body
    needs = plain.before("def f(x):\n    return x + LIMIT\n")
    assert typed.instead(plain, needs) == "from typing import List\n" + needs
    assert plain.instead(plain, needs) == needs
    asked_in_go = CodeRequest(description="it", signature="func f(x List)", language="go")
    assert Front.of(asked_in_go).text == ""


def test_types_of_a_declaration_are_imported() -> None:
    assert Front("", "def f(x: List[int]) -> Sequence[str]:").text == (
        "from collections.abc import Sequence\nfrom typing import List"
    )
    assert Front("from typing import List", "def f(x: List[int]) -> int:").text == "from typing import List"
    assert Front("from typing import *", "def f(x: List[int]):").text == "from typing import *"
    assert Front("", "def f(x: np.ndarray):").text == "from __future__ import annotations"
    assert Front("from __future__ import annotations", "def f(x: A):").text.count("annotations") == 1
    assert Front("", "class A:").text == ""
    exec(Front("", "def f(x: np.ndarray):").before("def f(x: np.ndarray):\n    return x\n"))
