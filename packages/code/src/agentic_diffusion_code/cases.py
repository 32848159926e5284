"""What a program is asked to do and how it will be tested: data, checked before anything runs."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from agentic_diffusion.errors import AgenticDiffusionError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_serializer,
    field_validator,
    model_validator,
)
from pydantic_core.core_schema import ValidationInfo

from .sandbox.base import MAX_SOURCE_BYTES
from .sandbox.inside import wire
from .sandbox.validate import clean_entry, clean_source, hidden_characters

MAX_CASES = 256
MAX_CASE_TEXT = 64 * 1024
_EXCEPTION = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}", re.ASCII)

LanguageName = Literal["python", "javascript", "typescript", "java", "go", "rust", "c"]


class InvalidTaskError(AgenticDiffusionError, ValueError):
    """A task, a case or a name that cannot be accepted as data."""


def _entry(value: str) -> str:
    name, trouble = clean_entry(value)
    if trouble is not None:
        raise ValueError(trouble)
    return name


def _code(value: str) -> str:
    text, trouble = clean_source(value)
    hidden = hidden_characters(text)
    if trouble is not None or hidden is not None:
        raise ValueError(trouble or f"a character that readers do not see: {hidden}")
    return text


def _prose(value: str) -> str:
    hidden = hidden_characters(value)
    if hidden is not None:
        raise ValueError(f"a character that readers do not see: {hidden}")
    return str.__str__(value)


Identifier = Annotated[str, AfterValidator(_entry)]
"""The name of a function: ASCII, no keyword, nothing special."""

Code = Annotated[str, StringConstraints(max_length=MAX_SOURCE_BYTES), AfterValidator(_code)]
"""Program text without characters that hide from a reader."""

Prose = Annotated[str, StringConstraints(max_length=8000), AfterValidator(_prose)]
"""A description: shown to people and models, never run and never obeyed."""

_CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class Raises(BaseModel):
    """The expectation that a call raises.

    Args:
        type: The name of the exception, as `ValueError` or `json.decoder.JSONDecodeError`.
        message: Text that its message must hold.
    """

    model_config = _CONFIG

    type: Annotated[str, Field(pattern=f"^(?:{_EXCEPTION.pattern})$")]
    message: Annotated[str, Field(max_length=1000)] = ""


class Case(BaseModel):
    """One call and what it must return.

    Args:
        arguments: Plain data for the parameters.
        expected: Plain data of exactly the type that is wanted, or `Raises`.
        tolerance: How far a float may lie off, relative or absolute; 0 is exactly.
    """

    model_config = _CONFIG

    arguments: tuple[Any, ...] = ()
    expected: Any = None
    tolerance: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1e-9

    @field_validator("arguments", "expected", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, Raises):
            return value
        if info.mode == "json":
            if isinstance(value, dict) and set(value) == {"raises"}:
                return Raises.model_validate(value["raises"])
            value = wire.untag(value)
        if info.field_name == "arguments" and isinstance(value, list):
            value = tuple(value)
        if len(wire.encode(value)) > MAX_CASE_TEXT:
            raise ValueError(f"more than {MAX_CASE_TEXT} characters")
        return value

    @field_serializer("arguments", "expected", when_used="json")
    def _tagged(self, value: Any) -> Any:
        if isinstance(value, Raises):
            return {"raises": value.model_dump()}
        return wire.tag(value)


class ProgramCase(BaseModel):
    """One run of a whole program: what it reads and what it must print.

    Args:
        stdin: What it reads.
        stdout: What it must print; spaces at line ends and empty lines at the end do not count.
        exit_code: What it must end with.
    """

    model_config = _CONFIG

    stdin: Annotated[str, Field(max_length=MAX_CASE_TEXT)] = ""
    stdout: Annotated[str, Field(max_length=MAX_CASE_TEXT)] = ""
    exit_code: Annotated[int, Field(ge=0, le=255)] = 0


class Check(BaseModel):
    """A test written as Python: it defines `check(candidate)` and runs apart from the program."""

    model_config = _CONFIG

    test: Code


class Task(BaseModel):
    """What a program must do.

    Args:
        description: What people and models read; nothing in it changes how a program is judged.
        entry: The function that cases and checks call.
        language: The language of the program.
        tests: How it will be judged.
    """

    model_config = _CONFIG

    description: Prose = ""
    entry: Identifier = "solve"
    language: LanguageName = "python"
    tests: Annotated[tuple[Case | ProgramCase | Check, ...], Field(min_length=1, max_length=MAX_CASES)]

    @model_validator(mode="before")
    @classmethod
    def _as_tuple(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("tests"), list):
            return {**data, "tests": tuple(data["tests"])}
        return data
