import math

import pytest
from agentic_diffusion_code.compare import same, same_output

NAN = math.nan


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, 1),
        (None, None),
        ("a", "a"),
        (b"\xff", b"\xff"),
        (1 << 200, 1 << 200),
        (NAN, NAN),
        (math.inf, math.inf),
        (0.1 + 0.2, 0.3),
        (-0.0, 0.0),
        (1 + 2j, 1 + 2j),
        ([1, (2.0, {3})], [1, (2.0, {3})]),
        ({1: "a", 2: [0.3]}, {2: [0.1 + 0.2], 1: "a"}),
        ({(1, 2), (3, 4)}, {(3, 4), (1, 2)}),
        (frozenset({1.0}), frozenset({1.0 + 1e-12})),
        ({frozenset({1}): 2}, {frozenset({1}): 2}),
        ({NAN: 1}, {float("nan"): 1}),
    ],
)
def test_equal(got, expected):
    assert same(got, expected, tolerance=1e-9)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (1, True),
        (1, 1.0),
        (0, False),
        ("1", 1),
        ((1,), [1]),
        ({1}, frozenset({1})),
        (NAN, 1.0),
        (math.inf, -math.inf),
        (math.inf, 1e308),
        (1.0, 1.001),
        ([1, 2], [1]),
        ({1: 2}, {True: 2}),
        ({1: 2}, {1.0: 2}),
        ({1: 2, 3: 4}, {1: 2}),
        ({1}, {True}),
        ({1, 2}, {1, 3}),
        ({(1, 2)}, {(True, 2)}),
        ({1}, {1, 2}),
        ({1: "a"}, {1: "b"}),
        (b"a", "a"),
        (None, 0),
        (1 + 2j, 1 + 2.1j),
    ],
)
def test_different(got, expected):
    assert not same(got, expected, tolerance=1e-9)


def test_languages_with_one_number():
    assert same([1, 2.0, {3.0}], (1.0, 2, frozenset({3})), one_number=True)
    assert not same([1], [True], one_number=True)
    assert not same("1", 1, one_number=True)


def test_exactly():
    assert not same(0.1 + 0.2, 0.3)
    assert not same({0.1 + 0.2}, {0.3})


def test_printed_text():
    assert same_output("a  \nb\n\n", "a\nb")
    assert not same_output(" a", "a")
    assert not same_output("", "PASS")
