"""Splits: nothing that a test split holds is ever seen in training."""

from itertools import islice

from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.corpus.split import (
    bucket,
    language_is_held,
    pair_is_held,
    pairs_of,
    phrase_is_held,
    split_of,
)


def rows(split, count=40):
    return list(islice(generate(seed=3, languages=("python",), split=split), count))


def test_training_holds_no_held_pair_or_language():
    for task in rows("train", 150):
        assert not any(pair_is_held(pair) for pair in pairs_of(task.primitives))
        assert not any(language_is_held(task.language, each) for each in task.primitives)
        assert task.split == "train"


def test_each_split_holds_what_it_is_about_and_nothing_else():
    for task in rows("composition"):
        assert any(pair_is_held(pair) for pair in pairs_of(task.primitives))
        assert not any(language_is_held(task.language, each) for each in task.primitives)
    for task in rows("language", 15):
        assert any(language_is_held(task.language, each) for each in task.primitives)
    train = {task.id for task in rows("train", 150)}
    assert not train & {
        task.id for split in ("valid", "composition", "paraphrase") for task in rows(split, 20)
    }


def test_phrases():
    held = [phrase_is_held(f"n{i}", j, 3) for i in range(50) for j in range(3)]
    assert sum(held) == 50
    assert not any(phrase_is_held(f"n{i}", 0, 1) for i in range(50))
    scarce = sum(phrase_is_held(f"n{i}", j, 2) for i in range(200) for j in range(2))
    assert 20 < scarce < 80


def test_more_than_one_unseen_thing_is_no_split():
    pair = next(
        (a, b) for a in map(str, range(99)) for b in map(str, range(99)) if a < b and pair_is_held((a, b))
    )
    phrase = next((f"n{i}", j, 3) for i in range(9) for j in range(3) if phrase_is_held(f"n{i}", j, 3))
    assert split_of(pair, "none", phrases=[phrase], identity="x") is None
    assert split_of(pair, "none", phrases=[], identity="x") == "composition"
    assert split_of((), "none", phrases=[phrase], identity="x") == "paraphrase"


def test_hashes_are_the_same_everywhere():
    assert (bucket("a"), bucket("a", "b"), bucket("ab")) == (bucket("a"), bucket("a", "b"), bucket("ab"))
    assert len({bucket(str(i)) for i in range(2000)}) == 100
