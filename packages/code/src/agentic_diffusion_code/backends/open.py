"""One call from a folder or a name on the hub to a writer: the family is known by what its configuration says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from agentic_diffusion.compute import Compute
from agentic_diffusion.errors import InvalidConfigError

from agentic_diffusion_code.backends.cached import Blocks, KeptModel
from agentic_diffusion_code.backends.canvas import BLOCK, Canvas
from agentic_diffusion_code.backends.hub import HubTokens, Loading, Source, facts, load, tokenizer_of
from agentic_diffusion_code.backends.masked import Ask, MaskedModel, block_causal, shifted, two_way
from agentic_diffusion_code.model.decoding import Decoding
from agentic_diffusion_code.model.reading import Marks, Reads
from agentic_diffusion_code.rewards import Soundness
from agentic_diffusion_code.sandbox.base import Sandbox
from agentic_diffusion_code.writer import TokenWriter

LONGEST = 512
"""Tokens of the longest program that is asked for."""
READ = 2048
"""Tokens that a model can read where it does not say; no model is asked for more than `FAR`."""
FAR = 8192

_USUAL = Decoding(block=32, bound=0.1, longest=LONGEST, again=0)


@final
@dataclass(frozen=True)
class Family:
    """How the models of one kind are loaded and asked.

    Args:
        types: What their configurations call themselves.
        loading: Which of the library's classes loads them.
        asks: From a model to how it is asked anew at each look.
        decoding: How programs are denoised where nothing else is said.
        mask: The number of the mask, where neither configuration nor tokenizer tells it.
    """

    types: tuple[str, ...]
    loading: Loading
    asks: Callable[[Any], Ask] = two_way
    decoding: Decoding = _USUAL
    mask: int | None = None


FAMILIES: Mapping[str, Family] = {
    "masked": Family((), "masked"),
    "llada": Family(("llada",), "plain", mask=126336),
    "dream": Family(("Dream", "dream"), "plain", shifted, mask=151666),
    "blocks": Family(("llada2_moe", "sdar", "sdar_moe"), "causal", block_causal),
    "cached": Family((), "causal", block_causal),
    "canvas": Family(("diffusion_gemma",), "canvas", decoding=replace(_USUAL, block=BLOCK)),
}
"""`masked` is any masked language model of the library; `cached` a block model whose own cache may be used."""


def family_of(told: Mapping[str, Any]) -> str:
    """Return the family of a configuration.

    Raises:
        InvalidConfigError: It is of none that is known.
    """
    kind = str(told.get("model_type"))
    for name, family in FAMILIES.items():
        if kind in family.types:
            return name
    made = [*map(str, told.get("architectures") or ()), *(told.get("auto_map") or ())]
    if any(name.endswith("MaskedLM") for name in made):
        return "masked"
    raise InvalidConfigError(
        f"a model of the type {kind!r}",
        f"a diffusion language model, of one of the families {', '.join(FAMILIES)}",
        "Name its family where you know it; a model that writes from left to right has its place on a server.",
    )


def resolved(source: Source, family: str | None = None) -> str:
    """Return the family of a source, the one that was named or the one that its configuration says.

    Raises:
        InvalidConfigError: There is no such family, or none can be told.
    """
    name = family or family_of(facts(source))
    if name not in FAMILIES:
        raise InvalidConfigError(f"the family {name!r}", ", ".join(FAMILIES), "Name one of these.")
    return name


def open_writer(
    source: Source,
    *,
    family: str | None = None,
    sandbox: Sandbox | None = None,
    decoding: Decoding | None = None,
    compute: Compute | None = None,
) -> TokenWriter:
    """Return a writer with a model of the transformers library.

    Args:
        source: Where it comes from. What it says of the class that loads it is left aside: the family says that.
        family: One of `FAMILIES`; by default what the configuration says.
        sandbox: Where candidates that compete are tested (see `rewards`).
        decoding: How programs are denoised; what suits the family by default.
        compute: The device; weights with a `device_map` or in fewer bits stay where the library puts them.

    Raises:
        MissingExtraError: The library, or what it needs for the weights, is not installed.
        InvalidConfigError: There is no such model, it is of no family that is known, or its mask is not.
    """
    told, name = facts(source), resolved(source, family)
    kind = FAMILIES[name]
    tokenizer = tokenizer_of(source)
    model = load(replace(source, loading=kind.loading))
    if source.device_map is None and source.bits is None:
        model = model.to((compute or Compute()).where)
    inner = told.get("text_config") or told
    marks = _marks(name, told, inner, tokenizer)
    tokens = HubTokens(tokenizer, marks, chat=bool(getattr(tokenizer, "chat_template", None)))
    reads = _reads(name, model, marks, longest=min(FAR, int(inner.get("max_position_embeddings") or READ)))
    return TokenWriter(
        reads,
        tokens,
        decoding or kind.decoding,
        longest_prompt=FAR,
        asks=tokens.asked,
        reward=Soundness(sandbox),
    )


def _reads(name: str, model: Any, marks: Marks, *, longest: int) -> Reads:
    device = next(iter(model.parameters())).device
    if name == "canvas":
        return KeptModel(Canvas(model, marks.mask), marks, longest, device)
    if name == "cached":
        return KeptModel(Blocks(model), marks, longest, device)
    return MaskedModel(FAMILIES[name].asks(model), marks, longest, device)


def _marks(name: str, told: Mapping[str, Any], inner: Mapping[str, Any], tokenizer: Any) -> Marks:
    end: Any = (
        tokenizer.eos_token_id if tokenizer.eos_token_id is not None else _first(inner.get("eos_token_id"))
    )
    end = end if end is not None else getattr(tokenizer, "sep_token_id", None)
    pad: Any = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end
    own: Any = told.get("mask_token_id")
    mask: Any = own if own is not None else getattr(tokenizer, "mask_token_id", None)
    mask = FAMILIES[name].mask if mask is None else mask
    if name == "canvas":
        mask = inner.get("vocab_size")
    if mask is None or end is None:
        raise InvalidConfigError(
            f"a model whose mask is {mask} and whose end is {end}",
            "numbers of both, in its configuration or its tokenizer",
            "Put MaskedModel, Marks and TokenWriter together yourself, as the how-to shows.",
        )
    return Marks(mask=int(mask), end=int(end), pad=int(pad))


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value
