"""A clone in miniature, written for these tests: the same layout, three issues, and none of the benchmark's code."""

import json
import sys

import pytest

UTILS = """
import json

def load_file(path):
    return json.loads(path.read_text())
"""

ENVIRONMENT = """
from datetime import date
from types import SimpleNamespace as Some

class TelecomTools:
    def __init__(self, db):
        self.db = db

class TelecomUserTools(TelecomTools):
    pass

class TelecomEnvironment:
    def __init__(self, domain_name, policy, tools, user_tools):
        self.domain_name, self.tools, self.user_tools, self.solo_mode = domain_name, tools, user_tools, False

    def set_state(self, data, actions, messages):
        for name in actions:
            self.user_tools.db[name] = True

    def sync_tools(self):
        self.tools.db["synced"] = True

    def run_env_assertion(self, assertion, raise_assertion_error):
        return self.user_tools.db[assertion] is False

    def make_tool_call(self, tool, requestor, **arguments):
        phone = self.user_tools.db
        if tool == "toggle_airplane_mode":
            phone["airplane"] = not phone["airplane"]
        elif tool == "resume_line":
            assert arguments == {"customer_id": "C1", "line_id": "L2"}, arguments
            phone["suspended"] = False
        elif tool == "refuel_data":
            raise ValueError("no such plan")
        elif tool == "check_network_status":
            return f"Airplane Mode: {'on' if phone['airplane'] else 'off'}\\nno signal" * 1
        elif tool == "check_app_permissions":
            return "App has permission for: sms, network"
        elif tool == "get_customer_by_phone":
            return Some(customer_id="C1", line_ids=["L1", "L2"], account_status=Some(value="Active"))
        elif tool == "get_details_by_id":
            id = arguments["id"]
            status = "Suspended" if phone["suspended"] else "Active"
            return Some(
                line_id=id, phone_number="555-" + id[-1], status=Some(value=status), roaming_enabled=False,
                contract_end_date=date(2024, 1, 1) if phone["ended"] else None,
            )
        elif tool == "get_data_usage":
            return {"data_limit_gb": 5.0, "data_refueling_gb": 2.0, "data_used_gb": 3.0}
        elif tool == "get_bills_for_customer":
            return [Some(bill_id="B1", status=Some(value="Paid")), Some(bill_id="B2", status=Some(value="Overdue"))]
        elif tool.startswith(("check_", "can_", "run_")):
            return "Speed: 3.5 Mbps"
        return "done"

def get_environment(solo_mode=False):
    phone = {"airplane": False, "suspended": False, "ended": False}
    return TelecomEnvironment("telecom", "", TelecomTools({}), TelecomUserTools(phone))
"""

MANAGER = """
from types import SimpleNamespace as Some
from tau2.domains.telecom.environment import get_environment

FIX = {"airplane": ("toggle_airplane_mode", {}), "suspended": ("resume_line", {"customer_id": "C1", "line_id": "L2"})}

class Manager:
    def __init__(self, name, sets):
        self.name, self.selection_sets, self.task_validator = name, sets, None

    def create_task(self, composed, persona):
        assert get_environment().make_tool_call("noop", requestor="user") == "done"
        issues = composed.composed_from
        basis, plan = ["ENV_ASSERTION"], [Some(name=FIX[i][0], arguments=FIX[i][1]) for i in issues if i in FIX]
        if "ended" in issues:
            basis.append("ACTION")
            plan = [Some(name="transfer_to_human_agents", arguments={"summary": "sorry"})]
        return Some(
            ticket="No service. phone number: 555-2, current location: abroad.",
            initial_state=Some(initialization_data=None, initialization_actions=issues),
            evaluation_criteria=Some(
                reward_basis=[Some(value=name) for name in basis],
                env_assertions=[i for i in issues if i in FIX and "ended" not in issues],
                actions=plan,
            ),
        )
"""

COMPOSING = """
from types import SimpleNamespace as Some

def compose_tasks(sets, validator):
    return [Some(name="|".join(issues), composed_from=list(issues)) for issues in sets]
"""

SETS = {
    "mobile_data_issues": ("mobile_data_task_manager", "mobile", [["airplane", "suspended"], ["airplane"]]),
    "service_issues": ("service_issues_task_manager", "service", [["suspended"], ["ended"]]),
    "mms_issues": ("mms_issue_task_manager", "mms", [["airplane", "ended"], ["ended"]]),
}

TRAIN = ["[mobile]airplane|suspended[PERSONA:Easy]", "[service]ended[PERSONA:Easy]"]
TEST = ["[mobile]airplane[PERSONA:None]", "[service]suspended[PERSONA:None]"]
FREE = ["[mms]ended[PERSONA:None]"]


@pytest.fixture(autouse=True)
def _forgotten():
    yield
    for name in [name for name in sys.modules if name == "tau2" or name.startswith("tau2.")]:
        del sys.modules[name]


@pytest.fixture
def clone(tmp_path):
    """Return the root of the miniature."""
    root = tmp_path / "tau2-bench"
    domain, data = root / "src/tau2/domains/telecom", root / "data/tau2/domains/telecom"
    (domain / "tasks").mkdir(parents=True)
    data.mkdir(parents=True)
    for name in ("db.toml", "user_db.toml"):
        (data / name).write_text("")
    splits = {"train": TRAIN, "test": TEST, "base": TRAIN + TEST, "full": TRAIN + TEST + FREE}
    (data / "split_tasks.json").write_text(json.dumps(splits))
    (root / "src/tau2/__init__.py").write_text("raise RuntimeError('the hall must not be entered')")
    (root / "src/tau2/utils.py").write_text(UTILS)
    (domain / "environment.py").write_text(ENVIRONMENT)
    (domain / "tasks/manager.py").write_text(MANAGER)
    (domain / "tasks/utils.py").write_text(COMPOSING)
    (domain / "tasks/const.py").write_text('PERSONAS = {"None": "", "Easy": "", "Hard": ""}')
    for file, (variable, name, sets) in SETS.items():
        code = "from tau2.domains.telecom.tasks.manager import Manager\n"
        (domain / f"tasks/{file}.py").write_text(f"{code}{variable} = Manager({name!r}, {sets!r})\n")
    return root


@pytest.fixture
def office(clone):
    """Return the office of the miniature."""
    from agentic_diffusion_worlds.tau2 import Office, load

    return Office(load(clone))
