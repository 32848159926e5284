"""Encoders from outside: side by side with ours, in few directions, by name."""

import sys
from types import ModuleType

import pytest
import torch
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion.planning.domains.toolplan.outside import Beside, Directed, outside
from agentic_diffusion.planning.domains.toolplan.planner import tool_planner
from agentic_diffusion.planning.domains.toolplan.requests import ToolRequest
from agentic_diffusion.planning.domains.toolplan.text import Lexical

MEANS = {
    "rain": (3.0, 1.0, 1.0),
    "drizzle": (3.0, 1.0, 1.2),
    "flight": (1.0, 4.0, 1.0),
    "plane": (1.0, 4.0, 1.1),
}


def meaning(texts):
    """A tiny encoder: the mean of what is known of the words."""
    rows = torch.zeros(len(texts), 3)
    for row, text in zip(rows, texts, strict=True):
        known = [torch.tensor(MEANS[word]) for word in text.split() if word in MEANS]
        if known:
            row.copy_(torch.stack(known).mean(dim=0))
    return rows


def test_products_are_shared_between_two_encoders() -> None:
    ours = Lexical(512)
    both, texts = Beside(ours, Directed.fit(meaning, [*MEANS], most=2), share=0.25), ["rain", "drizzle"]
    other = both.second(texts)
    rows = both(texts)
    told = 0.75 * ours(texts) @ ours(texts).T + 0.25 * other @ other.T
    assert torch.allclose(rows @ rows.T, told, atol=1e-6)
    assert torch.allclose(rows.norm(dim=1), torch.ones(2))
    assert float(ours(texts)[0] @ ours(texts)[1]) < 0.01 < 0.2 < float(rows[0] @ rows[1])
    with pytest.raises(InvalidConfigError, match="share=2"):
        Beside(ours, meaning, share=2)


def test_what_all_have_in_common_is_taken_away_and_nothing_stays_nothing() -> None:
    directed = Directed.fit(meaning, [*MEANS], most=1)
    rows = directed(["rain", "plane", "qwertz"])
    assert rows.shape == (3, 1)
    assert rows[0, 0] == -rows[1, 0]
    assert rows[2].abs().sum() == 0
    for wrong in (lambda texts: torch.zeros(1, 3), lambda texts: torch.full((len(texts), 3), torch.nan)):
        with pytest.raises(InvalidConfigError, match="one row of finite numbers"):
            Directed.fit(wrong, ["a", "b"])
    with pytest.raises(InvalidConfigError, match="at least one text"):
        Directed.fit(meaning, [])


@pytest.mark.parametrize("turned", [lambda rows: rows.tolist(), lambda rows: rows.numpy()])
def test_encoders_may_give_lists_and_arrays(turned) -> None:
    def other(texts):
        return turned(meaning(texts))

    texts = ["rain", "plane", "qwertz"]
    directed = Directed.fit(other, [*MEANS], most=2)
    assert torch.equal(directed(texts), Directed.fit(meaning, [*MEANS], most=2)(texts))
    both = Beside(other, other)(texts)
    assert torch.allclose(both.norm(dim=1), torch.tensor([1.0, 1.0, 0.0]))
    assert torch.equal(both, Beside(meaning, meaning)(texts))


def test_a_planner_reads_with_both(tools) -> None:
    encode = Beside(Lexical(512).fit([tool.description for tool in tools]), meaning)
    planner = tool_planner(tools, slots=3, width=16, count=2, encode=encode)
    _, met, _ = planner.domain.read.look(ToolRequest(goal="Find me a plane"))
    assert met.shape == (2, 4)
    assert planner.plan(ToolRequest(goal="Find me a plane")).chosen.verdict.passed


def test_encoders_are_found_by_name_and_what_is_not_there_is_refused(monkeypatch) -> None:
    module = ModuleType("of_mine")
    module.meaning = meaning
    monkeypatch.setitem(sys.modules, "of_mine", module)
    assert outside("of_mine:meaning") is meaning
    for name in ("of_mine:nothing", "of_mine", "nowhere_at_all:some", ":", "of_mine:__name__"):
        with pytest.raises(InvalidConfigError, match="module:function"):
            outside(name)


def test_the_table_of_a_package_is_read_from_its_files(monkeypatch, tmp_path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    from safetensors.torch import save_file

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("agentic_diffusion.planning.domains.toolplan.outside.WORDLLAMA", "tableland")
    with pytest.raises(InvalidConfigError, match="pip install wordllama"):
        outside("tableland")
    package = tmp_path / "tableland"
    for folder in ("tokenizers", "weights"):
        (package / folder).mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('never run')")
    with pytest.raises(InvalidConfigError, match=r"l2_supercat_256\.safetensors"):
        outside("tableland")
    model = tokenizers.models.WordLevel({"rain": 0, "plane": 1, "?": 2}, unk_token="?")
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(package / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    table = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]])
    save_file({"any": table.half()}, package / "weights" / "l2_supercat_256.safetensors")
    rows = outside("tableland")(["rain plane", "rain", ""])
    assert torch.equal(rows, torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0]]))
