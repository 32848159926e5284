"""Models read the steps of a plan, and what speaks for it and against it."""

import runpy
from pathlib import Path

from agentic_diffusion.planning.domains.toolplan import ToolPlan, chain
from agentic_diffusion.records import Given, Open, PlanStep, Quoted, Result, Verdict
from langchain_agentic_diffusion.saying import LIMIT, describe, evidence

HOUSE = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
Cook, Wish, Recipe, Step = (HOUSE[n] for n in ("Cook", "Wish", "Recipe", "Step"))


def test_values_of_every_kind_are_described():
    assert describe(Recipe()) == "No step is needed."
    assert describe(Recipe(steps=(Step(tool="mix"), Step(tool="bake")))) == "1. mix\n2. bake"
    step = PlanStep(
        tool="send",
        arguments={
            "a": Given(value=1),
            "b": Quoted(text="x"),
            "c": Result(step=0, key="k"),
            "d": Result(step=1),
            "e": Open(),
        },
    )
    told = '{"a": 1, "b": "x", "c": "<k of step 1>", "d": "<result of step 2>", "e": "<to be filled in>"}'
    assert describe(ToolPlan(steps=(step,))) == f"1. send {told}"
    assert describe(Wish(goal="é")) == '{"goal": "é", "hurry": false}'
    assert describe({"steps": 3}) == '{"steps": 3}'
    long = describe("x" * 5000)
    assert long.endswith("... (5002 characters in all)")
    assert len(long) < LIMIT + 50


def test_what_is_done_is_marked():
    value = chain("look", "bake").model_copy(update={"done": 1})
    assert describe(value) == "1. look (done)\n2. bake"


def test_what_speaks_for_a_plan_and_against_it():
    plan = Cook().plan(Wish(goal="a cake"))
    assert evidence(plan, "p").startswith(
        "Plan p: meets the requirements, confidence 0.50, score 1, best of 1, "
    )
    assert "the planner advises against it" in evidence(plan.model_copy(update={"abstained": True}), "p")
    near, far = (evidence(plan.model_copy(update={"unfamiliar": told}), "p") for told in (0.9, 1.25))
    assert "unlike" not in near
    assert "the request is unlike what the planner has seen (distance 1.25), confidence" in far
    verdict = Verdict(passed=False, score=0.0, evidence={"faults": ["it calls nothing", "x"]})
    failed = plan.model_copy(update={"chosen": plan.chosen.model_copy(update={"verdict": verdict})})
    assert "DOES NOT meet (it calls nothing; x) the requirements" in evidence(failed, "p")
