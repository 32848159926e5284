"""What agents ask becomes a request, or an error that says what to do."""

import pytest
from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion_code.asking import CodeAsk
from agentic_diffusion_code.sandbox import Limits
from pydantic import ValidationError


def test_fields_of_json_become_a_request() -> None:
    ask = CodeAsk.model_validate({"description": "doubles a number", "examples": ["f(2) == 4"]})
    request = ask.request(Limits(wall_seconds=3))
    assert (request.entry, request.language, request.limits.wall_seconds) == ("f", "python", 3)
    assert request.tests[0].expected == 4


def test_nonsense_is_refused() -> None:
    with pytest.raises(InvalidStateError, match="Say what"):
        CodeAsk(description="  ").request()
    with pytest.raises(InvalidStateError, match="a call with plain values"):
        CodeAsk(description="a", examples=("nonsense",)).request()
    for fields in (
        {"description": ""},
        {"description": "a", "language": "cobol"},
        {"description": "a", "examples": ["f(1) == 1"] * 65},
        {"description": "a", "limits": {"wall_seconds": 900}},
    ):
        with pytest.raises(ValidationError):
            CodeAsk.model_validate(fields)


def test_the_schema_tells_a_model_what_to_give() -> None:
    schema = CodeAsk.model_json_schema()
    assert schema["required"] == ["description"]
    assert all("description" in field for field in schema["properties"].values())
