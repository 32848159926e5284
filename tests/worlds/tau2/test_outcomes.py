"""From outcomes alone a planner for the miniature is found, every execution counts, and a changed tool is noticed."""

from agentic_diffusion_worlds.tau2 import Manner, Office, SelfTaught, driven, handled, load, practice
from agentic_diffusion_worlds.tau2.outcomes import issues_in

MANNER = Manner(first=6, steps=250, anew=60, level=1)


def test_it_solves_what_it_has_never_been_shown(clone):
    office = Office(load(clone))
    ids = office.ids()
    taught = SelfTaught(office, ids, seed=0, manner=MANNER)
    taught.practise(80)
    assert taught.plans == 80 == sum(taught.spent.values())
    assert taught.planner is not None
    solved = [case.success for case in handled(office, ids, driven(taught.planner))]
    assert sum(solved) >= len(ids) - 2
    assert all(
        situation.goal and set(left) <= set(taught.planner.domain.calls) for situation, left in taught.lessons
    )


def test_practice_keeps_the_base_tickets_out_and_counts_issues(clone):
    office = Office(load(clone))
    assert practice(office) == ("[mms]ended[PERSONA:None]",)
    assert issues_in("[mobile]airplane|suspended[PERSONA:Easy]") == 2


def test_a_call_that_changes_is_forgotten_with_its_lessons(clone):
    office = Office(load(clone))
    ids = ("[mobile]airplane[PERSONA:None]",)
    taught = SelfTaught(office, ids, seed=1, manner=MANNER)
    for _ in range(6):
        taught._execute(ids[0], ("toggle_airplane_mode",))
    found = taught._execute(ids[0], ("toggle_airplane_mode",))
    assert found.success
    taught._lessons(found)
    taught.twist = lambda call: "toggle_wifi" if call == "toggle_airplane_mode" else call
    for _ in range(5):
        taught._execute(ids[0], ("toggle_airplane_mode",))
    assert taught.changed == ["toggle_airplane_mode"]
    assert all("toggle_airplane_mode" not in left for _, left in taught.lessons)
