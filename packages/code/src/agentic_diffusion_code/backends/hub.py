"""Loads models and tokenizers of the transformers library, from a folder or from the hub; needs `[transformers]`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, final

import torch
from agentic_diffusion.errors import InvalidConfigError, MissingExtraError

from agentic_diffusion_code.backends.told import wanted
from agentic_diffusion_code.model.reading import Marks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentic_diffusion_code.domain import CodeRequest

Loading: TypeAlias = Literal["masked", "causal", "plain", "canvas"]
"""Which of the library's classes loads a model: for masked tokens, for causal ones, as its own code says, or its
DiffusionGemma."""

CLASSES = {
    "masked": "AutoModelForMaskedLM",
    "causal": "AutoModelForCausalLM",
    "plain": "AutoModel",
    "canvas": "DiffusionGemmaForBlockDiffusion",
}
HELPERS = ("accelerate", "bitsandbytes")
DTYPES = ("auto", "float32", "bfloat16", "float16")

_FENCE = "```"
_REVISION = re.compile(r"[0-9a-f]{40}")


@final
@dataclass(frozen=True)
class Source:
    """Where a model comes from, and how it is loaded.

    Args:
        name: A folder, or `owner/name` on the hub.
        revision: The commit on the hub, all 40 digits; must be given for anything but a folder.
        remote_code: Whether Python code that lies beside the weights may run on this machine, with your rights.
        loading: Which of the library's classes loads it.
        dtype: `auto` takes what the weights are stored in; else float32, bfloat16 or float16.
        device_map: Where its parts go (needs `accelerate`); None keeps it on the processor.
        bits: 8 or 4 to load it quantised (needs `accelerate` and `bitsandbytes`); None as it is.
    """

    name: str
    revision: str | None = None
    remote_code: bool = False
    loading: Loading = "masked"
    dtype: str = "auto"
    device_map: str | None = None
    bits: Literal[4, 8] | None = None

    def __post_init__(self) -> None:
        if not Path(self.name).is_dir() and not _REVISION.fullmatch(self.revision or ""):
            raise InvalidConfigError(
                f"{self.name!r} at revision {self.revision!r}",
                "a folder that is there, or a name on the hub with the 40 digits of a commit",
                "Pin the revision: a name alone may be other weights, or other code, tomorrow.",
            )
        if self.dtype not in DTYPES or self.loading not in CLASSES or self.bits not in (None, 4, 8):
            raise InvalidConfigError(
                f"dtype={self.dtype!r}, loading={self.loading!r}, bits={self.bits}",
                f"a dtype of {', '.join(DTYPES)}; a loading of {', '.join(CLASSES)}; bits of 4 or 8, or None",
                "Name one of these.",
            )


def library() -> Any:
    """Return the transformers library.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError(
            "no transformers",
            "the extra [transformers]",
            "pip install 'agentic-diffusion-code[transformers]'",
        ) from error
    return transformers


def load(source: Source) -> Any:
    """Return the model of a source, ready to infer.

    Raises:
        MissingExtraError: The library, or what `device_map` or `bits` need, is not installed.
        InvalidConfigError: There is no such model, or it needs code that was not allowed to run.
    """
    made = library()
    kind = getattr(made, CLASSES[source.loading], None)
    if kind is None:
        raise InvalidConfigError(
            f"a transformers library without {CLASSES[source.loading]}",
            "5.23 or later",
            "Install a newer one.",
        )
    dtype = source.dtype if source.dtype == "auto" else getattr(torch, source.dtype)
    options: dict[str, Any] = {"dtype": dtype, "device_map": source.device_map}
    if source.bits is not None:
        options["quantization_config"] = made.BitsAndBytesConfig(
            load_in_8bit=source.bits == 8, load_in_4bit=source.bits == 4
        )
    return _loaded(kind, source, options).eval()


