"""Text as numbers: hashed, weighed by rarity, bounded in what is read."""

from zlib import crc32

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.text import Lexical, clauses, describe, grams, hashes, words
from agentic_diffusion.records import ToolSpec


def test_words_split_names_and_hide_digits() -> None:
    assert words("bookFlight check_seats MU3787, at 9:30") == [
        "book",
        "flight",
        "check",
        "seats",
        "mu0",
        "at",
        "0",
        "0",
    ]


def test_clauses_are_cut_at_pauses() -> None:
    assert clauses("Check the balance, then pay the bill and send a note.") == [
        "Check the balance",
        "pay the bill",
        "send a note.",
    ]
    assert clauses("") == [""]


def test_grams_are_words_pairs_and_letter_groups() -> None:
    told = list(grams("pay it"))
    assert told[:3] == ["pay", "it", "pay it"]
    assert "#<pa" in told
    assert "#pay>" in told
    assert "#<pay>" in told
    assert sorted(hashes("pay it, pay")) == sorted(crc32(gram.encode()) for gram in grams("pay it, pay"))


def test_a_power_below_one_takes_weight_from_what_is_rare() -> None:
    texts = ["pay Anna", "pay Ben", "pay Chloe"]
    plain, soft = Lexical(512).fit(texts), Lexical(512).fit(texts, power=0.25)
    assert torch.allclose(soft.rarity, plain.rarity**0.25)
    assert soft(texts)[0] @ soft(texts)[1] > plain(texts)[0] @ plain(texts)[1]


def test_rows_have_length_one_and_near_texts_are_near() -> None:
    texts = ["book a flight to Oslo", "booking flights to Oslo", "water the garden"]
    lexical = Lexical(512).fit(texts)
    rows = lexical(texts)
    assert torch.allclose(rows.norm(dim=1), torch.ones(3))
    assert rows[0] @ rows[1] > 0.4 > rows[0] @ rows[2]
    assert lexical([""]).abs().sum() == 0
    assert torch.equal(lexical(texts), rows)
    assert torch.allclose(Lexical(512)(texts).norm(dim=1), torch.ones(3))


def test_rare_grams_weigh_more() -> None:
    lexical = Lexical(4096).fit(["pay now"] * 9 + ["fly"])
    pay, fly = (lexical.counts([word]) > 0 for word in ("pay", "fly"))
    assert lexical.rarity is not None
    assert lexical.rarity[fly[0]].mean() > lexical.rarity[pay[0]].mean()


def test_too_few_places_are_refused() -> None:
    with pytest.raises(InvalidConfigError):
        Lexical(3)


def test_a_tool_is_described_with_its_arguments() -> None:
    tool = ToolSpec(name="pay", description="Pay a bill", arguments={"properties": {"amount": {}}})
    assert describe(tool) == "pay pay Pay a bill amount"
    assert describe(ToolSpec(name="pay")) == "pay pay  "
