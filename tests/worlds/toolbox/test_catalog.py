"""The catalogue agrees with the facts it speaks of."""

from agentic_diffusion_worlds.toolbox.catalog import ACTING, BY_NAME, CATALOG, CONTEXT, FACTS, READING, RIVALS


def test_tools_speak_of_facts_that_exist():
    assert len(BY_NAME) == len(CATALOG) == 42
    for tool in CATALOG:
        assert set(tool.reads) <= set(FACTS)
        for name, value in [*tool.needs.items(), *tool.sets.items()]:
            assert value in FACTS[name], tool.name


def test_tools_read_or_act():
    assert not {tool.name for tool in READING} & {tool.name for tool in ACTING}
    assert len(READING) + len(ACTING) == len(CATALOG)
    assert {fact for tool in READING for fact in tool.reads} == set(FACTS)


def test_rivals_do_the_same_and_nothing_changes_what_decides_between_them():
    for fact, one, two in RIVALS:
        assert fact in CONTEXT
        assert (BY_NAME[one].sets, BY_NAME[one].needs) == (BY_NAME[two].sets, BY_NAME[two].needs)
    assert not any(fact in tool.sets for tool in CATALOG for fact in CONTEXT)
