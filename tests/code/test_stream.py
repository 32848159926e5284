"""Streams: line ends, blocks, and reading streams that no program has."""

from agentic_diffusion_code.stream import Kind, Marks, brace_stream, indented_stream, lexemes_of, prose_of

MARKS = Marks(1, 2, 3)


def encode(lexeme):
    return () if lexeme.startswith("#") else (10,)


def test_blocks_of_python():
    cut = ["\n", "if", "\n  ", "a", "\n  ", "# c", "\n", "b"]
    assert indented_stream(cut, encode, MARKS) == [10, 1, 2, 10, 1, 3, 10, 1]


def test_an_indented_fragment_begins_without_a_block():
    assert indented_stream(["\n    ", "a", "\n        ", "b"], encode, MARKS) == [10, 1, 2, 10, 1, 3]


def test_breaks_inside_brackets_mean_nothing():
    assert indented_stream(["\n", "(", "\n   ", "a", ")"], encode, MARKS) == [10, 10, 10, 1]
    assert brace_stream(["(", "\n", "a", ")", "\n", ".", "b"], encode, MARKS) == [10] * 5 + [1]
    assert brace_stream(["{", "\n", "a", "\n", "\n", "}"], encode, MARKS) == [10, 1, 10, 1, 10, 1]


def test_any_stream_is_read():
    kinds = [Kind.SPECIAL, Kind.START, Kind.REST, Kind.OPEN, Kind.CLOSE, Kind.OPERATOR, Kind.NEWLINE]
    shown = [b"", b"ab", b"c", b'"', b"", b"+", b""]
    assert lexemes_of([1, 2, 0, 5, 3, 1, 1, 4], kinds, shown) == (
        ["abc", "+", '"ab ab"'],
        [0, 0, -1, 1, 2, 2, 2, 2],
    )
    assert lexemes_of([2, 3, 1, 5, 4], kinds, shown)[0] == ["c", '"ab"', "+"]
    assert lexemes_of([3, 1, 6], kinds, shown)[0] == ['"ab"', "\n"]


def test_prose():
    kinds = [Kind.START, Kind.REST, Kind.OPEN, Kind.CLOSE, Kind.SPECIAL]
    assert prose_of([0, 1, 2, 0, 3, 4, 0], kinds, [b"a", b",", b"'", b"", b""]) == "a, 'a' a"
