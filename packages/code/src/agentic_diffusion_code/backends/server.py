"""Writes programs by asking an OpenAI-compatible server, such as SGLang or vLLM with a diffusion model."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, final

from agentic_diffusion.errors import AgenticDiffusionError, InvalidConfigError, InvalidStateError

from agentic_diffusion_code.backends.told import mended, program_in, varied, wanted
from agentic_diffusion_code.domain import CodeRequest
from agentic_diffusion_code.writes import Sketch, Sureness


class ServerError(AgenticDiffusionError, OSError):
    """A model server did not answer, or answered with what cannot be used."""


@final
@dataclass(frozen=True, repr=False)
class ServerWriter:
    """Asks a server for whole programs; drafts and doubts stay with the server.

    Args:
        url: The address up to and with `/v1`.
        model: The name that the server gives the model.
        key: Sent as a bearer token where given; never logged.
        seconds: Longest wait for one answer.
        longest_answer: Bytes of the longest answer that is read.
        longest: Tokens of the longest program.
    """

    url: str
    model: str
    key: str = ""
    seconds: float = 60.0
    longest_answer: int = 1 << 20
    longest: int = 512

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise InvalidConfigError(
                f"url={self.url!r}", "http:// or https://", "Give the address up to /v1."
            )

    def __repr__(self) -> str:
        """Show everything but the key."""
        return f"ServerWriter(url={self.url!r}, model={self.model!r})"

    def write(self, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Iterator[Sketch]:
        """Ask for candidates."""
        yield self._asked(wanted(request), request, count=count, seed=seed, temperature=temperature)

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
        said = mended(request, source, groups=groups, hint=hint)
        yield self._asked(said, request, count=count, seed=seed, temperature=0.7)

    def vary(
        self, request: CodeRequest, source: str, *, share: float, count: int, seed: int
    ) -> Iterator[Sketch]:
        """Show a program for a request much like this one, and ask."""
        said = varied(request, source)
        yield self._asked(said, request, count=count, seed=seed, temperature=0.7)

    def sure(self, request: CodeRequest, source: str) -> Sureness | None:
        """Return None: a server gives texts, no beliefs."""
        return None

    def _asked(self, said: str, request: CodeRequest, *, count: int, seed: int, temperature: float) -> Sketch:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": said}],
            "n": count,
            "seed": seed,
            "temperature": temperature,
            "max_tokens": self.longest,
        }
        answer = self._post(body)
        try:
            texts = [str(choice["message"]["content"] or "") for choice in answer["choices"]]
            tokens = int((answer.get("usage") or {}).get("completion_tokens") or 0)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ServerError(
                f"an answer without choices ({type(error).__name__})",
                "an answer as OpenAI's chat completions give it",
                "Check that the address ends in /v1 and serves a chat model.",
            ) from error
        return Sketch(tuple(map(program_in, texts)), 1.0, count, tokens, True)

    def _post(self, body: dict[str, Any]) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        address = self.url.rstrip("/") + "/chat/completions"
        asked = urllib.request.Request(address, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(asked, timeout=self.seconds) as answer:  # noqa: S310 - checked above
                read = answer.read(self.longest_answer + 1)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from error
        except (OSError, ValueError) as error:
            raise ServerError(
                f"{type(error).__name__}: {error}",
                f"an answer of {self.url} within {self.seconds:g} s",
                "Check the address, start the server, or allow more time.",
            ) from error
        if len(read) > self.longest_answer:
            raise ServerError(
                f"more than {self.longest_answer} bytes", "a shorter answer", "Raise `longest_answer`."
            )
        try:
            return json.loads(read)
        except ValueError as error:
            raise ServerError(
                "an answer that is no JSON", "an OpenAI-compatible server", "Check the address."
            ) from error

    def _refused(self, error: urllib.error.HTTPError) -> Exception:
        said = error.read(2000).decode("utf-8", "replace")
        if error.code in (400, 413, 422):
            return InvalidStateError(
                f"{error.code}: {said[:200]}", "a request that the server accepts", "Shorten or correct it."
            )
        if error.code in (401, 403, 404):
            return InvalidConfigError(
                f"{error.code}: {said[:200]}", "the server's key, address and model", "Correct the settings."
            )
        return ServerError(f"{error.code}: {said[:200]}", "an answer", "Try again later.")
