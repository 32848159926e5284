"""Loading through transformers: pinned, without foreign code, and a tiny model that was made here."""

import builtins
from pathlib import Path

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError, MissingExtraError
from agentic_diffusion_code.backends import hub
from agentic_diffusion_code.backends.hub import HubTokens, Source
from agentic_diffusion_code.backends.masked import MaskedModel, two_way
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Marks
from agentic_diffusion_code.writer import TokenWriter
from agentic_diffusion_code.writes import Tokens

MARKS = Marks(1, 2, 0)


class Letters:
    """A tokenizer of single letters."""

    def __len__(self) -> int:
        return 131

    def __call__(self, text: str, *, add_special_tokens: bool) -> dict[str, list[int]]:
        return {"input_ids": [3 + ord(sign) for sign in text]}

    def decode(self, ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str:
        assert skip_special_tokens
        return "".join(chr(token - 3) for token in ids)

    def apply_chat_template(
        self, turns: list[dict[str, str]], *, add_generation_prompt: bool, tokenize: bool
    ) -> str:
        assert add_generation_prompt
        assert not tokenize
        return "".join(f"<{turn['role']}>{turn['content']}" for turn in turns) + "<assistant>"


def test_a_name_must_be_pinned(tmp_path: Path) -> None:
    for revision in (None, "main", "abc"):
        with pytest.raises(InvalidConfigError, match="Pin the revision"):
            Source("someone/something", revision)
    assert not Source(str(tmp_path)).remote_code
    assert Source("someone/something", "0" * 40).bits is None


def test_the_library_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def none(name: str, *rest: object, **more: object) -> object:
        if name == "transformers":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(MissingExtraError, match="transformers"):
        hub.library()


def test_a_stub_of_the_library_is_asked_rightly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked_for: list[tuple[str, dict[str, object]]] = []

    class Auto:
        @classmethod
        def from_pretrained(cls, name: str, **options: object) -> torch.nn.Module:
            asked_for.append((name, options))
            if len(asked_for) > 1:
                raise ValueError("trust_remote_code")
            return torch.nn.Linear(1, 1)

    class Library:
        AutoModelForMaskedLM = AutoModelForCausalLM = AutoModel = Auto
        BitsAndBytesConfig = dict

    monkeypatch.setattr(hub, "library", lambda: Library)
    model = hub.load(Source(str(tmp_path), dtype="bfloat16", bits=4))
    assert not model.training
    options = asked_for[0][1]
    assert options["trust_remote_code"] is False
    assert options["dtype"] is torch.bfloat16
    assert options["quantization_config"] == {"load_in_8bit": False, "load_in_4bit": True}
    with pytest.raises(InvalidConfigError, match="remote_code=True"):
        hub.load(Source(str(tmp_path)))


def test_a_tokenizer_is_a_vocabulary() -> None:
    tokens = HubTokens(Letters(), MARKS)
    assert isinstance(tokens, Tokens)
    assert (tokens.size, tokens.mask, tokens.end, tokens.pad) == (131, 1, 2, 0)
    ids = tokens.encode("ab", "python")
    text, places = tokens.layout([*ids, 1, 2], "python")
    assert text == "ab"
    assert places == [(0, 1), (1, 2), (2, 2), (2, 2)]
    prompt = tokens.prompt("doubles", "python", signature="def f(x):")
    assert tokens.layout(prompt, "python")[0] == "Write a function in python: doubles\ndef f(x):\n"
    writer = TokenWriter(MaskedModel(lambda t, b: torch.zeros(*t.shape, 131), MARKS), tokens)
    with pytest.raises(InvalidConfigError, match="asks"):
        writer.prompt(asked("doubles"))
    told = TokenWriter(
        writer.model, tokens, asks=lambda request: tokens.prompt(request.description, request.language)
    )
    assert len(told.prompt(asked("doubles"))) > 10


def test_what_loading_needs_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = [
        "8-bit quantization requires accelerate",
        "Using a `device_map` requires `accelerate`",
        "flash_attn",
    ]
    kinds = [ImportError, ValueError, ImportError]

    class Auto:
        @classmethod
        def from_pretrained(cls, name: str, **options: object) -> torch.nn.Module:
            raise kinds.pop(0)(said.pop(0))

    class Library:
        AutoModelForMaskedLM = Auto
        BitsAndBytesConfig = dict

    monkeypatch.setattr(hub, "library", lambda: Library)
    for source in (Source(str(tmp_path), bits=8), Source(str(tmp_path), device_map="auto")):
        with pytest.raises(MissingExtraError, match="pip install accelerate, or leave"):
            hub.load(source)
    with pytest.raises(MissingExtraError, match="flash_attn"):
        hub.load(Source(str(tmp_path)))
    with pytest.raises(InvalidConfigError, match="DiffusionGemma"):
        hub.load(Source(str(tmp_path), loading="canvas"))


@pytest.mark.parametrize("given", [{"dtype": "nonsense"}, {"bits": 3}, {"loading": "other"}])
def test_nonsense_is_refused_before_anything_is_loaded(tmp_path: Path, given: dict[str, object]) -> None:
    with pytest.raises(InvalidConfigError, match="Name one of these"):
        Source(str(tmp_path), **given)


def test_a_conversation_is_begun_for_the_model_and_its_program_ends_with_the_fence() -> None:
    tokens = HubTokens(Letters(), MARKS, chat=True)
    plain = HubTokens(Letters(), MARKS)
    request = asked("doubles", ["f(2) == 4"], signature="def f(x):")
    said = plain.layout(tokens.asked(request), "python")[0]
    assert said.startswith("<user>Write a function in python.")
    assert said.endswith("Its first line is: def f(x):<assistant>```python\n")
    assert plain.layout(plain.asked(request), "python")[0].endswith("def f(x):\n\n")
    text, places = tokens.layout(tokens.encode("a\n```\nb", "python"), "python")
    assert text == "a\n"
    assert places == [(0, 1), (1, 2)] + [(2, 2)] * 5


@pytest.mark.slow
def test_a_tiny_model_made_here_is_loaded(tmp_path: Path) -> None:
    library = pytest.importorskip("transformers")
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = library.BertConfig(vocab_size=32, max_position_embeddings=64, **shape)
    library.BertForMaskedLM(config).save_pretrained(tmp_path)
    model = hub.load(Source(str(tmp_path), dtype="float32"))
    decoding = Decoding(block=4, longest=8)
    *_, draft = write(
        MaskedModel(two_way(model), MARKS), [5, 6], count=2, rng=generator(0), decoding=decoding
    )
    assert draft.tokens.shape[0] == 2
    assert not bool((draft.tokens == MARKS.mask).any())
