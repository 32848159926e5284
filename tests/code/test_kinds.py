"""Types: what annotations, names and descriptions come to in those of the corpus."""

import ast

import pytest
from agentic_diffusion_code.corpus import generate
from agentic_diffusion_code.kinds import Kind, answer_of, by_description, by_name, fits, kept, kind_of


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("list[int]", Kind("list[int]", sure=True)),
        ("List[int]", Kind("list[int]")),
        ("typing.Sequence[str]", Kind("list[str]")),
        ("Optional[tuple[int, ...]]", Kind("list[int]")),
        ("tuple[int, int]", Kind("list[int]")),
        ("tuple[int, str]", Kind(None)),
        ("Iterator[int]", Kind(None)),
        ("Counter", Kind("dict[str, int]")),
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


def noted(annotation: str) -> ast.expr:
    return ast.parse(annotation, mode="eval").body


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        ("list[int]", Kind("list[int]", sure=True)),
        ("Optional[Sequence[int]]", Kind("list[int]")),
        ("'Iterable[str]'", Kind("list[str]")),
        ("Mapping[str, Collection[int]]", Kind("dict[str, list[int]]")),
        ("Number", Kind("int")),
        *(
            (said, Kind(None))
            for said in ("tuple[int, ...]", "Iterator[int]", "np.ndarray", "Counter", "set[int]")
        ),
        *((said, Kind(None)) for said in ("dict[str, tuple[int, ...]]", "OrderedDict[str, int]")),
    ],
)
def test_an_answer_is_only_what_a_list_or_a_dictionary_is(annotation: str, kind: Kind) -> None:
    assert answer_of(noted(annotation)) == kind


def test_what_can_be_answered() -> None:
    for said in (
        "int | float",
        "Any",
        "list",
        "'Sequence'",
        "list[float]",
        "Union[str, Thing]",
        "Iterable[int]",
    ):
        assert kept(noted(said)), said
    for said in (
        "tuple",
        "set[int]",
        "Iterator[int]",
        "Counter",
        "None",
        "T",
        "list[list[int]]",
        "list[T]",
        "'1 +'",
    ):
        assert not kept(noted(said)), said
    assert kept(None)


def test_a_type_is_guessed_only_where_none_was_said() -> None:
    assert fits(None, "str")
    assert fits(noted("list"), "list[int]")
    assert fits(noted("typing.Any"), "int")
    for said in ("list", "set[int]", "bytes", "Fraction", "list[list[int]]"):
        assert not fits(noted(said), "str")


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
