"""The vocabulary: exact round trips, lexeme borders, and the same table each time."""

import ast
from itertools import islice

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.render import LANGUAGES
from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import NAMES, Vocabulary
from hypothesis import given
from hypothesis import strategies as st

VOCABULARY = Vocabulary.load()


@pytest.mark.parametrize("language", NAMES)
def test_canonical_text_is_a_fixed_point(language, programs):
    ids = VOCABULARY.encode(programs[language], language)
    text = VOCABULARY.decode(ids, language)
    assert VOCABULARY.encode(text, language) == ids
    assert VOCABULARY.decode(VOCABULARY.encode(text, language), language) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_corpus_is_canonical(language):
    for task in islice(generate(seed=5, languages=(language,)), 60):
        assert VOCABULARY.decode(VOCABULARY.encode(task.source, language), language) == task.source


def test_python_keeps_its_meaning(programs):
    text = VOCABULARY.decode(VOCABULARY.encode(programs["python"], "python"), "python")
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(programs["python"]))


@given(st.text(max_size=60), st.sampled_from(NAMES))
def test_encoding_any_text_settles(text, language):
    once = VOCABULARY.decode(VOCABULARY.encode(text, language), language)
    assert (
        VOCABULARY.decode(VOCABULARY.encode(once, language), language) == once
        or not once.isascii()
        or "\\" in text
    )


@given(st.lists(st.integers(0, VOCABULARY.size - 1), max_size=40), st.sampled_from(NAMES))
def test_any_row_can_be_read(ids, language):
    text, places = VOCABULARY.layout(ids, language)
    assert len(places) == len(ids)
    assert all(0 <= start <= end <= len(text) for start, end in places)


@pytest.mark.parametrize("rows", [(), (VOCABULARY.close,), (VOCABULARY.newline,)])
def test_an_opening_without_text_spells_nothing(rows):
    text, places = VOCABULARY.layout([VOCABULARY.raw, *rows], "python")
    assert text.strip() == ""
    assert places[0][0] == places[0][1]
    assert len(places) == 1 + len(rows)


@given(st.text(alphabet="ab '\"`_1.,é(", max_size=40))
def test_descriptions_come_back(text):
    said = " ".join(text.split())
    assert VOCABULARY.decode_text(VOCABULARY.encode_text(text)) == said


def test_quoted_parts_are_the_same_tokens_in_prose_and_code():
    prose = VOCABULARY.encode_text("Return 'no data' if empty.")
    code = VOCABULARY.encode("x = 'no data'", "python")
    assert prose[1:5] == code[2:6]
    assert VOCABULARY.encode_text("count")[0] == VOCABULARY.encode("count", "python")[0]


def test_no_token_crosses_a_lexeme():
    text, places = VOCABULARY.layout(VOCABULARY.encode("value_of(items[0])", "python"), "python")
    assert {text[a:b] for a, b in places} == {"value_of", "(", "items", "[", "0", "]", ")", "\n"}


def test_the_table_is_whole():
    assert VOCABULARY.size == len(VOCABULARY.kinds) == 4096
    marks = (VOCABULARY.pad, VOCABULARY.mask, VOCABULARY.end)
    assert {VOCABULARY.kinds[each] for each in marks} == {Kind.SPECIAL}
    assert VOCABULARY.texts[VOCABULARY.newline] == "<newline>"
    assert VOCABULARY.texts[VOCABULARY.language("go")] == "<go>"
    assert VOCABULARY.id_of("(", Kind.OPERATOR) is not None
    assert VOCABULARY.id_of("(", Kind.START) is None
    again = Vocabulary.from_json(VOCABULARY.to_json())
    assert again == VOCABULARY
    assert again.fingerprint == VOCABULARY.fingerprint != Vocabulary(("a",), ()).fingerprint


def test_what_is_wrong_is_said():
    with pytest.raises(InvalidConfigError, match="cobol"):
        VOCABULARY.encode("x", "cobol")
    with pytest.raises(InvalidConfigError, match="repeated"):
        Vocabulary(("a", "a"), ())
