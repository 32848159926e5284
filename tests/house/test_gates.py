"""A gate must be able to fail: each one passes a small sound house and fails once on a planted fault."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest

from gates import (
    blocks,
    broken_links,
    circles,
    contracts,
    machine_paths,
    members,
    misquoted,
    openings,
    plain,
    public_names,
    run_blocks,
    signatures,
    sizes,
    unknown_commands,
    unmirrored,
    unresolved,
)
from gates.tree import ROOT

SOUND = '''"""Sums, and nothing else."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Sum", "add"]


class Sum(Protocol):
    """What adds."""

    def total(self, a: int, b: int, c: int, d: int) -> int:
        """Return the sum."""
        ...


class Plain:
    """Adds."""

    def total(self, a: int, b: int, c: int, d: int) -> int:
        """Return the sum."""
        return a + b + c + d


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b
'''
PYPROJECT = """[tool.importlinter]
root_packages = ["house_core"]
[tool.coverage.run]
source_pkgs = ["house_core"]
"""
HERE = "packages/core/src/house_core"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A workspace of one member and one page, in which every gate passes."""
    write(tmp_path, f"{HERE}/__init__.py", '"""A small house."""\n')
    write(tmp_path, f"{HERE}/sums.py", SOUND)
    write(tmp_path, "tests/core/test_sums.py", "def test_add():\n    assert 1 + 1 == 2\n")
    write(tmp_path, "pyproject.toml", PYPROJECT)
    write(
        tmp_path,
        "README.md",
        "# House\n\n[the page](docs/page.md#a-heading)\n\n```bash\ntool run --fast\n```\n",
    )
    write(tmp_path, "docs/page.md", "# A heading\n\n```python\nx = 1\n```\n\n```python\nassert x == 1\n```\n")
    return tmp_path


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def everything(root: Path) -> list[str]:
    faults = [*circles(root), *members(root), *openings(root), *signatures(root), *public_names(root)]
    faults += [*sizes(root)[0], *sizes(root)[1], *unmirrored(root), *plain(root), *machine_paths(root)]
    return [*faults, *misquoted(root), *broken_links(root), *run_blocks(root / "docs/page.md")]


def test_a_sound_house_passes_every_gate(house: Path) -> None:
    assert everything(house) == []


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("core/src/agentic_diffusion/denoising/nn/embed.py", "import agentic_diffusion.errors", "Networks"),
        ("core/src/agentic_diffusion/denoising/state.py", "import agentic_diffusion.records", "never heard"),
        (
            "core/src/agentic_diffusion/denoising/belief.py",
            "import agentic_diffusion.denoising.process",
            "Floors",
        ),
        (
            "core/src/agentic_diffusion/compute/memory.py",
            "import agentic_diffusion.planning",
            "Floors of the core",
        ),
        ("core/src/agentic_diffusion/planning/verify.py", "import asyncio", "Async"),
        ("core/src/agentic_diffusion/records.py", "import agentic_diffusion_worlds", "Every arrow"),
        ("worlds/src/agentic_diffusion_worlds/maze/map.py", "import agentic_diffusion_code", "Every arrow"),
        ("worlds/src/agentic_diffusion_worlds/maze/map.py", "import agentic_diffusion_cli", "nobody sees"),
        ("core/src/agentic_diffusion/newcomer.py", '"""A module that was given no floor."""', "newcomer"),
    ],
)
def test_contracts_fail_on_a_forbidden_import(tmp_path: Path, name: str, line: str, said: str) -> None:
    for group in ("packages", "integrations"):
        for source in ROOT.glob(f"{group}/*/src"):
            shutil.copytree(source, tmp_path / group / source.parent.name / "src")
    path = tmp_path / "packages" / name
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    planted = f"\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    {line}\n"
    path.write_text(before + planted if before else f"{line}\n", encoding="utf-8")
    faults = contracts(ROOT / "pyproject.toml", sources=sorted(tmp_path.glob("*/*/src")))
    broken = "\n".join(faults)
    assert "BROKEN" in broken or "Missing layers" in broken, broken
    assert said in broken


def test_circles_fails_on_a_circle_for_typing(house: Path) -> None:
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house_core import {}\n"
    write(house, f"{HERE}/a.py", '"""One."""\n' + typing.format("b"))
    write(house, f"{HERE}/b.py", '"""Two."""\n' + typing.format("a"))
    assert "house_core.a" in circles(house)[0]


def test_circles_fails_on_a_module_that_imports_its_own_face(house: Path) -> None:
    write(house, f"{HERE}/__init__.py", '"""A house."""\nfrom house_core.a import one\n')
    write(house, f"{HERE}/a.py", '"""One."""\nfrom . import two\n')
    assert "house_core" in circles(house)[0]


def test_members_fails_on_a_member_without_contract(house: Path) -> None:
    write(house, "integrations/new/src/house_new/__init__.py", '"""A newcomer."""\n')
    assert len(members(house)) == 2


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("x = 1\n" * 300, False),
        ("x = 1\n" * 400, True),
        ("def f():\n" + "    x = 1\n" * 50, False),
        ("def f():\n" + "    x = 1\n" * 80, True),
    ],
)
def test_sizes_fails_on_a_long_file_or_function(house: Path, text: str, fails: bool) -> None:
    write(house, f"{HERE}/long.py", f'"""Long."""\n{text}')
    faults, warnings = sizes(house)
    assert (len(faults), len(warnings)) == (int(fails), int(not fails))


def test_sizes_fails_on_a_long_example(house: Path) -> None:
    write(house, "examples/story.py", "x = 1\n" * 101)
    assert "examples/story.py" in sizes(house)[0][0]


@pytest.mark.parametrize(
    "opening",
    ["", '"""no period"""\n', '"""One. Two."""\n', '# Copyright\n"""A licence stands above."""\n'],
)
def test_openings_fails_on_a_bad_first_line(house: Path, opening: str) -> None:
    write(house, f"{HERE}/sums.py", opening + "x = 1\n")
    assert f"{HERE}/sums.py" in openings(house)[0]


@pytest.mark.parametrize(
    "planted",
    [
        "def f(**options): ...",
        "def f(a, b, c, d): ...",
        "class C:\n    def __init__(self, a, b, c, d): ...",
        "class C:\n    def total(self, a, b, c, e): ...",
        "class C:\n    @staticmethod\n    def f(a, b, c, d): ...",
        "class C:\n    def forward(self, a, b, c, d): ...",
    ],
)
def test_signatures_fails_on_an_unclear_signature(house: Path, planted: str) -> None:
    write(house, f"{HERE}/more.py", f'"""More."""\n{planted}\n')
    assert len(signatures(house)) == 1


@pytest.mark.parametrize(
    "allowed",
    [
        "def f(a, b, c, *, d): ...",
        "def _f(a, b, c, d): ...",
        "class C(nn.Module):\n    def forward(self, a, b, c, d): ...",
        "class C:\n    @override\n    def step(self, a, b, c, d): ...",
        "class C:\n    @override\n    def told(self, a, **more): ...",
        "class C:\n    def __exit__(self, a, b, c, d): ...",
    ],
)
def test_signatures_leaves_alone_what_is_decided_elsewhere(house: Path, allowed: str) -> None:
    write(house, f"{HERE}/more.py", f'"""More."""\n{allowed}\n')
    assert signatures(house) == []


def test_public_names_fails_on_an_unsorted_list(house: Path) -> None:
    write(house, f"{HERE}/sums.py", SOUND.replace('["Sum", "add"]', '["add", "Sum"]'))
    assert "not sorted" in public_names(house)[0]


def test_unresolved_fails_on_a_broken_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("house_promises")
    module.__dict__["__all__"] = ["missing"]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert "missing" in unresolved(["house_promises"])[0]


def test_unmirrored_fails_on_a_missing_or_empty_test_file(house: Path) -> None:
    write(house, f"{HERE}/inner/more.py", '"""More."""\n')
    write(house, f"{HERE}/inner/__init__.py", '"""Holds code."""\ndef f():\n    return 1\n')
    write(house, "tests/core/inner/test_more.py", "x = 1\n")
    write(house, "examples/story.py", '"""A story."""\n')
    faults = unmirrored(house)
    assert len(faults) == 3
    assert "tests/core/inner/test_init.py" in faults[0]
    assert "has no test" in faults[1]
    assert "examples/story.py:1: no tests/examples/test_story.py" in faults[2]


@pytest.mark.parametrize(
    "planted",
    [
        "print('hello')",
        "import pickle",
        "from tqdm import tqdm",
        "import torch\ntorch.save({}, 'x')",
        "device = 'cuda:0'",
        "import torch\ntorch.cuda.is_available()",
        "raise NotImplementedError",
        "# TODO: later",
        "x = 1  # a placeholder",
        "async def f(): ...",
    ],
)
def test_plain_fails_on_a_bad_habit(house: Path, planted: str) -> None:
    write(house, f"{HERE}/more.py", f'"""More."""\n{planted}\n')
    assert f"{HERE}/more.py" in plain(house)[0]


@pytest.mark.parametrize(
    "parts",
    [
        ("data = '", "/home/", "ada/data'"),
        ("see ", "/Users/", "ada/x"),
        ("cd ", "/work/", "main"),
        ("index", "-url = x"),
        ("https://mirror.org/pypi", "/simple", "/"),
        ("https://files.", "pythonhosted.org/x"),
    ],
)
def test_machine_paths_fails_on_an_address(house: Path, parts: tuple[str, ...]) -> None:
    write(house, "docs/more.md", "".join(parts) + "\n")
    assert "docs/more.md:1" in machine_paths(house)[0]


@pytest.mark.parametrize("planted", ["assert x == 2", "import nothing_of_this_name", "x ="])
def test_run_blocks_fails_on_a_broken_example(house: Path, planted: str) -> None:
    page = write(house, "docs/page.md", f"# Page\n\n```python\nx = 1\n```\n\n```python\n{planted}\n```\n")
    assert run_blocks(page)[0].startswith("page.md:8")


def test_blocks_reads_indented_fences_and_skips_other_languages(house: Path) -> None:
    page = write(house, "docs/page.md", "- item\n\n  ```python\n  x = 1\n  ```\n\n```text\nnot python\n```\n")
    assert [block.text for block in blocks(page, "python")] == ["x = 1\n"]


def test_misquoted_fails_on_an_old_quotation(house: Path) -> None:
    write(house, "docs/page.md", "# Page\n\n```py\n    return a + b\n```\n")
    assert misquoted(house) == []
    write(house, "docs/page.md", "# Page\n\n```py\n    return a - b\n```\n")
    assert "docs/page.md:3" in misquoted(house)[0]


def test_unknown_commands_fails_on_what_the_program_does_not_have(house: Path) -> None:
    tool = click.Group(commands=[click.Command("run", params=[click.Option(["--fast"])])])
    assert unknown_commands(house / "README.md", "tool", tool) == []
    page = write(house, "README.md", "```bash\n$ uv run tool walk\ntool run --slow\n```\n")
    assert [fault.partition(":")[2][:1] for fault in unknown_commands(page, "tool", tool)] == ["2", "3"]
    page = write(house, "README.md", "```\ntool run --slow\na tool run in words isn't a command\n```\n")
    assert [fault.partition(":")[2][:1] for fault in unknown_commands(page, "tool", tool)] == ["2"]


@pytest.mark.parametrize("link", ["missing.md", "docs/page.md#no-heading", "#nowhere"])
def test_broken_links_fails_on_a_link_to_nothing(house: Path, link: str) -> None:
    write(house, "README.md", f"# House\n\n[there]({link})\n")
    assert "README.md:3" in broken_links(house)[0]
