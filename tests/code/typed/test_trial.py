"""What operations give is what Python gives, and impossible is what it refuses."""

from agentic_diffusion_code.typed.shapes import BOOL, FLOAT, INT, NONE, STR, join, one
from agentic_diffusion_code.typed.trial import IMPOSSIBLE, binary, called, has, indexed, method, walked

NUMBERS, TEXTS, TABLE = one("list", INT), one("list", STR), one("dict", STR, INT)


def test_operators() -> None:
    assert binary("Add", INT, INT) == INT
    assert binary("Div", INT, INT) == FLOAT
    assert binary("Mult", STR, INT) == STR
    assert binary("Add", NUMBERS, TEXTS) == one("list", join(INT, STR))
    assert binary("Sub", STR, INT) == IMPOSSIBLE
    assert binary("Add", NUMBERS, INT) == IMPOSSIBLE
    assert binary("Add", NUMBERS, STR, changing=True) == one("list", join(INT, STR))
    assert binary("Mod", STR, TABLE) == STR
    assert binary("Add", None, INT) is None
    assert binary("Add", join(INT, NONE), INT) == INT  # nobody knows whether None ever comes here


def test_functions() -> None:
    assert called("sum", [NUMBERS], ()) == INT
    assert called("sum", [TEXTS], ()) == IMPOSSIBLE
    assert called("max", [TEXTS], ()) == STR
    assert called("max", [TEXTS, NONE], ("default",)) == join(STR, NONE)
    assert called("max", [INT, FLOAT], ()) == join(INT, FLOAT)
    assert called("len", [INT], ()) == IMPOSSIBLE
    assert called("sorted", [TABLE], ()) == TEXTS
    assert called("range", [STR], ()) == IMPOSSIBLE
    assert called("int", [NUMBERS], ()) == IMPOSSIBLE
    assert called("enumerate", [TEXTS], ()) == one("iter", one("tuple", INT, STR))
    assert called("eval", [STR], ()) is None


def test_methods() -> None:
    assert method("split", STR, []) == TEXTS
    assert method("join", STR, [TEXTS]) == STR
    assert method("join", STR, [NUMBERS]) == IMPOSSIBLE
    assert method("get", TABLE, [STR]) == join(INT, NONE)
    assert method("get", TABLE, [STR, STR]) == join(INT, STR)
    assert method("items", TABLE, []) == one("view", one("tuple", STR, INT))
    assert method("sort", NUMBERS, []) == NONE
    assert method("sort", None, []) is None
    assert has(STR, "upper")
    assert not has(INT, "upper")
    assert has(join(STR, INT), "upper")


def test_places_and_walks() -> None:
    assert indexed(NUMBERS, INT) == INT
    assert indexed(NUMBERS, STR) == IMPOSSIBLE
    assert indexed(TABLE, STR) == INT
    assert indexed(TABLE, NUMBERS) == IMPOSSIBLE
    assert indexed(STR, INT, sliced=True) == STR
    assert indexed(INT, INT) == IMPOSSIBLE
    assert walked(STR) == STR
    assert walked(TABLE) == STR
    assert walked(INT) == IMPOSSIBLE
    assert walked(BOOL) == IMPOSSIBLE
    assert walked(None) is None
