"""Every example runs, every quotation is the source, every command exists, every link resolves."""

import doctest
import importlib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from gates import (
    blocks,
    broken_links,
    commands,
    misquoted,
    run_blocks,
    stale,
    unexplained,
    unknown_commands,
    unlisted,
    unreferenced,
)
from gates.docs import pages
from gates.tree import ROOT, modules

PROGRAM = "agentic-diffusion"
PAGES = pages(ROOT)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=_name)
def test_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_blocks(page) == []


@pytest.mark.parametrize("page", [p for p in PAGES if commands(p, PROGRAM)], ids=_name)
def test_commands_exist(page: Path) -> None:
    from typer.main import get_command

    (script,) = entry_points(group="console_scripts", name=PROGRAM)
    assert unknown_commands(page, PROGRAM, get_command(script.load())) == []


def test_quotations_are_the_source() -> None:
    assert misquoted(ROOT) == []


def test_links_resolve() -> None:
    assert broken_links(ROOT) == []


def test_every_decision_is_listed() -> None:
    index = (ROOT / "docs/decisions/index.md").read_text(encoding="utf-8")
    assert [p.name for p in sorted((ROOT / "docs/decisions").glob("0*.md")) if p.name not in index] == []


def test_every_error_is_explained() -> None:
    assert unexplained(ROOT) == []


def test_every_public_name_is_in_the_reference() -> None:
    assert unreferenced(ROOT) == []


def test_every_name_that_a_reader_is_shown_is_in_the_reference() -> None:
    assert unlisted(ROOT) == []


def test_model_cards_are_on_their_page() -> None:
    assert stale(ROOT) == []


def test_docstrings_run() -> None:
    failed = 0
    for module in modules(ROOT):
        if ">>> " in module.path.read_text(encoding="utf-8"):
            failed += doctest.testmod(importlib.import_module(module.dotted)).failed
    assert failed == 0
