"""A chat model of LangChain writes and mends; its programs are judged like any other."""

import builtins
import runpy

import pytest
from agentic_diffusion.errors import MissingExtraError
from agentic_diffusion_code.backends.server import ServerError
from agentic_diffusion_code.coder import Coder
from agentic_diffusion_code.domain import asked
from agentic_diffusion_code.sandbox import ProcessSandbox
from agentic_diffusion_code.writes import Writes
from langchain_agentic_diffusion import ChatWriter, chatting
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult

WRONG = "Here:\n```python\ndef f(x):\n    return x\n```"
RIGHT = [{"type": "text", "text": "```python\ndef f(x):\n    return 2 * x\n```"}]
REQUEST = asked("doubles a number", ["f(2) == 4"], signature="def f(x):")


class Chats(BaseChatModel):
    """Says these answers one after the other, and notes what it was told and how."""

    answers: list
    heard: list
    keywords: list

    @property
    def _llm_type(self):
        return "chats"

    def _generate(self, messages, stop=None, run_manager=None, **more):
        self.heard.append(messages[-1].text)
        self.keywords.append(more)
        usage = {"input_tokens": 1, "output_tokens": 7, "total_tokens": 8}
        said = AIMessage(content=self.answers.pop(0), usage_metadata=usage)
        return ChatResult(generations=[ChatGeneration(message=said)])


def test_a_chat_model_writes_and_mends():
    model = Chats(answers=[WRONG, RIGHT], heard=[], keywords=[])
    writer = ChatWriter(model)
    assert isinstance(writer, Writes)
    with ProcessSandbox() as fence:
        plan = Coder(writer, fence, count=0, rounds=1).plan(REQUEST)
    assert plan.chosen.value.source == "def f(x):\n    return 2 * x\n"
    assert plan.chosen.verdict.evidence["repairs"] == 1
    assert plan.chosen.verdict.evidence["tokens"] == 14
    assert "def f(x):" in model.heard[0]
    assert "4 is wanted" in model.heard[1]
    assert model.keywords == [{"temperature": 0.0}, {"temperature": chatting.AGAIN}]


def test_several_are_asked_for_and_a_temperature_may_be_kept_back():
    model = Chats(answers=[WRONG, RIGHT, WRONG], heard=[], keywords=[])
    writer = ChatWriter(model, tempered=False)
    (sketch,) = writer.write(REQUEST, count=2, seed=0, temperature=0.8)
    assert sketch.done
    assert len(sketch.sources) == 2
    (varied,) = writer.vary(REQUEST, "def g(): pass", share=0.5, count=1, seed=0)
    assert "def g(): pass" in model.heard[-1]
    assert len(varied.sources) == 1
    assert model.keywords == [{}] * 3
    assert writer.sure(REQUEST, "") is None


def test_what_a_provider_raises_is_told_as_the_error_of_a_model_server():
    writer = ChatWriter(Chats(answers=[], heard=[], keywords=[]))
    with pytest.raises(ServerError, match="IndexError: pop from empty list") as caught:
        list(writer.write(REQUEST, count=1, seed=0, temperature=0.0))
    assert isinstance(caught.value.__cause__, IndexError)


def test_the_extra_is_named(monkeypatch):
    real = builtins.__import__

    def none(name, *rest, **more):
        if name.startswith("agentic_diffusion_code"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", none)
    with pytest.raises(MissingExtraError, match=r"\[code\]"):
        runpy.run_path(chatting.__file__)
