"""The tools of the toolbox: what each reads, needs and changes, and what it costs; four families and a way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, final

Facts: TypeAlias = Mapping[str, str]

FACTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "device.power": ("off", "on"),
        "device.model": ("alpha", "beta"),
        "device.cache": ("full", "clean"),
        "device.firmware": ("old", "new"),
        "device.pairing": ("lost", "paired"),
        "account.state": ("locked", "suspended", "active", "closed"),
        "account.region": ("north", "south"),
        "account.verified": ("no", "yes"),
        "account.balance": ("due", "clear"),
        "account.plan": ("basic", "full"),
        "files.store": ("disk", "tape"),
        "files.lock": ("held", "free"),
        "files.copy": ("missing", "present"),
        "files.index": ("stale", "fresh"),
        "files.share": ("private", "shared"),
        "order.stage": ("open", "packed", "shipped", "cancelled"),
        "order.zone": ("city", "rural"),
        "order.address": ("wrong", "right"),
        "order.stock": ("out", "in"),
        "order.paid": ("no", "yes"),
    }
)
"""Every fact of the hidden state with its values."""

CONTEXT = ("device.model", "account.region", "files.store", "order.zone")
"""Facts that no tool changes, and on which it depends which of two tools can be trusted."""


@final
@dataclass(frozen=True)
class Tool:
    """One executable tool.

    Args:
        name: What it is called by.
        family: The first word of the facts it deals with.
        text: What its documentation says.
        reads: Facts it returns when it succeeds; a tool with these alone changes nothing.
        needs: What must hold, or it refuses.
        sets: What holds after it succeeds.
        milliseconds: How long a call takes, counted and not waited for.
        cost: What a call costs.
    """

    name: str
    family: str
    text: str
    reads: tuple[str, ...] = ()
    needs: Facts = field(default_factory=dict)
    sets: Facts = field(default_factory=dict)
    milliseconds: float = 40.0
    cost: float = 0.01

    @property
    def acts(self) -> bool:
        """Whether it changes anything."""
        return bool(self.sets)


HAND_OVER = Tool(
    "hand_over", "desk", "Give the case to a person; nothing else can be done after it.", cost=0.0
)


def _read(name: str, text: str, *reads: str, **needs: str) -> Tool:
    family = reads[0].split(".")[0]
    return Tool(name, family, text, reads=reads, needs=_facts(family, needs), milliseconds=15.0, cost=0.0)


def _act(name: str, text: str, sets: str, **needs: str) -> Tool:
    changed = dict(part.split("=") for part in sets.split())
    family = next(iter(changed)).split(".")[0]
    return Tool(name, family, text, needs=_facts(family, needs), sets=changed)


def _facts(family: str, needs: Facts) -> Facts:
    return {f"{family}.{name}": value for name, value in needs.items()}


CATALOG: tuple[Tool, ...] = (
    _read("device_status", "Power and model.", "device.power", "device.model"),
    _read("device_diagnose", "Self-test.", "device.cache", "device.firmware", "device.pairing", power="on"),
    _act("device_power_on", "Switch it on.", "device.power=on"),
    _act("device_clear_quick", "Empty the cache in place.", "device.cache=clean", power="on"),
    _act("device_clear_deep", "Empty the cache after a scan.", "device.cache=clean", power="on"),
    _act("device_update_air", "Update by radio.", "device.firmware=new", power="on", cache="clean"),
    _act("device_update_cable", "Update by cable.", "device.firmware=new", power="on", cache="clean"),
    _act("device_pair_code", "Pair with a code.", "device.pairing=paired", power="on", firmware="new"),
    _act("device_pair_scan", "Pair with a scan.", "device.pairing=paired", power="on", firmware="new"),
    _act("device_wipe", "Back to the factory.", "device.firmware=old device.pairing=lost device.cache=clean"),
    _read("account_status", "State, region.", "account.state", "account.region", "account.verified"),
    _read("account_billing", "Balance and plan.", "account.balance", "account.plan"),
    _act("account_verify_mail", "Verify by mail.", "account.verified=yes"),
    _act("account_verify_phone", "Verify by phone.", "account.verified=yes"),
    _act("account_unlock", "Lift a lock.", "account.state=active", verified="yes", state="locked"),
    _act("account_charge_card", "Charge the card.", "account.balance=clear", verified="yes"),
    _act("account_charge_bank", "Charge the bank.", "account.balance=clear", verified="yes"),
    _act("account_resume", "End a suspension.", "account.state=active", balance="clear", state="suspended"),
    _act("account_upgrade", "The full plan.", "account.plan=full", state="active", balance="clear"),
    _act("account_close", "Close it for good.", "account.state=closed"),
    _read("files_list", "Store, lock, copy.", "files.store", "files.lock", "files.copy"),
    _read("files_inspect", "Index and shares.", "files.index", "files.share"),
    _act("files_release_soft", "Ask the holder of the lock.", "files.lock=free"),
    _act("files_release_hard", "Break the lock.", "files.lock=free"),
    _act("files_restore_snapshot", "From a snapshot.", "files.copy=present files.index=stale", lock="free"),
    _act("files_restore_archive", "From the archive.", "files.copy=present files.index=stale", lock="free"),
    _act("files_index_full", "Index everything.", "files.index=fresh", copy="present"),
    _act("files_index_delta", "Index what changed.", "files.index=fresh", copy="present"),
    _act("files_share", "Share the file.", "files.share=shared", index="fresh"),
    _act("files_delete", "Delete the file.", "files.copy=missing files.index=stale"),
    _read("order_status", "Stage, zone, payment.", "order.stage", "order.zone", "order.paid"),
    _read("order_details", "Address and stock.", "order.address", "order.stock"),
    _act("order_fix_address", "Correct the address.", "order.address=right", stage="open"),
    _act("order_reserve_near", "From the near store.", "order.stock=in", stage="open"),
    _act("order_reserve_far", "From the far store.", "order.stock=in", stage="open"),
    _act("order_pay_card", "Take a card.", "order.paid=yes", stock="in"),
    _act("order_pay_voucher", "Take a voucher.", "order.paid=yes", stock="in"),
    _act("order_pack", "Pack it.", "order.stage=packed", paid="yes", address="right", stage="open"),
    _act("order_ship_van", "By van.", "order.stage=shipped", stage="packed"),
    _act("order_ship_drone", "By drone.", "order.stage=shipped", stage="packed"),
    _act("order_cancel", "Cancel it.", "order.stage=cancelled"),
    HAND_OVER,
)
"""All tools."""

BY_NAME: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in CATALOG})

READING = tuple(tool for tool in CATALOG if tool.reads)
"""The calls that only look."""
ACTING = (*(tool for tool in CATALOG if tool.acts), HAND_OVER)
"""The calls that change something, and the one that hands a case over to a person."""

RIVALS: tuple[tuple[str, str, str], ...] = (
    ("device.model", "device_clear_quick", "device_clear_deep"),
    ("device.model", "device_update_air", "device_update_cable"),
    ("device.model", "device_pair_code", "device_pair_scan"),
    ("account.region", "account_verify_mail", "account_verify_phone"),
    ("account.region", "account_charge_card", "account_charge_bank"),
    ("files.store", "files_release_soft", "files_release_hard"),
    ("files.store", "files_restore_snapshot", "files_restore_archive"),
    ("files.store", "files_index_full", "files_index_delta"),
    ("order.zone", "order_reserve_near", "order_reserve_far"),
    ("order.zone", "order_pay_card", "order_pay_voucher"),
    ("order.zone", "order_ship_van", "order_ship_drone"),
)
"""Pairs of tools that do the same, and the fact on which it depends which of them can be trusted."""
