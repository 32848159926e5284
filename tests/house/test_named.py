"""The gates of names and cards can fail: each on a planted fault, and none on a sound house."""

import json

import pytest

from gates import stale, unexplained, unlisted, unreferenced
from gates.cards import page
from gates.named import errors

ERRORS = '''"""What can go wrong."""

from __future__ import annotations


class AgenticDiffusionError(Exception):
    """The base."""


class LostError(AgenticDiffusionError, OSError):
    """Something is lost."""


class LateError(LostError):
    """It is late as well."""


class Stranger(ValueError):
    """None of the family."""
'''
FACE = '''"""A face."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from small.room.deep import Thing
    from small.other import Other

__all__ = ["Other", "Thing"]
'''
TOLD = "## {}\n\n**Means**: a. **Cause**: b. **Cure**: c.\n\n"


@pytest.fixture
def house(tmp_path):
    source = tmp_path / "packages/small/src/small"
    (source / "weights/first").mkdir(parents=True)
    (tmp_path / "docs/api").mkdir(parents=True)
    (source / "__init__.py").write_text(FACE)
    (source / "errors.py").write_text(ERRORS)
    names = ("AgenticDiffusionError", "LostError", "LateError")
    (tmp_path / "docs/errors.md").write_text("# Errors\n\n" + "".join(TOLD.format(name) for name in names))
    (tmp_path / "docs/api/small.md").write_text(
        "# Small\n\n::: small.room\n\n::: small.other\n    options:\n      show_submodules: false\n"
    )
    score = {"raw": {"mean": 2.0, "ci95": [1.0, 3.0], "n": 4}, "seed": 1}
    card = {
        "kind": "planner",
        "command": "train",
        "commit": "0123456789abcdef",
        "parameters": 1234,
        "seed": 7,
        "score": score,
    }
    (source / "weights/first/card.json").write_text(json.dumps(card))
    (tmp_path / "docs/models.md").write_text(page(tmp_path))
    return tmp_path


def test_a_sound_house_passes(house) -> None:
    assert list(errors(house)) == ["AgenticDiffusionError", "LostError", "LateError"]
    assert [unexplained(house), unreferenced(house), stale(house)] == [[], [], []]
    told = (house / "docs/models.md").read_text()
    assert "## small/weights/first" in told
    assert "| score | raw 2 (1 to 3, n = 4) |" in told


def test_an_error_without_a_cure_is_found(house) -> None:
    path = house / "docs/errors.md"
    path.write_text(path.read_text().replace("**Cure**: c.", "", 2))
    (fault,) = [f for f in unexplained(house) if "LostError" in f]
    assert fault.endswith("does not tell of LostError: Cure")
    assert fault.startswith("packages/small/src/small/errors.py:")


def test_a_name_that_is_not_rendered_is_found(house) -> None:
    (house / "docs/api/small.md").write_text(
        "# Small\n\n::: small.room\n    options:\n      show_submodules: false\n"
    )
    assert unreferenced(house) == [
        "packages/small/src/small/__init__.py:1: no page of docs/api renders Other",
        "packages/small/src/small/__init__.py:1: no page of docs/api renders Thing",
    ]


def test_a_constant_that_is_not_shown_is_found(house) -> None:
    other = house / "packages/small/src/small/other.py"
    other.write_text('"""A room."""\n\nOther = 3\n')
    fault = (
        "packages/small/src/small/__init__.py:1: Other has no docstring, so that docs/api does not show it"
    )
    assert unreferenced(house) == [fault]
    other.write_text('"""A room."""\n\nOther = 3\n"""A number."""\n')
    assert unreferenced(house) == []


def test_a_name_that_a_page_imports_and_no_page_renders_is_found(house) -> None:
    assert unlisted(house) == []
    (house / "packages/small/src/small/lone.py").write_text("class Third: ...\n")
    page = house / "docs/use.md"
    page.write_text("# Use\n\n```python\nfrom small import Other\nfrom small.lone import Third\n```\n")
    assert unlisted(house) == ["docs/use.md:5: no page of docs/api renders small.lone.Third"]
    (house / "examples").mkdir()
    (house / "examples/one.py").write_text("from small.lone import Third\n")
    assert len(unlisted(house)) == 2
    (house / "docs/api/lone.md").write_text("# Lone\n\n::: small.lone\n")
    assert unlisted(house) == []


def test_a_card_that_has_changed_is_found(house) -> None:
    path = house / "packages/small/src/small/weights/first/card.json"
    path.write_text(path.read_text().replace("1234", "1235"))
    (fault,) = stale(house)
    assert "docs/models.md" in fault
