"""Ruff's findings, as data."""

import builtins
from collections.abc import Iterator

import pytest
from agentic_diffusion.errors import MissingExtraError
from agentic_diffusion_code.lint import Finding, lint, ruff, tidied


@pytest.fixture
def forgotten() -> Iterator[None]:
    ruff.cache_clear()
    yield
    ruff.cache_clear()


def test_findings() -> None:
    assert lint("def f(x):\n    return x + 1\n") == ()
    (found,) = lint("import os\n")
    assert (found.code, found.line) == ("F401", 1)
    assert lint("def f(:\n")[0].line == 1
    assert Finding.model_validate_json(found.model_dump_json()) == found


def test_corrections() -> None:
    assert tidied("import os\n\n\ndef f(x):\n    return x\n").strip() == "def f(x):\n    return x"
    odd = "def f(x):\n    return not x == 1\n"
    assert tidied(odd) == odd
    assert tidied(odd, unsafe=True) == "def f(x):\n    return x != 1\n"
    assert tidied("def f(:\n") == "def f(:\n"


@pytest.mark.usefixtures("forgotten")
def test_ruff_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def none(name: str, *rest: object, **more: object) -> object:
        if name.startswith("ruff"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(MissingExtraError):
        ruff()
