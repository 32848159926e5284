"""The cache of other people's block models: what it answers is what a model that reads all anew answers."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from agentic_diffusion.denoising.state import generator
from agentic_diffusion.errors import InvalidConfigError
from agentic_diffusion_code.backends.cached import Blocks, Keeps, KeptModel
from agentic_diffusion_code.backends.masked import MaskedModel, block_causal
from agentic_diffusion_code.model.decode import write
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Marks, Reading, Reads
from torch import nn

MARKS = Marks(1, 2, 0)
SIZE = 9


class Cache:
    """Tokens that were read, one row a candidate, with the verbs of the library's caches."""

    def __init__(self) -> None:
        self.tokens = torch.zeros(1, 0, dtype=torch.long)

    def get_seq_length(self) -> int:
        return self.tokens.shape[1]

    def crop(self, tokens_to_remove: int) -> None:
        assert tokens_to_remove < 0
        self.tokens = self.tokens[:, :tokens_to_remove]

    def batch_select_indices(self, index: torch.Tensor) -> None:
        self.tokens = self.tokens[index]


class Sums(nn.Module):
    """A block model whose belief at each place is the sum of all tokens that it sees; keeps what it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.seen = 0

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        past_key_values: Cache | None = None,
        use_cache: bool = False,
    ) -> SimpleNamespace:
        self.seen += input_ids.shape[1]
        past = past_key_values or Cache()
        before = past.tokens.expand(len(input_ids), -1)
        past.tokens = torch.cat([before, input_ids], dim=1)
        shown = (attention_mask[:, 0] == 0).long()
        total = (shown * past.tokens[:, None]).sum(-1) + torch.arange(input_ids.shape[1]) % 2
        logits = nn.functional.one_hot(3 + total % (SIZE - 3), SIZE).float() * 9
        return SimpleNamespace(logits=logits, past_key_values=past)


def test_cached_is_uncached_and_reads_each_token_once() -> None:
    network = Sums()
    asks = Blocks(network)
    assert isinstance(asks, Keeps)
    kept, full = KeptModel(asks, MARKS), MaskedModel(block_causal(Sums()), MARKS)
    assert isinstance(kept, Reads)
    one, two = kept.open([8, 7]), full.open([8, 7])
    assert isinstance(one, Reading)
    for rows in ([[1, 1]], [[1, 4], [5, 1], [1, 1]], [[3, 1], [1, 1]]):
        assert torch.equal(one.look(torch.tensor(rows)), two.look(torch.tensor(rows)))
    network.seen = 0
    for reading in (one, two):
        reading.keep(torch.tensor([[3, 4], [5, 6]]))
        reading.pick(torch.tensor([1, 0, 1]))
    block = torch.tensor([[1, 3], [1, 1], [4, 1]])
    assert torch.equal(one.look(block), two.look(block))
    assert network.seen == 4  # two that were kept, two that are looked at; never the prompt again


def test_programs_are_the_same_with_and_without_a_cache() -> None:
    drafts = []
    for model in (KeptModel(Blocks(Sums()), MARKS), MaskedModel(block_causal(Sums()), MARKS)):
        *_, draft = write(
            model, [8, 8], count=2, rng=generator(0), decoding=Decoding(block=4, bound=0, longest=12)
        )
        drafts.append(draft)
    assert drafts[0].tokens.tolist() == drafts[1].tokens.tolist()
    assert drafts[0].forwards == drafts[1].forwards


def test_too_much_and_other_candidates_are_refused() -> None:
    reading = KeptModel(Blocks(Sums()), MARKS, longest=5).open([8, 8])
    with pytest.raises(InvalidConfigError, match="shorter"):
        reading.look(torch.ones(1, 4, dtype=torch.long))
    reading.keep(torch.tensor([[3], [4]]))
    with pytest.raises(InvalidConfigError, match="Pick candidates"):
        reading.look(torch.ones(3, 1, dtype=torch.long))


@pytest.mark.slow
def test_a_decoder_of_the_library_answers_alike_with_its_cache(tmp_path: Path) -> None:
    library = pytest.importorskip("transformers")
    config = library.Qwen3Config(
        vocab_size=SIZE,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    torch.manual_seed(0)
    network = library.Qwen3ForCausalLM(config).eval()
    one, two = (
        KeptModel(Blocks(network), MARKS).open([8, 7]),
        MaskedModel(block_causal(network), MARKS).open([8, 7]),
    )
    rows = torch.tensor([[1, 1], [3, 1]])
    for _ in range(2):
        assert torch.allclose(one.look(rows), two.look(rows), atol=1e-5)
        for reading in (one, two):
            reading.keep(torch.tensor([[3, 4], [5, 6]]))
            reading.pick(torch.tensor([1, 0]))
