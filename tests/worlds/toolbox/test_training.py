"""A planner that has read the manual plans by it."""

from agentic_diffusion.denoising.train import Recipe
from agentic_diffusion_worlds.acting.planner import Design
from agentic_diffusion_worlds.toolbox.simulate import Case
from agentic_diffusion_worlds.toolbox.training import lessons, read_manual


def test_a_short_reading_is_enough_for_a_simple_case(bench):
    known = lessons(150, seed=0)
    assert len({lesson.id for lesson in known}) == len(known)
    recipe = Recipe(steps=120, learning_rate=1e-2, warmup=5, average=0.9)
    planner = read_manual(known, recipe=recipe, design=Design(width=16, count=4))
    case = Case(bench.task("files.lock=free", start={"files.lock": "held"}), bench.sure)
    assert set(planner.plan(case.observe()).chosen.value) <= set(planner.domain.calls)
    right = sum(planner.plan(lesson.request).chosen.value == lesson.value for lesson in known[:40])
    untaught = read_manual(known, recipe=Recipe(steps=1), design=Design(width=16, count=4))
    assert right > 4 + sum(untaught.plan(k.request).chosen.value == k.value for k in known[:40])
