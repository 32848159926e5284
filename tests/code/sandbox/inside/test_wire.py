import json
import math

import pytest
from agentic_diffusion_code.sandbox.inside import wire
from hypothesis import given, settings
from hypothesis import strategies as st

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
KEYS = st.integers() | st.text() | st.booleans() | st.tuples(st.integers(), st.text())
PLAIN = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)


def typed(value):
    if isinstance(value, (list, tuple)):
        return type(value), [typed(item) for item in value]
    if isinstance(value, dict):
        return dict, sorted(((typed(k), typed(v)) for k, v in value.items()), key=repr)
    if isinstance(value, (set, frozenset)):
        return type(value), sorted((typed(item) for item in value), key=repr)
    return type(value), repr(value)


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_a_value_comes_back_with_its_exact_type(value):
    assert typed(wire.decode(wire.encode(value))) == typed(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 1 << 5000, -(1 << 64), 2 + 1j])
def test_numbers_that_json_lacks(value):
    assert repr(wire.decode(wire.encode(value))) == repr(value)


class Liar(int):
    pass


@pytest.mark.parametrize(
    "value", [Liar(1), object(), lambda: 1, range(3), iter([]), [Liar(1)], {1: object()}]
)
def test_anything_but_plain_data_is_refused(value):
    with pytest.raises(wire.WireError):
        wire.encode(value)


def test_depth_is_bounded():
    deep: list = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(wire.WireError, match="deeper"):
        wire.encode(deep)
    with pytest.raises(wire.WireError):
        wire.decode("[" * 100 + "]" * 100)
    with pytest.raises(wire.WireError):
        wire.decode("[" * 100_000 + "]" * 100_000)


def test_a_list_that_holds_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(wire.WireError):
        wire.encode(loop)


def test_size_is_bounded(monkeypatch):
    monkeypatch.setattr(wire, "MAX_NODES", 10)
    with pytest.raises(wire.WireError, match="parts"):
        wire.encode([0] * 11)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"a":1,"b":2}',
        '{"int":"0x1","int":"0x2"}',
        '{"int":5}',
        '{"int":"5"}',
        '{"float":"1.5"}',
        '{"float":1}',
        '{"bytes":"zz"}',
        '{"bytes":3}',
        '{"complex":[1,2]}',
        '{"complex":3}',
        '{"set":[1,1]}',
        '{"set":[[]]}',
        '{"set":3}',
        '{"dict":[[1,2],[1,3]]}',
        '{"dict":[[1]]}',
        '{"dict":7}',
        '{"__class__":"x"}',
        "NaN",
        "Infinity",
        "1e999",
        "99999999999999999999",
        "nonsense",
        b"\xff\xfe\x00",
        '"\\ud800',
        "9" * 5000,
    ],
)
def test_text_that_is_no_encoding_is_refused(text):
    with pytest.raises(wire.WireError):
        wire.decode(text)


def test_keys_chosen_to_collide_are_refused():
    pairs = [[{"int": hex(n * (2**61 - 1))}, 0] for n in range(1000)]
    with pytest.raises(wire.WireError, match="one hash"):
        wire.decode(json.dumps({"dict": pairs}))


def test_a_type_with_a_strange_name():
    kind = type("x", (), {})
    kind.__name__ = type("S", (str,), {})("y")
    with pytest.raises(wire.WireError, match="not plain data"):
        wire.encode(kind())
