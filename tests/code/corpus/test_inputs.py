"""Inputs: of their type, and the same from the same seed."""

import random

import pytest
from agentic_diffusion_code.corpus.inputs import DOMAINS, key, make

KINDS = {"int": int, "float": float, "bool": bool, "str": str, "list[int]": list, "dict[str, int]": dict}


@pytest.mark.parametrize("kind", KINDS)
def test_types(kind):
    values = [make(kind, "", random.Random(seed)) for seed in range(30)]
    assert {type(value) for value in values} == {KINDS[kind]}
    assert values == [make(kind, "", random.Random(seed)) for seed in range(30)]


@pytest.mark.parametrize("domain", DOMAINS)
def test_domains_vary_and_are_ascii(domain):
    values = [DOMAINS[domain](random.Random(seed)) for seed in range(30)]
    assert len({repr(value) for value in values}) > 3
    assert repr(values).isascii()


def test_lists_are_of_their_domain():
    assert all(x >= 1 for x in make("list[int]", "positive", random.Random(1)))
    assert isinstance(make("list[int]", "zeros", random.Random(1)), list)
    assert key(random.Random(2)).islower()
