"""Other names in descriptions: what is quoted, escaped or abbreviated stays as it was written."""

import pytest
from agentic_diffusion_code.telling import outside, retold


@pytest.mark.parametrize(
    ("said", "old", "made"),
    [
        ('Replace every "s" by "z" in s.', "s", 'Replace every "s" by "z" in NEW.'),
        ("Whether c is 'c' or “c” or ‘a c b’", "c", "Whether NEW is 'c' or “c” or ‘a c b’"),
        ('Return "first_name: " and first_name', "first_name", 'Return "first_name: " and NEW'),
        (r"n lines with '\n' or \n", "n", r"NEW lines with '\n' or \n"),
        (r'x \x or "a \" x" and x', "x", r'NEW \x or "a \" x" and NEW'),
        ('the user"s s', "s", 'the user"s NEW'),
        ("Double e, e.g. 2 of e.", "e", "Double NEW, e.g. 2 of NEW."),
        ("the letter s or the letters r, s and t in s", "s", "the letter s or the letters r, s and t in NEW"),
        ("my_list's s and `s` and 'tis s", "s", "my_list's NEW and `NEW` and 'tis NEW"),
        ("word by `word`", "word", "word by `NEW`"),
    ],
)
def test_only_what_speaks_of_a_parameter_is_changed(said: str, old: str, made: str) -> None:
    assert retold(said, old, "NEW", alone=True) == made


def test_a_letter_among_several_parameters_is_one_where_it_is_spoken_of_elsewhere() -> None:
    assert retold("Count the character c in it", "c", "part", alone=False) == "Count the character part in it"
    assert retold("Put c for the character c", "c", "part", alone=False) == "Put part for the character c"
    assert retold("Count the letter c in it", "c", "part", alone=True) == "Count the letter c in it"


def test_what_is_quoted_is_not_changed() -> None:
    assert outside("a 'b c' d \"e\" f", str.upper) == "A 'b c' D \"e\" F"
    assert outside("it's a user\"s", str.upper) == "IT'S A USER\"S"
