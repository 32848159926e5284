"""A signature that was asked for is kept: free before its name is begun, decided after it."""

import torch
from agentic_diffusion_code.signed import Signed, decides, narrowed

DEF, NAME, MORE, OPENER, X, CLOSER, END, OTHER, MASK = range(1, 10)
WHOLE = (DEF, NAME, MORE, OPENER, X, CLOSER, END)
GUIDE = Signed.of(WHOLE, opener=OPENER, mask=MASK)


def allowed(row: list[int], width: int) -> list[set[int]]:
    open_ = torch.ones(1, width, 10, dtype=torch.bool)
    kept = narrowed(open_, torch.tensor([row]), GUIDE)
    assert open_.all()
    return [set(each.nonzero()[:, 0].tolist()) for each in kept[0]]


ANY = set(range(10))


def test_nothing_is_claimed_before_the_name_is_begun() -> None:
    assert allowed([DEF, MASK, MASK], 3) == [ANY] * 3
    assert allowed([DEF, OTHER, MASK, MASK], 4) == [ANY] * 4
    assert allowed([MASK, NAME, MASK, MASK], 4) == [ANY] * 4


def test_an_open_name_goes_on_or_ends() -> None:
    assert allowed([DEF, NAME, MASK, MASK], 4) == [ANY, ANY, {MORE, OPENER}, ANY]
    assert allowed([DEF, NAME, OPENER, MASK], 4)[3] == ANY


def test_a_whole_name_decides_the_rest() -> None:
    assert allowed([DEF, NAME, MORE, MASK, MASK, CLOSER, MASK, MASK], 5) == [{OPENER}, {X}, ANY, {END}, ANY]
    assert allowed([OTHER, DEF, NAME, MORE, MASK], 1) == [{OPENER}]
    # what stands further on does not fit: it is not this definition
    assert allowed([DEF, NAME, MORE, MASK, OTHER, MASK], 3) == [ANY] * 3


def test_what_is_barred_already_stays_barred() -> None:
    barred = torch.zeros(1, 2, 10, dtype=torch.bool)
    assert not narrowed(barred, torch.tensor([[DEF, NAME, MASK, MASK]]), GUIDE).any()
    assert narrowed(barred, torch.tensor([[1, 2]]), None) is barred


def test_only_words_that_define_count_and_a_name_is_needed() -> None:
    assert decides("def f(x):")
    assert decides("function f(x) {")
    assert not decides("int f(int x) {")
    assert not decides("")
    assert Signed.of((DEF, OPENER, X), opener=OPENER, mask=MASK) is None
    assert Signed.of((DEF, NAME), opener=OPENER, mask=MASK) is None
