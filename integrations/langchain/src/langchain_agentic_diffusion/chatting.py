"""Any chat model that LangChain speaks to as the writer of a coder: it writes, the fence and the examples judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from agentic_diffusion.errors import MissingExtraError
from langchain_core.language_models import BaseChatModel

if TYPE_CHECKING:
    from agentic_diffusion_code.domain import CodeRequest
    from agentic_diffusion_code.writes import Sureness

try:
    from agentic_diffusion_code.backends import told
    from agentic_diffusion_code.backends.server import ServerError
    from agentic_diffusion_code.writes import Sketch
except ImportError as error:
    raise MissingExtraError(
        "an import of the writer for code without agentic-diffusion-code",
        "the extra [code]",
        "pip install 'langchain-agentic-diffusion[code]'",
    ) from error

AGAIN = 0.7
"""The temperature of repairs and of programs that begin from another."""


@final
@dataclass(frozen=True)
class ChatWriter:
    """Asks a chat model for whole programs; implements `Writes` of agentic-diffusion-code.

    Candidates are asked for together (`batch`). What the model itself reports as written counts as tokens; it tells no
    beliefs, so the confidence in a program is that of its tests. Models take no seed in common: it is not passed on.

    Args:
        model: The chat model, with the limits and keys it was made with.
        tempered: Whether the temperature is passed on; False for models that refuse one.
    """

    model: BaseChatModel
    tempered: bool = True

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        """Ask for candidates."""
        yield self._asked(told.wanted(request), count=count, temperature=temperature)

    def mend(
        self,
        request: CodeRequest,
        source: str,
        *,
        groups: Sequence[Sequence[int]],
        hint: str,
        count: int,
        seed: int,
    ) -> Iterator[Sketch]:
        """Show the failing program, the lines under suspicion and what went wrong, and ask anew."""
        said = told.mended(request, source, groups=groups, hint=hint)
        yield self._asked(said, count=count, temperature=AGAIN)

    def vary(
        self, request: CodeRequest, source: str, *, share: float, count: int, seed: int
    ) -> Iterator[Sketch]:
        """Show a program for a request much like this one, and ask."""
        yield self._asked(told.varied(request, source), count=count, temperature=AGAIN)

    def sure(self, request: CodeRequest, source: str) -> Sureness | None:
        """Return None: a chat model gives texts, no beliefs."""
        return None

    def _asked(self, said: str, *, count: int, temperature: float) -> Sketch:
        model = self.model.bind(temperature=temperature) if self.tempered else self.model
        try:
            answers = model.batch([said] * count)
        except Exception as error:  # each provider raises what it likes
            raise ServerError(
                f"{type(error).__name__}: {error}"[:300],
                f"{count} answers of the chat model",
                "Check its key, limits and address, or try again later.",
            ) from error
        sources = tuple(told.program_in(str(answer.text)) for answer in answers)
        tokens = sum(
            int((getattr(answer, "usage_metadata", None) or {}).get("output_tokens", 0)) for answer in answers
        )
        return Sketch(sources, 1.0, count, tokens, True)
