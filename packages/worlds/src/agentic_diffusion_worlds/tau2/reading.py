"""What the reading tools of the telecom desk say, as facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

TODAY = date(2025, 2, 25)
"""The day that the benchmark's policy names as today."""

PLAIN = (
    "check_network_status",
    "check_network_mode_preference",
    "run_speed_test",
    "check_sim_status",
    "check_data_restriction_status",
    "check_apn_settings",
    "check_wifi_calling_status",
    "check_vpn_status",
    "can_send_mms",
    "check_payment_request",
)
"""Reading tools without arguments; each of their lines that reads `name: value` is a fact."""

APP = "messaging"

Read = Callable[..., Any]


def read_all(read: Read, ticket: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the facts that the ticket and all reading tools give, and the identifiers that calls need.

    Args:
        read: Calls a reading tool by name, with its arguments.
        ticket: The words of the ticket.
    """
    facts = {"location": _after("current location:", ticket)}
    for tool in PLAIN:
        facts |= lines(tool, str(read(tool)))
    granted = str(read("check_app_permissions", app_name=APP)).partition("has permission for:")[2]
    facts |= {f"permission {name}": str(name in granted) for name in ("sms", "storage", "phone", "network")}
    customer = read("get_customer_by_phone", phone_number=_after("phone number:", ticket))
    line = next(
        found
        for found in (read("get_details_by_id", id=name) for name in customer.line_ids)
        if found.phone_number == _after("phone number:", ticket)
    )
    usage = read("get_data_usage", customer_id=customer.customer_id, line_id=line.line_id)
    bills = read("get_bills_for_customer", customer_id=customer.customer_id)
    owed = [bill for bill in bills if bill.status.value == "Overdue"]
    facts |= _account(customer, line, usage)
    facts["bills"] = ", ".join(sorted({bill.status.value for bill in bills}))
    known = {"customer_id": customer.customer_id, "line_id": line.line_id}
    return facts, {**known, "bill_id": owed[0].bill_id if owed else "none"}


def lines(tool: str, said: str) -> dict[str, str]:
    """Return `name: value` lines of what a tool said as facts; what has another form is one fact as a whole."""
    found = {}
    for number, line in enumerate(said.splitlines()):
        name, colon, value = line.strip(" -").partition(":")
        if colon and len(name) < 40:
            found[f"{tool}.{name.strip()}"] = _plain(value)
        else:
            found[f"{tool}.{number}"] = _plain(line)
    return found


def _plain(text: str) -> str:
    """Return a text without its numbers of many kinds, so that equal states read equal."""
    return re.sub(r"\d+(\.\d+)? (Mbps|USD)|B\d+", "#", text.strip())


def _account(customer: Any, line: Any, usage: Mapping[str, Any]) -> dict[str, str]:
    room = usage["data_limit_gb"] + usage["data_refueling_gb"]
    ended = line.contract_end_date is not None and line.contract_end_date < TODAY
    return {
        "account": customer.account_status.value,
        "line": line.status.value,
        "line roaming": str(line.roaming_enabled),
        "contract": "ended" if ended else "running",
        "data": "used up" if usage["data_used_gb"] >= room else "left",
        "refuelled": f"{usage['data_refueling_gb']:.0f}",
    }


def _after(mark: str, text: str) -> str:
    """Return what stands after a mark, up to a comma or a full stop; empty where the mark is missing."""
    _, found, rest = text.partition(mark)
    return re.split(r"[,.](?: |$)", rest.strip())[0].strip() if found else ""
