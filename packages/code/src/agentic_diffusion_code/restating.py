"""A request in the words of the corpus, and what is written for it in the words of the user again.

A model that has only seen a corpus knows the names that this gives to functions and parameters, and the types it has.
So it is asked with those, whatever the user calls them, and reads no prefix; what it writes gets the declaration that
was asked for, its names and its prefix back before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import final

from .corpus.build import SUBJECTS
from .declaring import BODY, declaration, parsed
from .domain import CodeRequest, named
from .front import Front
from .kinds import answer_of, by_default, by_description, by_name, fits, kept, kind_of
from .naming import StandIn, shown_kinds, signature_of, stand_in
from .renaming import Function, parameters, redeclared
from .telling import retold

_LATER: Mapping[str, tuple[str, ...]] = {
    "int": ("k", "limit", "count", "m", "upper"),
    "str": ("part", "mark", "other"),
}
_OTHERS: Mapping[str, tuple[str, ...]] = {"float": ("value",), "bool": ("flag",)}


@final
@dataclass(frozen=True)
class Restated:
    """What the model reads and writes instead.

    Args:
        name: The function; empty where it has none.
        given: What is put after the description: a declaration with this name, the name alone, or nothing.
        asked: The declaration that programs are to have in the end; empty where any will do.
        function: What the function is called instead; None where it keeps its name.
        renamed: What parameters are called instead, where the description speaks of them.
        alone: Whether there is one parameter.
        front: What stands before a program and is not written.
    """

    name: str = ""
    given: str = ""
    asked: str = ""
    function: StandIn | None = None
    renamed: tuple[tuple[str, str], ...] = ()
    alone: bool = False
    front: Front = field(default_factory=Front)

    @property
    def signature(self) -> str:
        """What is read after the description."""
        other = self.function
        if other is None:
            return self.given
        return other.other if self.given == other.name else other.there(self.given)

    @property
    def declared(self) -> str:
        """The declaration that the model is held to; empty where it declares as it likes."""
        return "" if self.given == self.name else self.signature

    def told(self, prose: str) -> str:
        """Return a description with the other names."""
        for old, new in self.renamed:
            prose = retold(prose, old, new, alone=self.alone)
        return self.function.told(prose) if self.function else prose

    def there(self, source: str) -> str:
        """Return a program of the user as the model would write it."""
        text = self.front.without(source, self._redeclared)
        return self.function.there(text) if self.function else text

    def _redeclared(self, body: str) -> str:
        return redeclared(body, self.name, self.given) if self.asked and self.declared else body

    def back(self, source: str) -> str:
        """Return a program of the model as the user wants it."""
        if not source.strip():
            return source
        text = self.function.back(source) if self.function else source
        if self.asked:
            text = redeclared(text, self.name, self.asked)
        return self.front.before(text)


def restated(request: CodeRequest) -> Restated:
    """Return a request in the words of the corpus."""
    entry = request.entry or named(request.signature) or ""
    given, other = signature_of(request), stand_in(request)
    if request.language != "python" or not entry:
        return Restated(entry, given, function=other, front=Front.of(request))
    kinds = shown_kinds(request)
    read, others = _read(given, entry, request.description, tuple(kinds or ()))
    asked = given if read != given and given != entry else ""
    if not declarable(request):
        read, asked = entry if read == given else read, ""
    node = _function(given)
    alone = node is not None and len(parameters(node) or ()) == 1
    return Restated(entry, read, asked, other, others, alone, Front.of(request))


def declarable(request: CodeRequest) -> bool:
    """Say whether programs that were declared otherwise may be declared as a request wants it.

    They may not say that they answer what the corpus never does, such as a tuple, unless tests tell.
    """
    node = _function(request.signature) if request.language == "python" else None
    return node is None or bool(request.tests) or kept(node.returns)


def _function(signature: str) -> Function | None:
    """Return what a line declares."""
    tree = parsed(signature + BODY)
    node = tree.body[0] if tree is not None and tree.body else None
    return node if isinstance(node, Function) else None


@lru_cache(maxsize=256)
def _read(
    given: str, entry: str, description: str, shown: tuple[str | None, ...]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return what is read instead of a declaration, and what its parameters are called there.

    Args:
        given: The declaration.
        entry: The name of the function.
        description: What it does.
        shown: The types that examples tell, the answer's last; nothing where there are none.
    """
    found = declaration(given + BODY, entry)
    taken = parameters(found.node) if found is not None else None
    if found is None or not taken or found.start:
        return given, ()
    types, notes = [kind_of(each.annotation) for each in taken], [each.annotation for each in taken]
    columns = shown[:-1] if len(shown) == len(taken) + 1 else (None,) * len(taken)
    kinds = [
        each.kind if each.sure else column or each.kind for each, column in zip(types, columns, strict=True)
    ]
    defaults, one = by_default(found.node), by_description(description) if len(taken) == 1 else None
    guesses = [one or defaults.get(each.arg) or by_name(each.arg) for each in taken]
    kinds = [
        kind or (guess if guess and fits(note, guess) else None)
        for kind, guess, note in zip(kinds, guesses, notes, strict=True)
    ]
    names = _names([each.arg for each in taken], kinds)
    answer = answer_of(found.node.returns)
    returns = answer.kind if answer.sure else (shown[-1] if shown else None) or answer.kind
    plain = all(each.sure or param.annotation is None for each, param in zip(types, taken, strict=True))
    if names == [each.arg for each in taken] and plain and (answer.sure or found.node.returns is None):
        return given, ()
    if None in kinds or names is None:
        return entry, ()
    typed = returns is not None
    told = ", ".join(f"{name}: {kind}" if typed else name for name, kind in zip(names, kinds, strict=True))
    renamed = tuple((a.arg, b) for a, b in zip(taken, names, strict=True) if a.arg != b)
    return f"def {entry}({told}) -> {returns}:" if typed else f"def {entry}({told}):", renamed


def _names(own: Sequence[str], kinds: Sequence[str | None]) -> list[str] | None:
    """Return what the corpus calls parameters of these types, as they are called where it does so too."""
    made: list[str] = []
    for place, (name, kind) in enumerate(zip(own, kinds, strict=True)):
        usual = _usual(place, kind)
        free = [each for each in usual if each not in made and each not in own]
        if name in usual:
            made.append(name)
        elif free:
            made.append(free[0])
        else:
            return None
    return made


def _usual(place: int, kind: str | None) -> tuple[str, ...]:
    if kind is None:
        return tuple(name for several in SUBJECTS.values() for name in several) if place == 0 else ()
    own = SUBJECTS.get(kind, ()) or _OTHERS.get(kind, ())
    return own if place == 0 else (*_LATER.get(kind, ()), *own)
