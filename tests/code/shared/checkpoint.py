"""A folder with a tiny masked language model of the library that has learned one program, made where it is needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

SAID = "def f(x):\n    return x + x\n"
TEMPLATE = "{% for turn in messages %}<user>{{ turn['content'] }}{% endfor %}<assistant>"


def byte_tokens(library: Any) -> Any:
    """Return a tokenizer of single bytes, with a mask, an end, padding and the template of a conversation."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    signs = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE(vocab={sign: index for index, sign in enumerate(signs)}, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([AddedToken(name, special=True) for name in ("[pad]", "[end]", "[hidden]")])
    return library.PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="[pad]",
        eos_token="[end]",
        mask_token="[hidden]",
        chat_template=TEMPLATE,
    )


def masked(folder: Path, prompt: str, *, longest: int = 320) -> Path:
    """Write a model that says the program after a prompt of so many bytes, whatever is hidden of it."""
    import transformers as library

    tokens = byte_tokens(library)
    tokens.save_pretrained(folder)
    shape = {"hidden_size": 48, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 48}
    torch.manual_seed(0)
    config = library.BertConfig(
        vocab_size=len(tokens), max_position_embeddings=longest, hidden_dropout_prob=0.0, **shape
    )
    model = library.BertForMaskedLM(config)
    begun = tokens(prompt, add_special_tokens=False)["input_ids"]
    program = tokens(f"{SAID}```", add_special_tokens=False)["input_ids"] + [tokens.eos_token_id] * 40
    row = torch.tensor([*begun, *program])
    optimiser = torch.optim.Adam(model.parameters(), 5e-3)
    for step in range(80):
        rows = row.repeat(4, 1)
        hidden = torch.rand(rows.shape, generator=torch.Generator().manual_seed(step)) < 0.7
        hidden[0] = True
        hidden[:, : len(begun)] = False
        logits = model(input_ids=torch.where(hidden, tokens.mask_token_id, rows)).logits
        loss = torch.nn.functional.cross_entropy(logits[hidden], rows[hidden])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.save_pretrained(folder)
    return folder
