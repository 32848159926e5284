"""The command `evolve code`: a run that is taken up, figures, and the way back."""

import json
from dataclasses import replace

import pytest
import torch
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion_code import embedded
from agentic_diffusion_code.embedded import load_coder, load_model, save_model
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.tokens import Vocabulary
from agentic_diffusion_evolve.lineage import Lineage

SMALL = ("--tasks", 2, "--samples", 0, "--steps", 1, "--rows", 2, "--exams", 2, "--tests", 2, "--threads", 1)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A network that knows nothing."""
    return ignorant(tmp_path_factory.mktemp("ignorant"))


def ignorant(folder, **more):
    torch.manual_seed(0)
    words = Vocabulary.load()
    shape = Shape(words.size, width=16, depth=1, heads=2)
    facts = {"decoding": {"block": 4, "bound": 1e6}, "kind": "ignorant", **more}
    return save_model(
        folder, BlockTransformer(shape).state_dict(), shape=shape, vocabulary=words, facts=facts
    )


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A network that knows nothing, and says which words it was shown."""
    return ignorant(tmp_path_factory.mktemp("reader"), words=["return", "the", "of", "list", "numbers"])


@pytest.fixture
def brief(monkeypatch):
    """Coders write eight tokens at most."""

    def load(folder=None, *, sandbox=None, compute=None):
        coder = load_coder(folder, sandbox=sandbox, compute=compute)
        return replace(coder, writer=replace(coder.writer, decoding=Decoding(block=4, bound=1e6, longest=8)))

    monkeypatch.setattr(embedded, "load_coder", load)


@pytest.mark.usefixtures("brief")
def test_a_run_is_taken_up_told_and_rolled_back(cli, tmp_path, weights):
    folder = weights if weights.is_dir() else weights.parent
    words = ("evolve", "code", *SMALL, "--weights", folder, "--out", tmp_path / "out")
    first = cli(*words, "--rounds", 1)
    assert first.exit_code == 0, first.stderr
    second = cli(*words, "--rounds", 2, "--json", "-")
    assert second.exit_code == 0, second.stderr
    figures = json.loads(second.stdout)
    assert [each["fate"] for each in figures["generations"]] == ["founded", "rejected", "rejected"]
    assert figures["practice"] == [{"tasks": 2, "programs": 2, "verified": 0}] * 2
    assert [row["name"] for row in figures["rows"]] == [
        "frozen",
        "memory alone",
        "old rows alone",
        "without gate",
        "ours",
    ]
    assert all(row["field_single"]["n"] == 2 for row in figures["rows"])
    _, card = load_model(tmp_path / "out" / "coder", vocabulary=Vocabulary.load())
    assert card["evolved"]["generation"] == 0
    assert card["kind"] == "ignorant"
    back = cli(*words, "--back-to", 0)
    assert back.exit_code == 0, back.stderr
    assert Lineage(tmp_path / "out" / "lineage").tree().active == 0
    other = cli(*words, "--seed", 1)
    assert other.exit_code == 2
    assert "seed=1" in other.stderr


@pytest.mark.usefixtures("brief")
def test_a_field_of_words_has_rows_for_the_glossary_and_for_plain_words(cli, tmp_path, weights, reader):
    wordless = weights if weights.is_dir() else weights.parent
    refused = cli(
        "evolve", "code", *SMALL, "--field", "harbour", "--weights", wordless, "--out", tmp_path / "no"
    )
    assert refused.exit_code == 2
    assert "no words" in refused.stderr
    folder = reader if reader.is_dir() else reader.parent
    kept = json.dumps({"tonnage": {"the sum of ": 2}})
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "glossary.json").write_text(kept, encoding="utf-8")
    words = ("evolve", "code", *SMALL, "--field", "harbour", "--weights", folder, "--out", tmp_path / "out")
    told = cli(*words, "--rounds", 1, "--json", "-")
    assert told.exit_code == 0, told.stderr
    figures = json.loads(told.stdout)
    names = [row["name"] for row in figures["rows"]]
    assert names[:3] == ["frozen", "memory alone", "glossary alone"]
    assert names[-1] == "frozen, in plain words"
    assert figures["practice"][0]["tasks"] == 2
    assert (tmp_path / "out" / "glossary.json").read_text(encoding="utf-8") == kept  # nothing was proven
