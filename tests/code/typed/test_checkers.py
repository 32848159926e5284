"""Evidence names who looked at the types."""

from agentic_diffusion_code.typed.checkers import checked_by


def test_who_looked_at_the_types() -> None:
    assert checked_by("python", looked=True) == "inference"
    assert checked_by("python", looked=False) == "not checked"
    assert checked_by("typescript", looked=True) == "tsc"
    assert checked_by("go", looked=False) == "not checked"
    assert checked_by("javascript", looked=True) == "not checked"
