"""Values as other languages write them."""

from agentic_diffusion_code.sandbox.literals import filled, numeral, octal, text


def test_what_is_not_plain_is_escaped_by_the_language() -> None:
    assert text('a"\\\n\té', octal) == '"a\\"\\\\\\n\\t\\303\\251"'
    assert text("", octal) == '""'


def test_a_float_keeps_its_point() -> None:
    assert [numeral(2, "float"), numeral(2, "int"), numeral(-0.5, "float")] == ["2.0", "2", "-0.5"]


def test_every_mark_is_filled_in() -> None:
    assert filled("@MARK@ @CALLS@ @RUNS@ @MARK@", mark="m", calls="c", runs="r") == "m c r m"
