"""How agents ask for a function: flat fields of plain JSON with descriptions, and no word about limits or walls."""

from __future__ import annotations

from typing import Annotated, TypeAlias, final

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.records import Record
from pydantic import Field

from .cases import LanguageName
from .domain import MAX_SIGNATURE, MAX_TESTS, CodeRequest, asked
from .sandbox.base import Limits

LONGEST_EXAMPLE = 2000

Example: TypeAlias = Annotated[str, Field(min_length=1, max_length=LONGEST_EXAMPLE)]


@final
class CodeAsk(Record):
    """A function that is wanted, as an agent says it.

    Args:
        description: What the function does.
        examples: Calls and what they must give.
        language: The language to write in.
        signature: The line that declares the function.
    """

    description: str = Field(
        min_length=1,
        max_length=8000,
        description=(
            "What the function does, in plain words: inputs, result, and what is refused. The shipped coder reads some "
            "140 words, with the signature, and refuses more; it was trained on one to three sentences."
        ),
    )
    examples: tuple[Example, ...] = Field(
        default=(),
        max_length=MAX_TESTS,
        description=(
            "Calls and what they must give, such as `f(2) == 4` or `f(-1) raises ValueError`, all of one function, "
            "with plain values. The program is only returned when it passes every one of them."
        ),
    )
    language: LanguageName = Field(default="python", description="The language to write in.")
    signature: str = Field(
        default="",
        max_length=MAX_SIGNATURE,
        description="The line that declares the function, such as `def area(width, height):`; may be left out.",
    )

    def request(self, limits: Limits | None = None) -> CodeRequest:
        """Return what the coder is asked; what a test may use is for whoever runs the coder to say.

        Raises:
            InvalidStateError: An example cannot be read, examples call several functions, or a text hides characters.
        """
        if not self.description.strip():
            raise InvalidStateError("a description of spaces", "words", "Say what the function does.")
        return asked(
            self.description,
            self.examples,
            language=self.language,
            signature=self.signature,
            limits=limits,
        )
