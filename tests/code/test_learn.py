"""Building a vocabulary."""

import pytest
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.learn import WordCounts, corpus_counts, from_corpus, learn, library_counts


def counted():
    counts = WordCounts()
    counts.add("counting = 'counted counts'\ncount(account)", "python")
    counts.add_text("counting the counts of things things things")
    return counts


def test_words_are_counted_in_code_strings_and_prose():
    words = counted().words
    assert (words["counting"], words["counts"], words["things"], words["account"]) == (2, 2, 3, 1)


def test_frequent_words_are_whole_and_the_same_each_time():
    table = learn(counted(), size=800)
    assert table == learn(counted(), size=800)
    assert len(table.encode("things", "python")) == 2
    assert table.size <= 800


def test_pieces_serve_rare_words():
    counts = WordCounts()
    for word in ("walking", "talking", "parking", "barking", "hiking"):
        counts.words[word] = 3
    table = learn(counts, size=learn(WordCounts(), size=700).size + 6)
    assert any(piece in table.rests for piece in ("king", "ing", "ng"))


def test_a_size_that_holds_nothing_is_refused():
    with pytest.raises(InvalidConfigError, match="size=10"):
        learn(WordCounts(), size=10)


def test_words_come_from_the_corpus_and_the_library():
    assert corpus_counts(rows=3, seed=0, languages=("python",)).words["def"] >= 3
    assert library_counts(files=1).words["import"] >= 1


def test_a_vocabulary_for_the_corpus_knows_its_words():
    table = from_corpus(languages=("python",), size=900, rows=5, files=1)
    assert 700 >= table.size > 600
    assert table == from_corpus(languages=("python",), size=900, rows=5, files=1)
    assert len(table.encode("return", "python")) == 2
