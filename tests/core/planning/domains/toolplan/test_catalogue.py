"""Catalogues: tokens, links and facts; ambiguous ones are refused."""

from inspect import unwrap  # types are checked by the tests before the code can
from types import SimpleNamespace

import pytest
from agentic_diffusion.errors import InvalidConfigError, InvalidStateError
from agentic_diffusion.planning.domains.toolplan.catalogue import TOOL_LIMIT, Catalogue
from agentic_diffusion.records import ToolSpec


def test_tools_come_first_then_stop_then_mask(catalogue) -> None:
    assert len(catalogue) == 4
    assert (catalogue.stop, catalogue.mask, catalogue.vocabulary) == (4, 5, 6)
    assert catalogue.token("book_flight") == 1
    with pytest.raises(InvalidStateError, match="'fly'"):
        catalogue.token("fly")


def test_facts_are_those_that_some_tool_needs(catalogue) -> None:
    assert dict(catalogue.facts) == {"flight_id": 0}
    assert catalogue.needs.tolist() == [[False], [True], [False], [False], [False]]
    assert catalogue.gives.tolist() == [[True], [False], [False], [False], [False]]
    assert catalogue.once.tolist() == [True, True, False, True, False]


def test_links_say_what_may_follow(tools) -> None:
    linked = Catalogue.of(tools, links=[("search_flights", "book_flight")])
    assert linked.follows is not None
    assert linked.follows[0].tolist() == [False, True, False, False, True]
    assert linked.follows[4].tolist() == [False, False, False, False, True]
    assert Catalogue.of(tools).follows is None


def test_ambiguous_catalogues_are_refused(tools) -> None:
    with pytest.raises(InvalidConfigError, match="more than one tool of the name 'send_email'"):
        Catalogue.of((*tools, tools[2]))
    with pytest.raises(InvalidConfigError, match="links with 'fly'"):
        Catalogue.of(tools, links=[("fly", "send_email")])
    with pytest.raises(InvalidConfigError, match="0 tools"):
        Catalogue.of(())
    with pytest.raises(InvalidConfigError):
        Catalogue.of([ToolSpec(name=f"t{i}") for i in range(TOOL_LIMIT + 1)])
    with pytest.raises(InvalidConfigError, match=r"a dict among the tools.*tool_specs"):
        unwrap(Catalogue.__post_init__)(SimpleNamespace(tools=(*tools, {"name": "t"})))
