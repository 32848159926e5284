"""Names hold all that they are ever given, in whatever order it comes."""

from agentic_diffusion_code.typed import misfits


def test_a_name_holds_all_that_it_is_ever_given() -> None:
    turned = "def f(a: int) -> int:\n    for _ in range(a):\n        b = x\n        x = 'a'\n    return {}\n"
    assert [each.message for each in misfits(turned.format("b"))] == ["returns str where int is declared"]
    assert misfits(turned.format("b") + "    b = 3\n") == ()


def test_augmented_assignments_change_in_place() -> None:
    assert misfits("def f(a: list[int]) -> list[str]:\n    a += 'b'\n    return a\n") == ()
    (found,) = misfits("def f(a: str) -> str:\n    a -= 1\n    return a\n")
    assert found.message == "`a -= 1`: str and int do not go together"


def test_nothing_is_put_into_a_text() -> None:
    (found,) = misfits("def f(a: str) -> str:\n    a[0] = 'b'\n    return a\n")
    assert found.message == "nothing can be put into str"
