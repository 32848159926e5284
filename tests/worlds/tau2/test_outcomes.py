"""From outcomes alone a planner for the miniature is found, every execution counts, and a changed tool is noticed."""

from types import SimpleNamespace

from agentic_diffusion_worlds.tau2 import Manner, Office, SelfTaught, driven, handled, load
from agentic_diffusion_worlds.tau2.attempts import Attempt
from agentic_diffusion_worlds.tau2.desk import TRANSFER

ALONE = "[mobile]airplane[PERSONA:None]"
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


def test_a_call_that_changes_is_forgotten_with_its_lessons(clone):
    office = Office(load(clone))
    ids = ("[mobile]airplane|suspended[PERSONA:Easy]",)
    taught = SelfTaught(office, ids, seed=1, manner=MANNER)
    for _ in range(6):
        found = taught._execute(ids[0], ("toggle_airplane_mode", "resume_line"))
    assert found.success
    taught._lessons(found)
    taught.twist = lambda call: "resume_line" if call == "toggle_airplane_mode" else call
    for _ in range(3):
        taught._execute(ids[0], ("toggle_airplane_mode",))
    assert taught.changed == ["toggle_airplane_mode"]
    assert all("toggle_airplane_mode" not in left for _, left in taught.lessons)


class Stub:
    """A planner that makes some calls while airplane mode is on."""

    def __init__(self, *calls):
        self.calls = calls

    def plan(self, now, *, seed):
        on = now.facts["check_network_status.Airplane Mode"] == "on"
        return SimpleNamespace(chosen=SimpleNamespace(value=self.calls if on else ()))


def test_a_planner_that_solves_fewer_of_the_latest_tickets_is_not_kept(clone):
    taught = SelfTaught(Office(load(clone)), [ALONE], seed=0, manner=Manner(first=1, steps=3, imagined=0))
    taught.planner = Stub("toggle_airplane_mode")
    taught._recent.extend([(ALONE, True), (ALONE, False)])
    assert not taught._worse(most=100)
    assert list(taught._recent) == [(ALONE, True)] * 2
    taught.planner = Stub()
    assert not taught._worse(most=taught.plans)  # no plan is left for a trial
    taught._recent.append((ALONE, True))
    assert taught._worse(most=100)
    assert taught.plans == 3


def test_the_planner_before_stays_where_a_new_one_did_worse(clone, monkeypatch):
    taught = SelfTaught(Office(load(clone)), [ALONE], seed=0, manner=Manner(first=1, steps=3, imagined=0))
    taught._lessons(taught._execute(ALONE, ("toggle_airplane_mode",)))
    taught._train(100)
    kept = taught.planner
    assert kept is not None
    monkeypatch.setattr(taught, "_worse", lambda most: True)
    taught._train(100)
    assert taught.planner is kept
    assert taught.rejected == 1


def test_what_is_new_at_an_end_that_was_none_is_odd_from_then_on(clone):
    taught = SelfTaught(Office(load(clone)), [ALONE], seed=0, manner=MANNER)
    begun = taught._desk(ALONE)[1]
    good, wrong = (
        begun.model_copy(update={"facts": {**begun.facts, "bill": word}}) for word in ("paid", "asked for")
    )
    taught.knowledge.went_well(good)
    handed = Attempt((TRANSFER,), (begun, wrong), False)
    taught._wronged(handed)
    assert taught.knowledge.odd(wrong) == set()  # a transfer says nothing of how things are
    taught._wronged(Attempt(("wait",), (begun, wrong), False))
    assert taught.knowledge.odd(wrong) == {"bill"}
    assert taught.knowledge.odd(good) == set()
