"""Neighbours in Python: nothing that the standard library holds is barred, and nonsense is."""

import sysconfig
from itertools import islice, pairwise
from pathlib import Path

import pytest
from agentic_diffusion_code.adjacent import Adjacent, Group, clashes, groups
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.stream import Kind
from agentic_diffusion_code.tokens import Vocabulary

WORDS = Vocabulary.load()
HOME = Adjacent(WORDS)
FILES = ("argparse", "ast", "bisect", "calendar", "dataclasses", "textwrap", "typing")


def sources() -> list[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    library = [(folder / f"{name}.py").read_text(encoding="utf-8") for name in FILES]
    return library + [task.source for task in islice(generate(seed=4), 20)]


def test_no_neighbours_of_right_programs_clash() -> None:
    table, known = clashes(), groups(WORDS)
    for source in sources():
        ids = [*WORDS.encode(source, "python"), WORDS.end]
        kinds = [WORDS.kinds[token] for token in ids]
        read = [int(known[token]) for token in ids]
        for index, (here, after) in enumerate(pairwise(kinds)):
            if here is Kind.START and after is Kind.REST and read[index] != Group.NUMBER:
                read[index] = Group.NAME
        text = False
        for index, kind in enumerate(kinds[:-1]):
            text = kind is Kind.OPEN or (text and kind is not Kind.CLOSE)
            told = [WORDS.texts[token] for token in ids[max(0, index - 3) : index + 4]]
            assert text or not table[read[index], read[index + 1]], told


TOKEN = {text: i for i, text in enumerate(WORDS.texts) if WORDS.kinds[i] in (Kind.START, Kind.OPERATOR)}


def barred(left: str, word: str, right: str) -> bool:
    row = [*(TOKEN[each] for each in left.split()), WORDS.mask, *(TOKEN[each] for each in right.split())]
    return bool(HOME.barred(row, len(left.split()))[HOME.groups[TOKEN[word]]])


@pytest.mark.parametrize(
    ("left", "word", "right"),
    [
        ("str ( )", "value", ""),
        ("return a +", ")", ""),
        ("f (", ",", ""),
        ("x .", "3", ""),
        ("", "%", ""),
        ("sum ( x", "y", ")"),
        ("( a", "and", ") )"),
        ("return", "+", ") )"),
    ],
)
def test_nonsense_is_barred(left: str, word: str, right: str) -> None:
    assert barred(left, word, right)


@pytest.mark.parametrize(
    ("left", "word", "right"),
    [
        ("x .", "is", ""),
        ("def", "return", ""),
        ("f ( a ,", "*", ""),
        ("x not", "in", "y )"),
        ("x [", ":", "] )"),
    ],
)
def test_what_may_stand_is_not(left: str, word: str, right: str) -> None:
    assert not barred(left, word, right)


def test_what_is_hidden_on_both_sides_is_free() -> None:
    assert not HOME.barred([WORDS.mask, WORDS.mask, WORDS.mask], 1).any()
