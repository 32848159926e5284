"""Types: what annotations, names and descriptions come to in those of the corpus."""

import ast

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.kinds import Kind, by_description, by_name, kind_of


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("list[int]", Kind("list[int]", sure=True)),
        ("List[int]", Kind("list[int]")),
        ("typing.Sequence[str]", Kind("list[str]")),
        ("Optional[tuple[int, ...]]", Kind("list[int]")),
        ("np.ndarray", Kind("list[int]")),
        ("Mapping[str, int] | None", Kind("dict[str, int]")),
        ("'list[str]'", Kind("list[str]")),
        ("list[list[int]]", Kind(None)),
        ("set[int]", Kind(None)),
        ("Thing", Kind(None)),
    ],
)
def test_annotations(annotation: str, kind: Kind) -> None:
    assert kind_of(ast.parse(annotation, mode="eval").body) == kind


def test_types_of_the_corpus_are_known() -> None:
    tasks = generate(seed=13)
    for _ in range(60):
        (function,) = ast.parse(next(tasks).signature + " pass").body
        assert isinstance(function, ast.FunctionDef)
        notes = [*(each.annotation for each in function.args.args), function.returns]
        assert all(kind_of(note).sure for note in notes)


def test_names_and_descriptions() -> None:
    assert (by_name("xs"), by_name("thing")) == ("list[int]", None)
    assert by_description("Count the words in a text") == "str"
    assert by_description("The longest of a list of words") == "list[str]"
    assert by_description("Says hello") is None
    assert kind_of(None) == Kind(None)
