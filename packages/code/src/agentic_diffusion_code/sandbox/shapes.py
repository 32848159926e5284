"""Types of arguments and answers in compiled languages: read from a function's head, and kept to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LIMIT = 1 << 63
_PLAIN = {"int", "float", "bool", "str"}
Kind = str
"""A type in Python's words: `int`, `float`, `bool`, `str`, `list[...]` or `dict[str, ...]`."""

_NAMES: Mapping[str, Mapping[str, Kind]] = {
    "java": {
        **dict.fromkeys(("long", "Long", "int", "Integer"), "int"),
        **dict.fromkeys(("double", "Double"), "float"),
        **dict.fromkeys(("boolean", "Boolean"), "bool"),
        "String": "str",
    },
    "go": {**dict.fromkeys(("int", "int64"), "int"), "float64": "float", "bool": "bool", "string": "str"},
    "rust": {"i64": "int", "f64": "float", "bool": "bool", "String": "str", "&str": "str"},
    "c": {
        **dict.fromkeys(("long", "int", "long long"), "int"),
        "double": "float",
        "bool": "bool",
        **dict.fromkeys(("const char *", "char *"), "str"),
    },
}
_HEADS = {
    "java": r"static\s+(?P<out>[\w<>, ]+?)\s+{name}\s*\((?P<in>[^)]*)\)\s*\{{",
    "go": r"\bfunc\s+{name}\s*\((?P<in>[^)]*)\)\s*(?P<out>[^{{]*?)\s*\{{",
    "rust": r"\bfn\s+{name}\s*\((?P<in>[^)]*)\)\s*->\s*(?P<out>[^{{]+?)\s*\{{",
    "c": r"^(?P<out>[A-Za-z][\w ]*?[\w*])\s*{name}\s*\((?P<in>[^)]*)\)\s*\{{",
}


@dataclass(frozen=True)
class Head:
    """What a function takes and gives.

    Args:
        params: The type of each argument, as the language writes it and in Python's words.
        returns: The type of the answer, likewise.
        names: What the arguments are called.
    """

    params: tuple[tuple[str, Kind], ...]
    returns: tuple[str, Kind]
    names: tuple[str, ...] = ()


def head(source: str, entry: str, language: str) -> Head | str:
    """Return the head of a function, or why it cannot be called from here."""
    found = re.search(_HEADS[language].format(name=re.escape(entry)), source, re.MULTILINE)
    if found is None:
        return f"no function {entry} with types that can be read in the {language} program"
    parts = parts_of(found["in"])
    texts = [_type_text(part, language) for part in parts]
    if language == "go":
        texts = _filled(texts)
    params: list[tuple[str, Kind]] = []
    names: list[str] = []
    place = 0
    while place < len(texts):
        text = texts[place]
        names.append(_name(parts[place], language))
        kind = kind_of(text, language)
        array = (
            re.fullmatch(r"const (long|double|bool) \*|const char \* ?const \*", text)
            if language == "c"
            else None
        )
        if (
            kind is None
            and array
            and place + 1 < len(texts)
            and texts[place + 1] in ("long", "size_t", "int")
        ):
            inner = {"long": "int", "double": "float", "bool": "bool", None: "str"}[array.group(1)]
            kind, place = f"list[{inner}]", place + 1
        if kind is None:
            return f"arguments of type {text!r} are not known"
        params.append((text, kind))
        place += 1
    out = " ".join(found["out"].replace("*", " *").split())
    returns = kind_of(out, language)
    if returns is None:
        return f"answers of type {out!r} are not known"
    return Head(tuple(params), (out, returns), tuple(names))


def parts_of(text: str) -> list[str]:
    """Return what stands between the commas that separate parameters."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "<[(") - (letter in ">])")
        if letter == "," and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts if part.strip()]


def _type_text(part: str, language: str) -> str:
    """Return the type of one parameter, without its name."""
    if language == "rust":
        return " ".join(part.split(":", 1)[-1].split())
    if language == "go":
        return " ".join(part.split(None, 1)[1:]).strip()
    said = re.sub(r"\s+", " ", part.replace("*", " * ")).strip()
    return re.sub(r"\s*\w+$", "", said).strip()


def _name(part: str, language: str) -> str:
    """Return the name of one parameter, without its type."""
    if language == "rust":
        return part.split(":", 1)[0].removeprefix("mut ").strip()
    return part.split(None, 1)[0] if language == "go" else re.findall(r"\w+", part)[-1]


def _filled(texts: list[str]) -> list[str]:
    """Give each parameter of a Go list such as `a, b int` its type."""
    for place in range(len(texts) - 2, -1, -1):
        texts[place] = texts[place] or texts[place + 1]
    return texts


def kind_of(text: str, language: str) -> Kind | None:
    """Return a type in Python's words; None for one that is not known."""
    text = text.strip()
    plain = _NAMES[language].get(text)
    if plain is not None:
        return plain
    listed = {
        "java": r"List<(?P<of>.+)>",
        "go": r"\[\](?P<of>.+)",
        "rust": r"Vec<(?P<of>.+)>|&\[(?P<also>.+)\]",
        "c": r"(?!)",
    }[language]
    mapped = {
        "java": r"Map<(?P<key>\w+), ?(?P<of>.+)>",
        "go": r"map\[(?P<key>\w+)\](?P<of>.+)",
        "rust": r"(?:Hash|BTree)Map<(?P<key>\w+), ?(?P<of>.+)>",
        "c": r"(?!)",
    }[language]
    if found := re.fullmatch(listed, text):
        groups = found.groupdict()
        inner = kind_of(groups.get("of") or groups.get("also") or "", language)
        return None if inner is None else f"list[{inner}]"
    if found := re.fullmatch(mapped, text):
        key, value = kind_of(found["key"], language), kind_of(found["of"], language)
        return f"dict[{key}, {value}]" if key in ("int", "str") and value is not None else None
    return None


def inside(kind: Kind) -> tuple[Kind, ...]:
    """Return what a list or a dictionary holds."""
    if kind in _PLAIN:
        return ()
    if kind.startswith("list["):
        return (kind[5:-1],)
    key, value = kind[5:-1].split(", ", 1)
    return key, value


def fits(value: Any, kind: Kind) -> bool:
    """Whether a value may be handed over as a type; a whole number is a float where one is wanted."""
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "int":
        return type(value) is int and -_LIMIT <= value < _LIMIT
    if kind == "float":
        return type(value) in (int, float) and abs(value) < 1e300
    if kind == "str":
        return isinstance(value, str) and "\0" not in value and _whole(value)
    if kind.startswith("list["):
        return type(value) is list and all(fits(item, kind[5:-1]) for item in value)
    key, inner = inside(kind)
    return type(value) is dict and all(fits(k, key) and fits(v, inner) for k, v in value.items())


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def typed(value: Any, kind: Kind) -> Any:
    """Return an answer, as JSON says it, as its declared type.

    Raises:
        ValueError: It is of another type.
    """
    if kind == "float" and type(value) in (int, float):
        return float(value)
    if kind in _PLAIN and fits(value, kind):
        return value
    if kind.startswith("list[") and (value is None or isinstance(value, list)):
        return [typed(item, kind[5:-1]) for item in value or []]
    if kind.startswith("dict[") and (value is None or isinstance(value, dict)):
        key, inner = inside(kind)
        said = value or {}
        return {int(k) if key == "int" else k: typed(v, inner) for k, v in said.items()}
    raise ValueError(f"a {type(value).__name__} where {kind} was declared")
