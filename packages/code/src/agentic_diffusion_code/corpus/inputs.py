"""Makes inputs: random values of a type, or of a kind that a primitive is about."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from agentic_diffusion_code.corpus import ir

# fmt: off
WORDS = (
    "apple", "river", "stone", "level", "Kayak", "train", "Otter", "banana", "noon", "table", "Green", "orange",
    "radar", "summer", "window", "tree", "area", "letter", "eye", "anna", "moon", "blue", "Red", "tiger",
    "eleven", "under", "paper", "seven", "lemon", "north", "spoon", "total", "cat", "dog", "is", "on",
    "a",
)
# fmt: on
_ALPHABET = "aabcdeefghiilmnoorstu"
Random = random.Random


def _integer(rng: Random) -> int:
    shape = rng.random()
    if shape < 0.05:
        return 0
    if shape < 0.6:
        return rng.randint(-12, 30)
    return rng.randint(0, 9) if shape < 0.8 else rng.randint(-150, 999)


def _word(rng: Random) -> str:
    if rng.random() < 0.7:
        return rng.choice(WORDS)
    return "".join(rng.choice(_ALPHABET) for _ in range(rng.randint(0, 7)))


def _line(rng: Random) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(rng.choice((0, 1, 2, 3, 4, 5))))


def _text(rng: Random) -> str:
    return _line(rng) if rng.random() < 0.5 else _word(rng)


def _case(rng: Random) -> str:
    word = _word(rng)
    return rng.choice((word.upper(), word.lower(), word.capitalize(), word[:2].upper() + word[2:]))


def _code(rng: Random) -> str:
    return "".join(rng.choice("abcXYZ0123459_- ") for _ in range(rng.randint(0, 10)))


def _digits(rng: Random) -> str:
    return rng.choice((str(rng.randint(0, 9999)), _word(rng), _code(rng)))


def _palindrome(rng: Random) -> str:
    half = _word(rng)
    return rng.choice((half + half[::-1], half[:-1] + half[::-1], half, half.capitalize() + half[::-1]))


def _joined(mark: str, low: int, high: int) -> Callable[[Random], str]:
    return lambda rng: mark.join(rng.choice(WORDS).lower() for _ in range(rng.randint(low, high)))


def _marked(rng: Random) -> str:
    mark = rng.choice("-_,/:.")
    return mark.join(rng.choice(WORDS) for _ in range(rng.randint(1, 4)))


def _email(rng: Random) -> str:
    user, host = rng.choice(WORDS).lower(), rng.choice(WORDS).lower()
    return rng.choice(
        (f"{user}@{host}.org", f"{user}.{host}@mail.com", f"{user}@{host}", user, f"@{host}.net")
    )


def _date(rng: Random) -> str:
    good = f"{rng.randint(1900, 2099)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    return good


def _maybe_date(rng: Random) -> str:
    good = _date(rng)
    return rng.choice((good, good, good.replace("-", "/"), good[:9], "20x4-01-02", good.replace("-", "")))


def _time(rng: Random) -> str:
    return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"


def _maybe_time(rng: Random) -> str:
    return rng.choice((_time(rng), _time(rng), f"{rng.randint(24, 40)}:10", "12:75", "ab:cd", _time(rng)[:4]))


def _camel(rng: Random) -> str:
    return _joined("", 1, 1)(rng) + "".join(rng.choice(WORDS).capitalize() for _ in range(rng.randint(0, 3)))


def _pairs(mark: str) -> Callable[[Random], str]:
    def make(rng: Random) -> str:
        parts = [f"{rng.choice(WORDS)}={rng.randint(0, 99)}" for _ in range(rng.randint(0, 4))]
        return mark.join([*parts, "flag"] if rng.random() < 0.2 else parts)

    return make


def _config(rng: Random) -> str:
    key, value = rng.choice(WORDS), rng.randint(0, 99)
    forms = (f"{key} = {value}", f"{key}={value}", f"# {key}", f"{key} = {value} # {value}", key, f"={value}")
    return rng.choice(forms)


def _file(rng: Random) -> str:
    name, folder = rng.choice(WORDS), rng.choice(WORDS)
    return rng.choice(
        (f"{name}.txt", f"{folder}/{name}.py", f"/{folder}/{key(rng)}/{name}", name, f"a.{name}.gz")
    )


def key(rng: Random) -> str:
    """Return a short lower case word."""
    return rng.choice(WORDS).lower()


def _decimal(rng: Random) -> str:
    return rng.choice(
        (f"{rng.randint(0, 99)}.{rng.randint(0, 99)}", str(rng.randint(0, 99)), "1.2.3", key(rng), ".")
    )


def _runs(rng: Random) -> str:
    return "".join(rng.choice("aabbc1") * rng.randint(1, 3) for _ in range(rng.randint(0, 5)))


def _chars(alphabet: str, low: int, high: int) -> Callable[[Random], str]:
    return lambda rng: "".join(rng.choice(alphabet) for _ in range(rng.randint(low, high)))


_ROMAN = ((100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def _roman(rng: Random) -> str:
    number, text = rng.randint(1, 399), ""
    for value, letters in _ROMAN:
        while number >= value:
            text += letters
            number -= value
    return text


def _many(item: Callable[[Random], Any], low: int, high: int) -> Callable[[Random], list[Any]]:
    return lambda rng: [item(rng) for _ in range(rng.randint(low, high))]


def _padded(rng: Random) -> str:
    inner = _line(rng).replace(" ", rng.choice((" ", "   ")))
    return rng.choice(("", "  ", " ")) + inner + rng.choice(("", " "))


def _number_line(rng: Random) -> str:
    return " ".join(rng.choice((str(rng.randint(0, 99)), key(rng))) for _ in range(rng.randint(0, 6)))


def _prefixed(rng: Random) -> list[str]:
    start = rng.choice(WORDS)[: rng.randint(0, 3)]
    return [start + rng.choice(WORDS) for _ in range(rng.randint(1, 4))]


DOMAINS: Mapping[str, Callable[[Random], Any]] = {
    "nat": lambda rng: rng.choice((rng.randint(0, 12), rng.randint(0, 300))),
    "small": lambda rng: rng.randint(0, 10),
    "positive": lambda rng: rng.choice((rng.randint(1, 12), rng.randint(1, 150))),
    "year": lambda rng: rng.choice((rng.randint(1890, 2110), 1900, 2000, 2024, 2100)),
    "word": _word,
    "line": _line,
    "case": _case,
    "digits": _digits,
    "code": _code,
    "palindrome": _palindrome,
    "padded": _padded,
    "brackets": _chars("()()a", 0, 8),
    "email": _email,
    "binary": lambda rng: rng.choice((_chars("01", 0, 6)(rng), _chars("0129af", 1, 5)(rng), _word(rng))),
    "good_binary": _chars("01", 1, 10),
    "time": _maybe_time,
    "good_time": _time,
    "date": _maybe_date,
    "good_date": _date,
    "decimal": _decimal,
    "config": _config,
    "lines": lambda rng: "\n".join(_line(rng) for _ in range(rng.randint(1, 4))),
    "marked": _marked,
    "snake": _joined("_", 1, 4),
    "camel": _camel,
    "runs": _runs,
    "file": _file,
    "csv": lambda rng: rng.choice((",", ", ", " ,")).join(
        rng.choice(WORDS) for _ in range(rng.randint(1, 5))
    ),
    "number_line": _number_line,
    "csv_numbers": lambda rng: ",".join(str(rng.randint(-20, 99)) for _ in range(rng.randint(1, 6))),
    "settings": _pairs(";"),
    "query": _pairs("&"),
    "number_text": lambda rng: str(rng.randint(-99, 9999)),
    "roman": _roman,
    "few": _many(lambda rng: rng.randint(-5, 9), 0, 5),
    "zeros": _many(lambda rng: rng.choice((0, 0, 1, 2, 5, -3)), 0, 8),
    "digit_list": _many(lambda rng: rng.randint(0, 9), 0, 8),
    "nat_list": _many(lambda rng: rng.randint(0, 12), 0, 6),
    "prefixed": _prefixed,
    "number_texts": _many(_digits, 0, 6),
}
"""Generators by the name of what they make."""


def make(kind: ir.Type, domain: str, rng: Random) -> Any:
    """Return a random value.

    Args:
        kind: The type.
        domain: The name in `DOMAINS` of what the value, or each element of a list, is to be; nothing
            for any value of the type.
        rng: Where the chance comes from.
    """
    if kind.startswith("list["):
        if domain and isinstance(found := DOMAINS[domain](rng), list):
            return found
        inside = ir.element_of(kind)
        items = [make(inside, domain, rng) for _ in range(rng.choice((0, 1, 2, 3, 4, 5, 6, 7)))]
        if items and rng.random() < 0.35:
            items.append(rng.choice(items))
        return items
    if kind.startswith("dict["):
        inside = ir.value_of(kind)
        return {
            k: make(inside, "", rng)
            for k in rng.sample(("a", "b", "c", "total", "red", "tea"), rng.randint(0, 5))
        }
    if domain:
        return DOMAINS[domain](rng)
    if kind == "int":
        return _integer(rng)
    if kind == "float":
        return rng.randint(-40, 200) / 4
    return rng.random() < 0.5 if kind == "bool" else _text(rng)
