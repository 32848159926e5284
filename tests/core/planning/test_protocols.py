"""What integrations see of planning is there, and found where it was before."""

from agentic_diffusion.planning import planner, protocols


def test_planners_are_known_by_what_they_do(maker) -> None:
    made = maker()
    assert isinstance(made, protocols.Plans)
    assert isinstance(made, protocols.PlansMany)
    assert not isinstance(made, protocols.Learns)
    assert isinstance(made.domain, protocols.Domain)
    assert not isinstance(object(), protocols.PlansMany)


def test_they_are_found_beside_the_planner_too() -> None:
    for name in ("Domain", "Learns", "Plans", "PlansMany"):
        assert getattr(planner, name) is getattr(protocols, name)
