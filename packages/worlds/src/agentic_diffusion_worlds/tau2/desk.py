"""The telecom desk as a place to act in: structured reading, calls with arguments filled in, official judgement."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, final

from agentic_diffusion.errors import InvalidStateError
from agentic_diffusion.records import Outcome, Plan

from agentic_diffusion_worlds.acting.situation import Call, Calls, Result, Situation
from agentic_diffusion_worlds.tau2.reading import read_all
from agentic_diffusion_worlds.tau2.tickets import Office, Ticket

log = logging.getLogger(__name__)

TRANSFER = "transfer_to_human_agents"

Arguments = Mapping[str, Any]

_LINE = ("customer_id", "line_id")
_MODES = ("4g_5g_preferred", "4g_only", "3g_only", "2g_only")
_PERMISSIONS = ("sms", "storage", "phone", "network")

GROUND: Mapping[str, tuple[str, Arguments, tuple[str, ...]]] = {
    TRANSFER: (TRANSFER, {"summary": "This cannot be solved with the tools at hand."}, ()),
    **{name: (name, {}, _LINE) for name in ("enable_roaming", "disable_roaming", "resume_line")},
    "suspend_line": ("suspend_line", {"reason": "asked for"}, _LINE),
    "refuel_data 2.0": ("refuel_data", {"gb_amount": 2.0}, _LINE),
    "send_payment_request": ("send_payment_request", {}, ("customer_id", "bill_id")),
    **{
        name: (name, {}, ())
        for name in (
            "make_payment",
            "toggle_airplane_mode",
            "toggle_data",
            "toggle_roaming",
            "toggle_data_saver_mode",
            "toggle_wifi",
            "toggle_wifi_calling",
            "connect_vpn",
            "disconnect_vpn",
            "reseat_sim_card",
            "reset_apn_settings",
            "reboot_device",
        )
    },
    **{f"set_network_mode {mode}": ("set_network_mode_preference", {"mode": mode}, ()) for mode in _MODES},
    **{
        f"grant {name}": ("grant_app_permission", {"app_name": "messaging", "permission": name}, ())
        for name in _PERMISSIONS
    },
}
"""Every acting tool with its arguments: the tool, what is fixed, and which identifiers are read from the account.

Left out is `set_apn_settings`, whose argument is free-form. The amount is the one that the tickets name.
"""

CALLS: Calls = tuple(GROUND)
"""The calls that change something at the desk."""

Twist = Callable[[str], str]
"""What a call does when it is made: the name of a call, often its own."""


def same(call: str) -> str:
    """Let every call do what its name says."""
    return call


@final
class Desk:
    """One ticket under way; a `Place` for `pursue`.

    A plan without calls says that nothing is left to do; it ends the ticket, and so does a transfer.

    Args:
        office: Where tickets come from.
        ticket: The ticket.
        twist: What calls do; used to change the behaviour of tools.
    """

    def __init__(self, office: Office, ticket: Ticket, *, twist: Twist = same) -> None:
        self.ticket = ticket
        self.made: list[Call] = []
        self._twist = twist
        self._over = False
        self._env = office.opened(ticket)
        self._known: Mapping[str, str] = {}

    @property
    def over(self) -> bool:
        """Whether the ticket was transferred or declared done."""
        return self._over

    def observe(self) -> Situation:
        """Return what the ticket and all reading tools say."""
        facts, self._known = read_all(self._read, self.ticket.task.ticket)
        return Situation(
            goal=(self.ticket.task.ticket.split(".")[0],),
            facts=facts,
            tried={call.name: call.result for call in self.made},
        )

    def call(self, name: str) -> Call:
        """Make one call; one that raises in the benchmark has failed.

        Raises:
            InvalidStateError: There is no such call.
        """
        if name not in GROUND:
            raise InvalidStateError(f"the call {name!r}", f"one of {len(GROUND)} calls", "See desk.GROUND.")
        tool, fixed, read = GROUND[self._twist(name)]
        if not self._known:
            self.observe()
        arguments = {**fixed, **{key: self._known[key] for key in read}}
        result: Result = "ok"
        try:
            self._env.make_tool_call(tool, requestor="assistant", **arguments)
            self._env.sync_tools()
        except ValueError as error:
            log.debug("%s: %s", tool, error)
            result = "failed"
        self._over = self._over or tool == TRANSFER
        self.made.append(Call(name=name, result=result))
        return self.made[-1]

    def act(self, plan: Plan[Situation, Calls]) -> Outcome[Situation, Calls]:
        """Make the calls of a plan; what they were worth is told by `verdict`, so the reward is still 0."""
        calls = plan.chosen.value
        self._over = self._over or not calls
        made = self.run(calls)
        return Outcome[Situation, Calls](
            request=plan.request,
            value=tuple(call.name for call in made),
            reward=0.0,
            evidence={"calls": [call.model_dump(mode="json") for call in made]},
            source="tau2-bench telecom",
            plan_seed=plan.seed,
        )

    def run(self, calls: Sequence[str]) -> list[Call]:
        """Make calls one after the other until the ticket is over."""
        made = []
        for name in calls:
            if self._over:
                break
            made.append(self.call(name))
        return made

    def verdict(self) -> float:
        """Return the benchmark's own reward, 0 or 1: all assertions hold, and demanded actions were made.

        The judgement is made on a copy, so that it may be asked for at any time.
        """
        criteria = self.ticket.task.evaluation_criteria
        basis = {each.value for each in criteria.reward_basis}
        env = deepcopy(self._env)
        held = all(env.run_env_assertion(a, raise_assertion_error=False) for a in criteria.env_assertions)
        made = {GROUND[self._twist(call.name)][0] for call in self.made}
        asked = {action.name for action in criteria.actions} if "ACTION" in basis else set()
        return float(held and asked <= made)

    def _read(self, tool: str, **arguments: Any) -> Any:
        return self._env.make_tool_call(tool, requestor="assistant", **arguments)
