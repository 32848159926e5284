"""Other names in a description: where it speaks of something by its name, and not in what it quotes."""

from __future__ import annotations

import re
from collections.abc import Callable

_QUOTED = re.compile(r"""(?<!\w)(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')(?!\w)|“[^”]*”|‘[^’]*’""")
_LETTER = re.compile(
    r"\b(?:letter|character|char)s?\s+[A-Za-z]\b(?:(?:,\s*|,?\s+(?:and|or)\s+)[A-Za-z]\b)*", re.IGNORECASE
)
"""Letters that are named as such: `the letter s`, `the characters a, b or c`."""


def outside(said: str, change: Callable[[str], str], *, kept: re.Pattern[str] = _QUOTED) -> str:
    """Return a text that is changed where nothing is quoted."""
    made, at = "", 0
    for found in kept.finditer(said):
        made += change(said[at : found.start()]) + found[0]
        at = found.end()
    return made + change(said[at:])


def retold(said: str, old: str, new: str, *, alone: bool) -> str:
    """Return a description in which a parameter has another name, unless its name is a word of sentences.

    Args:
        said: The description.
        old: Its name.
        new: The other one.
        alone: Whether there is no other parameter: a letter that is named as one is then a letter. With others it is
            where the description speaks of the parameter elsewhere.
    """
    said = outside(said, lambda text: text.replace(f"`{old}`", f"`{new}`"))
    if not re.fullmatch(r"[b-hj-zB-HJ-Z]|\w*[_0-9]\w*", old):
        return said
    name = re.compile(rf"(?<![\w'`.\"\\]){re.escape(old)}(?![\w`(\"]|\.\w)")

    def change(text: str) -> str:
        return name.sub(new, text)

    def apart(text: str) -> str:
        return outside(text, change, kept=_LETTER)

    return outside(said, apart if alone or outside(said, apart) != said else change)
