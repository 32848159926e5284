"""A memory of proven programs: what passed becomes a start for requests like it, and pairs to learn from."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from agentic_diffusion.errors import StoreError
from agentic_diffusion.records import Outcome, Record
from agentic_diffusion.store import write_atomically
from pydantic import ValidationError

from .domain import CodeRequest, Program, named
from .front import Front
from .naming import StandIn
from .renaming import redeclared
from .restating import declarable

_WORD = re.compile(r"[a-z0-9_]+")
MAX_FAILED = 8


@final
class Proof(Record):
    """One request with the programs that were tried for it.

    Args:
        request: What was asked.
        passed: The program that was proven; empty as long as there is none.
        failed: Programs that were tried and found wrong, the newest last.
    """

    request: CodeRequest
    passed: str = ""
    failed: tuple[str, ...] = ()


@final
@dataclass
class Proven:
    """Takes in outcomes and gives back the nearest proven program; implements `Learns[CodeRequest, Program]`.

    A reward above zero proves a program, anything else disproves it; a program that was proven and is disproved later
    is forgotten, and comes back only with a new proof.

    Args:
        path: A JSON-lines file to keep the memory in; nothing is kept on disk where left out.
        near: The least likeness of two descriptions, in [0, 1], for one to help the other.
        trust: Outcomes that are believed less than this are not taken in.
    """

    path: Path | None = None
    near: float = 0.5
    trust: float = 0.0
    _proofs: dict[str, Proof] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path} ({error.strerror or error})",
                "a file in a folder that is there or can be made",
                "Choose another file.",
            ) from error
        if not self.path.is_file():
            return
        try:
            for line in self.path.read_text(encoding="utf-8").splitlines():
                proof = Proof.model_validate_json(line)
                self._proofs[_key(proof.request)] = proof
        except (OSError, ValidationError, ValueError) as error:
            raise StoreError(
                f"{self.path.name} ({type(error).__name__})",
                "a memory that this version wrote",
                "Move the file away; a new one is begun.",
            ) from error

    def __len__(self) -> int:
        """Return how many programs are proven."""
        return sum(bool(proof.passed) for proof in self._proofs.values())

    def learn(self, outcome: Outcome[CodeRequest, Program]) -> None:
        """Take in what came of a program; an outcome told twice counts once."""
        source = outcome.value.source
        if outcome.id in self._told or not source.strip() or outcome.trust < self.trust:
            return
        self._told.add(outcome.id)
        key = _key(outcome.request)
        known = self._proofs.get(key) or Proof(request=outcome.request)
        if outcome.reward > 0:
            failed = tuple(text for text in known.failed if text != source)
            known = known.model_copy(update={"passed": source, "failed": failed})
        else:
            passed = "" if known.passed == source else known.passed
            failed = (*(text for text in known.failed if text != source), source)[-MAX_FAILED:]
            known = known.model_copy(update={"passed": passed, "failed": failed})
        self._proofs[key] = known
        self._save()

    def _save(self) -> None:
        if self.path is not None:
            lines = (json.dumps(proof.model_dump(mode="json")) for proof in self._proofs.values())
            try:
                write_atomically(self.path, ("\n".join(lines) + "\n").encode())
            except OSError as error:
                raise StoreError(
                    f"{self.path} ({error.strerror or error})",
                    "a file that can be written",
                    "Choose another file.",
                ) from error

    def nearest(self, request: CodeRequest) -> str | None:
        """Return the proven program whose description is most like this one, if any is like enough.

        Its function has the name that is asked for now, and in Python the declaration; before it stands what
        the request wants there.
        """
        asked = _words(request.description)
        found = [
            (_likeness(asked, _words(proof.request.description)), key)
            for key, proof in self._proofs.items()
            if proof.passed and proof.request.language == request.language
        ]
        like, key = max(found, default=(0.0, ""))
        if not found or like < self.near:
            return None
        proof = self._proofs[key]
        old, new = (one.entry or named(one.signature) for one in (proof.request, request))
        known = StandIn(old, new).there(proof.passed) if old and new and old != new else proof.passed
        known = Front.of(request).instead(Front.of(proof.request), known)
        if new and request.language == "python" and declarable(request):
            return redeclared(known, new, request.signature)
        return known

    def proofs(self) -> tuple[Proof, ...]:
        """Return everything that is known, the oldest request first."""
        return tuple(self._proofs.values())

    def pairs(self) -> Iterator[tuple[CodeRequest, str, str]]:
        """Yield (request, proven program, failed program), to learn preferences from."""
        for proof in self._proofs.values():
            if proof.passed:
                for failed in proof.failed:
                    yield proof.request, proof.passed, failed


def _key(request: CodeRequest) -> str:
    return json.dumps([request.language, request.description, request.signature, request.entry])


def _words(text: str) -> Counter[str]:
    return Counter(_WORD.findall(text.lower()))


def _likeness(left: Counter[str], right: Counter[str]) -> float:
    """Return the cosine of two bags of words."""
    shared = sum(count * right[word] for word, count in left.items())
    size = math.sqrt(sum(c * c for c in left.values()) * sum(c * c for c in right.values()))
    return shared / size if size else 0.0
