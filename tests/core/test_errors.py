"""Errors: three parts, right families, whole across process walls."""

import copy

import pytest
from agentic_diffusion import errors

KINDS = [
    (errors.InvalidStateError, ValueError),
    (errors.InvalidConfigError, ValueError),
    (errors.StoreError, OSError),
    (errors.BudgetError, RuntimeError),
    (errors.ContractError, AssertionError),
    (errors.MissingExtraError, ImportError),
]


@pytest.mark.parametrize(("kind", "family"), KINDS)
def test_an_error_says_three_things_and_survives_pickle(kind, family) -> None:
    error = kind("a cat", "a dog", "Bring a dog.")
    assert str(error) == "Got a cat. Expected a dog. Bring a dog."
    assert isinstance(error, family)
    assert isinstance(error, errors.AgenticDiffusionError)
    twin = copy.copy(error)  # by way of __reduce__, as between processes
    assert type(twin) is kind
    assert (twin.given, twin.expected, twin.action) == ("a cat", "a dog", "Bring a dog.")
