"""Sources, names and texts are data: what is accepted of them, decided before anything runs."""

from __future__ import annotations

import keyword
import re

from .base import MAX_SOURCE_BYTES

MAX_NAME = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
# Bidirectional overrides, zero-width characters and tags: text that shows other than it reads.
_HIDDEN = re.compile("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def clean_source(source: object) -> tuple[str, str | None]:
    """Give the source as text, or say why it is not one that can be run."""
    if isinstance(source, (bytes, bytearray)):
        try:
            source = bytes(source).decode("utf-8")
        except UnicodeDecodeError as error:
            return "", f"the source is not UTF-8 at byte {error.start}"
    if not isinstance(source, str):
        return "", f"the source is of type {type(source).__name__}, not text"
    text = str.__str__(source)
    if len(text) > MAX_SOURCE_BYTES:
        return "", f"the source has more than {MAX_SOURCE_BYTES} characters"
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return "", "the source holds half of a surrogate pair, which no file can hold"
    if size > MAX_SOURCE_BYTES:
        return "", f"the source has more than {MAX_SOURCE_BYTES} bytes"
    if "\0" in text:
        return "", "the source holds a NUL character"
    return text, None


def clean_entry(entry: object) -> tuple[str, str | None]:
    """Give the name of a function, or say why it is none."""
    if not isinstance(entry, str) or len(entry) > MAX_NAME or not _NAME.fullmatch(entry):
        return "", "the entry is not an identifier of at most 64 ASCII letters, digits and _"
    if keyword.iskeyword(entry) or (entry.startswith("__") and entry.endswith("__")):
        return "", "the entry is a keyword or a special name"
    return str.__str__(entry), None


def hidden_characters(text: str) -> str | None:
    """Name the first character that a reader would not see; None when there is none."""
    found = _HIDDEN.search(text) or _CONTROL.search(text)
    return None if found is None else f"U+{ord(found.group()):04X} at {found.start()}"