def _loaded(kind: Any, source: Source, options: dict[str, Any]) -> Any:
    where = {"revision": source.revision, "trust_remote_code": source.remote_code}
    try:
        return kind.from_pretrained(source.name, **where, **options)
    except (ImportError, OSError, ValueError) as error:
        asks_more = source.device_map is not None or source.bits is not None
        lacks = [name for name in HELPERS if asks_more and name in str(error).lower()]
        if isinstance(error, ImportError) or lacks:
            raise MissingExtraError(
                f"{source.name} with device_map={source.device_map}, bits={source.bits} ({str(error)[:160]})",
                " and ".join(lacks) or "what the code beside the weights imports",
                f"pip install {' '.join(lacks) or 'what it names'}"
                + (", or leave device_map and bits out." if lacks else "."),
            ) from error
        raise InvalidConfigError(
            f"{source.name} ({str(error)[:160]})",
            "a model that this version of transformers can load",
            "Check name and revision; `remote_code=True` allows the code beside the weights to run.",
        ) from error


def facts(source: Source) -> dict[str, Any]:
    """Return what the configuration of a model says, without running any code that lies beside it.

    Raises:
        MissingExtraError: The library is not installed.
        InvalidConfigError: There is no such model.
    """
    try:
        found: dict[str, Any] = library().PreTrainedConfig.get_config_dict(
            source.name, revision=source.revision
        )[0]
    except (OSError, ValueError) as error:
        raise InvalidConfigError(
            f"{source.name} ({str(error)[:160]})", "a folder or a name with a config.json", "Check the name."
        ) from error
    return found


def tokenizer_of(source: Source) -> Any:
    """Return the tokenizer of a source.

    Raises:
        MissingExtraError: The library, or what the tokenizer needs, is not installed.
        InvalidConfigError: There is none, or it needs code that was not allowed to run.
    """
    return _loaded(library().AutoTokenizer, source, {})


@final
@dataclass(frozen=True)
class HubTokens:
    """A tokenizer of the library as the vocabulary of a writer.

    Args:
        tokenizer: The tokenizer; fast ones tell where each token lies.
        marks: Its mask, end and padding.
        before: Text between the language and the description, as the model's template has it.
        after: Text between the description and the program.
        chat: Whether the tokenizer's own template of a conversation is put around what is asked; the answer is then
            begun with a code fence, and the program ends where that is closed.
    """

    tokenizer: Any
    marks: Marks
    before: str = "Write a function in "
    after: str = "\n"
    chat: bool = False

    @property
    def size(self) -> int:
        """The number of tokens."""
        return len(self.tokenizer)

    @property
    def mask(self) -> int:
        """Stands for a token that is hidden."""
        return self.marks.mask

    @property
    def end(self) -> int:
        """Ends a program."""
        return self.marks.end

    @property
    def pad(self) -> int:
        """Fills what comes after the end."""
        return self.marks.pad

    def prompt(self, description: str, language: str, *, signature: str = "") -> tuple[int, ...]:
        """Return what is read before a program."""
        said = f"{self.before}{language}: {description}\n{signature}{self.after}"
        return tuple(self._ids(said))

    def asked(self, request: CodeRequest) -> tuple[int, ...]:
        """Return what is read before the program of a request, as a model that follows instructions is told of it."""
        said = wanted(request)
        if not self.chat:
            return tuple(self._ids(f"{said}\n{self.after}"))
        turn = [{"role": "user", "content": said}]
        begun = self.tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        return tuple(self._ids(f"{begun}{_FENCE}{request.language}\n"))

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def encode(self, source: str, language: str) -> list[int]:
        """Return the tokens of a program."""
        return self._ids(source)

    def layout(self, ids: Sequence[int], language: str) -> tuple[str, list[tuple[int, int]]]:
        """Return the text of a program, and where in it each token lies (start, end)."""
        text, places = "", []
        special = {self.marks.mask, self.marks.end, self.marks.pad}
        shown: list[int] = []
        for token in ids:
            before = len(text)
            if token not in special:
                shown.append(token)
                text = self.tokenizer.decode(
                    shown, skip_special_tokens=True, clean_up_tokenization_spaces=False
                )
            places.append((min(before, len(text)), len(text)))
        closed = text.find(_FENCE) if self.chat else -1
        if closed >= 0:
            text, places = text[:closed], [(min(start, closed), min(end, closed)) for start, end in places]
        return text, places
