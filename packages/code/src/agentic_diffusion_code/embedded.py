"""The embedded coder: small weights in eight bits, the network and the vocabulary they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from agentic_diffusion import store
from agentic_diffusion.compute import Compute
from agentic_diffusion.denoising.nn.block import BlockTransformer, Shape
from agentic_diffusion.errors import InvalidConfigError, StoreError
from pydantic import JsonValue
from torch import Tensor

from .coder import Coder, Recalls
from .confidence import Confidence, Familiar
from .model.decode import Viable
from .model.decoding import Decoding
from .model.quantise import quantise, restore
from .model.reading import Embedded, Marks
from .prefix import Prefixes
from .restating import restated
from .rewards import Soundness
from .sandbox.base import Sandbox
from .spoken import Interpreter
from .syntax import Permits, Syntax
from .tokens import Vocabulary
from .writer import TokenWriter

SHAPE = ("vocabulary", "width", "depth", "heads", "inner")


def shipped() -> Path:
    """Return the folder of the weights that come with the package, whether there are any or not."""
    return Path(str(files("agentic_diffusion_code"))) / "weights"


def save_model(
    folder: Path,
    weights: Mapping[str, Tensor],
    *,
    shape: Shape,
    vocabulary: Vocabulary,
    facts: Mapping[str, Any],
) -> Path:
    """Write weights in eight bits beside a card that names network, vocabulary and how they came to be.

    Raises:
        StoreError: The disk refused.
    """
    card: dict[str, JsonValue] = {
        **facts,
        "shape": {name: getattr(shape, name) for name in SHAPE},
        "tokens": vocabulary.fingerprint,
    }
    return store.save(folder, quantise(weights), card)


def load_model(
    folder: Path, *, vocabulary: Vocabulary, compute: Compute | None = None
) -> tuple[BlockTransformer, Mapping[str, JsonValue]]:
    """Return the network of a folder, ready to infer, and its card.

    Raises:
        StoreError: There is none, it is damaged, or it belongs to another vocabulary.
    """
    bundle = store.load(folder)
    if bundle.card.get("tokens") != vocabulary.fingerprint:
        raise StoreError(
            f"weights for the vocabulary {bundle.card.get('tokens')}",
            f"weights for {vocabulary.fingerprint}, the vocabulary of this version",
            "Train anew with `agentic-diffusion train code`, or install the version that the weights came with.",
        )
    shape: Any = bundle.card["shape"]
    network = BlockTransformer(Shape(**{name: int(shape[name]) for name in SHAPE}))
    network.load_state_dict(restore(bundle.tensors))
    (compute or Compute()).settle(network)
    return network, bundle.card


def load_writer(
    folder: Path | None = None,
    *,
    sandbox: Sandbox | None = None,
    decoding: Decoding | None = None,
    compute: Compute | None = None,
) -> tuple[TokenWriter, Mapping[str, JsonValue]]:
    """Return a writer with the weights of a folder, those of the package by default, and their card.

    Where no decoding is given the card says which blocks and which bound suit the weights. Where the decoding has a
    reward, candidates compete by what they are worth, in the sandbox by the tests that they pass too.

    Raises:
        StoreError: There are no such weights.
    """
    vocabulary = Vocabulary.load()
    compute = compute or Compute()
    network, card = load_model(folder or shipped(), vocabulary=vocabulary, compute=compute)
    marks = Marks(vocabulary.mask, vocabulary.end, vocabulary.pad)

    @cache
    def syntax(language: str) -> Permits:
        return Syntax(vocabulary, language).allowed

    @cache
    def viable(language: str) -> Viable | None:
        return Prefixes(vocabulary) if language == "python" else None

    how = decoding or decoding_of(card)

    writer = TokenWriter(
        Embedded(network, marks, compute),
        vocabulary,
        how,
        syntax=syntax,
        viable=viable,
        reward=Soundness(sandbox),
        restates=restated,
    )
    return writer, card


def decoding_of(card: Mapping[str, JsonValue]) -> Decoding:
    """Return the decoding that a card names, the usual one where it names none.

    Raises:
        StoreError: It names something that decoding has not.
    """
    told = card.get("decoding")
    try:
        return decided(told) if isinstance(told, dict) else Decoding()
    except InvalidConfigError as error:
        raise StoreError(
            f"a card with {told}", "settings of Decoding", "Train anew, or correct the card."
        ) from error


def decided(told: Mapping[str, Any], base: Decoding | None = None) -> Decoding:
    """Return a decoding with these settings, such as block, bound, revise, end_penalty or reward; numbers may be text.

    Raises:
        InvalidConfigError: There is no such setting, or it is no number.
    """
    how = base or Decoding()
    kinds: dict[str, Any] = {each.name: type(getattr(how, each.name)) for each in fields(Decoding)}
    try:
        return replace(how, **{name: kinds[name](str(value)) for name, value in told.items()})
    except (KeyError, ValueError) as error:
        raise InvalidConfigError(
            f"decoding {dict(told)}", f"numbers for {', '.join(kinds)}", "Name one of these."
        ) from error


def load_coder(
    folder: Path | None = None,
    *,
    sandbox: Sandbox | None = None,
    count: int = 8,
    rounds: int = 3,
    memory: Recalls | None = None,
    decoding: Decoding | None = None,
    compute: Compute | None = None,
) -> Coder:
    """Return the embedded coder; what its card says about confidence and familiar words is used.

    Args:
        folder: Weights and card; those of the package by default.
        sandbox: Where tests run.
        count: Candidates after the first.
        rounds: Repairs at most.
        memory: Proven programs to begin from.
        decoding: How programs are denoised.
        compute: Device and precision.

    Raises:
        StoreError: There are no such weights.
    """
    writer, card = load_writer(folder, sandbox=sandbox, decoding=decoding, compute=compute)
    confidence, words, languages = (card.get(name) for name in ("confidence", "words", "languages"))
    own = frozenset(map(str, languages)) if isinstance(languages, list) else frozenset({"python"})
    return Coder(
        writer,
        sandbox,
        count=count,
        rounds=rounds,
        confidence=Confidence.model_validate(confidence) if isinstance(confidence, dict) else None,
        familiar=Familiar(words=frozenset(map(str, words))) if isinstance(words, list) else None,
        memory=memory,
        speaks=Interpreter(own) if "python" in own else None,
    )
