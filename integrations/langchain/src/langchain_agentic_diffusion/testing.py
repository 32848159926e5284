"""A chat model that plays a script, so that agents can be tested without a key and without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, final

from agentic_diffusion.errors import InvalidStateError
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from pydantic import InstanceOf
from typing_extensions import override

Line: TypeAlias = InstanceOf[AIMessage] | str | Callable[[Sequence[BaseMessage]], AIMessage]
"""What the model says next: a message, a text, or a function of the conversation so far."""


@final
class ScriptedChatModel(BaseChatModel):
    """A chat model whose n-th answer in a conversation is the n-th line of a script.

    It keeps no state: which line is due is counted from its earlier answers in the prompt. So it may serve several
    threads at once, and goes on where it was when a run is resumed. Messages without usage are given one: a token
    for every four characters.

    Args:
        script: The lines.
        tools: The tools that were bound, for tests to look at.
    """

    script: Sequence[Line]
    tools: Sequence[Any] = ()

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @override
    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[Any, AIMessage]:
        """Return a model that plays the same script and remembers these tools."""
        return self.model_copy(update={"tools": tuple(tools)})

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._line(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in _pieces(self._line(messages)):
            chunk = ChatGenerationChunk(message=piece)
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _line(self, messages: Sequence[BaseMessage]) -> AIMessage:
        number = sum(isinstance(message, AIMessage) for message in messages)
        if number >= len(self.script):
            raise InvalidStateError(
                f"a conversation that wants answer {number + 1}",
                f"at most {len(self.script)}, the lines of the script",
                "Write more lines, or see why the agent goes on.",
            )
        line = self.script[number]
        if callable(line):
            line = line(messages)
        said = AIMessage(content=line) if isinstance(line, str) else line
        if said.usage_metadata is not None:
            return said
        return said.model_copy(update={"usage_metadata": _usage(messages, said)})


def _usage(messages: Sequence[BaseMessage], said: AIMessage) -> UsageMetadata:
    read = sum(_tokens(str(message.content)) for message in messages)
    wrote = _tokens(str(said.content) + "".join(json.dumps(call["args"]) for call in said.tool_calls))
    return UsageMetadata(input_tokens=read, output_tokens=wrote, total_tokens=read + wrote)


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def _pieces(said: AIMessage) -> Iterator[AIMessageChunk]:
    """Yield a message in pieces as providers do: words, calls of tools, usage at the end."""
    if isinstance(said.content, str):
        for word in re.findall(r"\S+\s*|\s+", said.content):
            yield AIMessageChunk(content=word, id=said.id)
    else:
        yield AIMessageChunk(content=said.content, id=said.id)
    for index, call in enumerate(said.tool_calls):
        chunk = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        yield AIMessageChunk(content="", tool_call_chunks=[chunk], id=said.id)
    yield AIMessageChunk(content="", usage_metadata=said.usage_metadata, chunk_position="last", id=said.id)
