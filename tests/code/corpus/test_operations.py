"""What operations mean, and what they refuse because languages differ."""

import pytest
from agentic_diffusion_code.corpus.operations import OPERATIONS


@pytest.mark.parametrize(
    ("op", "args", "value"),
    [
        ("floordiv", (-7, 2), -4),
        ("mod", (-7, 2), 1),
        ("unique", ([3, 1, 3],), [3, 1]),
        ("every", ([1, 2, 3], 2), [1, 3]),
        ("take_str", ("abc", 2), "ab"),
        ("int", ("-12",), -12),
        ("pow", (2, 10), 1024),
        ("round", (2.34, 1), 2.3),
        ("split_on", ("a,,b", ","), ["a", "", "b"]),
        ("trunc", (-2.5,), -2),
        ("is_empty", ([],), True),
        ("max2", (1, 2), 2),
        ("min2", (1, 2), 1),
        ("sort_by", ([2, 1], lambda n: n), [1, 2]),
    ],
)
def test_values(op, args, value):
    assert OPERATIONS[op](*args) == value


@pytest.mark.parametrize(
    ("op", "args"),
    [
        ("at", ([1], 1)),
        ("at", ([1], -1)),
        ("take", ([1], -1)),
        ("every", ([1], 0)),
        ("int", ("1_0",)),
        ("pow", (2, 100)),
        ("repeat", ("a", 1000)),
        ("repeat", ("a", -1)),
        ("range", (10_000,)),
        ("round", (2.5, 0)),
        ("count", ("a", "")),
        ("replace", ("a", "", "b")),
        ("zfill", ("-5", 3)),
    ],
)
def test_what_languages_do_not_agree_on_is_refused(op, args):
    with pytest.raises((LookupError, ValueError)):
        OPERATIONS[op](*args)
