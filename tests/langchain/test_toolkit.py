"""The toolkit gives a planning tool, and a reporting tool where somebody learns."""

from langchain_agentic_diffusion import DiffusionPlanTool, DiffusionToolkit, ReportOutcomeTool


def test_a_planner_that_does_not_learn_gets_no_reports(cook):
    plan = DiffusionPlanTool(planner=cook.Cook(), args_schema=cook.Wish)
    assert DiffusionToolkit(plan_tool=plan).get_tools() == [plan]


def test_a_planner_that_learns_is_told(cook):
    planner = cook.LearningCook()
    plan = DiffusionPlanTool(planner=planner, args_schema=cook.Wish, handle_tool_error=True)
    made, report = DiffusionToolkit(plan_tool=plan, trust=0.25).get_tools()
    assert made is plan
    assert isinstance(report, ReportOutcomeTool)
    assert report.handle_tool_error is True
    name = made.invoke({"goal": "a cake"}).split()[1].rstrip(":")
    report.invoke({"plan": name, "reward": 1.0})
    (told,) = planner.told
    assert (told.request, told.reward, told.trust) == (cook.Wish(goal="a cake"), 1.0, 0.25)


def test_another_learner_may_be_told(cook, notebook):
    plan = DiffusionPlanTool(planner=cook.LearningCook(), args_schema=cook.Wish)
    _, report = DiffusionToolkit(plan_tool=plan, learns=notebook).get_tools()
    assert report.learns is notebook
    assert report.shelf is plan.shelf
