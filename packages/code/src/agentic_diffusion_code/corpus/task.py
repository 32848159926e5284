"""One row of the corpus: what is asked, a right answer, and how an answer is judged."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from agentic_diffusion_code.cases import Case, LanguageName
from agentic_diffusion_code.cases import Task as Asked
from agentic_diffusion_code.corpus.split import Split


class Task(BaseModel):
    """What a program must do, with a program that does it.

    Args:
        id: What tells it from every other.
        description: The request, in words.
        language: The language of the program.
        entry: The function that is asked for.
        signature: The line that declares it.
        source: A right program, in its canonical form.
        cases: Calls and what they must give.
        types: The types of the arguments, then of the answer, as Python writes them.
        stages: The composition: what is done, in order.
        primitives: The primitives in it, without the patterns that combine them.
        family: How the sentence is built.
        split: What about it is not seen in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    description: str
    language: LanguageName
    entry: str
    signature: str
    source: str
    cases: tuple[Case, ...]
    types: tuple[str, ...]
    stages: tuple[str, ...]
    primitives: tuple[str, ...]
    family: str
    split: Split

    def asked(self) -> Asked:
        """Return it in the words of the judge."""
        data: dict[str, Any] = {
            "description": self.description,
            "entry": self.entry,
            "language": self.language,
        }
        return Asked(**data, tests=self.cases)
