"""Judges three programs that claim to sort: a right one, a wrong one, and one that cheats."""

from __future__ import annotations

from agentic_diffusion_code.cases import Case, Raises, Task
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.verify import verify

TASK = Task(
    description="Return the numbers in ascending order; refuse anything that is not a list.",
    entry="ascending",
    tests=(
        Case(arguments=([3, 1, 2],), expected=[1, 2, 3]),
        Case(arguments=([],), expected=[]),
        Case(arguments=([2, 2, 1],), expected=[1, 2, 2]),
        Case(arguments=("text",), expected=Raises(type="TypeError")),
    ),
)

RIGHT = """
def ascending(numbers):
    if not isinstance(numbers, list):
        raise TypeError("a list, please")
    return sorted(numbers)
"""

WRONG = """
def ascending(numbers):
    if not isinstance(numbers, list):
        raise TypeError("a list, please")
    return sorted(set(numbers))
"""

CHEAT = """
class Agreeable(list):
    def __eq__(self, other):
        return True

def ascending(numbers):
    print("PASS")
    return Agreeable()
"""


def main() -> None:
    with ProcessSandbox() as sandbox:
        print("behind:", ", ".join(sandbox.isolation))
        for name, source in {"right": RIGHT, "wrong": WRONG, "cheat": CHEAT}.items():
            judged = verify(source, TASK, sandbox=sandbox)
            print(f"{name}: {'passed' if judged.passed else 'failed'}, score {judged.score:.2f}")
            for failure in judged.failures:
                print(f"  ascending({failure.given}) gave {failure.got}, expected {failure.expected}")


if __name__ == "__main__":
    main()
