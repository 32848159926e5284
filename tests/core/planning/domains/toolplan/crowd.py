"""Hundreds of tools as companies have them, from a seed, with requests that they can fulfil and some that none can."""

import random

from agentic_diffusion.records import ToolSpec

SERVICES = {
    "gmail": ("the mailbox", "message draft label attachment"),
    "slack": ("the team chat", "channel reminder reaction"),
    "github": ("a code repository", "issue pull_request branch release"),
    "jira": ("the project board", "ticket sprint worklog"),
    "calendar": ("the calendar", "event meeting holiday"),
    "drive": ("the cloud drive", "file folder spreadsheet permission"),
    "salesforce": ("the customer database", "lead opportunity campaign"),
    "stripe": ("payments", "invoice refund subscription payout"),
    "shopify": ("the web shop", "order product discount"),
    "spotify": ("music", "playlist song podcast"),
    "weather": ("the weather", "forecast storm_warning"),
    "maps": ("maps", "route landmark"),
    "airline": ("air travel", "flight seat boarding_pass"),
    "hotel": ("places to stay", "room reservation review"),
    "bank": ("a bank account", "transfer statement credit_card"),
    "home": ("the house", "light thermostat door_lock camera"),
    "notes": ("notes", "checklist bookmark"),
    "staff": ("human resources", "employee vacation payslip contract"),
    "warehouse": ("the stock", "shipment supplier pallet"),
    "clinic": ("patients", "appointment prescription diagnosis"),
}
TOLD = {
    "create": ("Create a new {thing} in {where}", "Add one {thing} to {where}"),
    "list": ("List every {thing} in {where}", "Return each {thing} of {where}"),
    "update": ("Change an existing {thing} in {where}", "Update fields of a {thing} in {where}"),
    "delete": ("Delete a {thing} from {where}", "Remove a {thing} from {where} for good"),
}
SAID = {
    "create": ("please create a {thing} in {name} for Ann", "add a new {name} {thing} called Blue Sky"),
    "list": ("list each {thing} in {name}", "I would like the list of every {name} {thing}"),
    "update": ("update the {name} {thing} of last week", "change a field of the {thing} in {name}"),
    "delete": ("delete the {thing} from {name}", "remove the old {name} {thing}"),
}
NOBODYS = (
    "Tell me a joke about elephants",
    "What is the meaning of life?",
    "Translate this poem into Latin",
    "Who won the world cup in 1998?",
    "Compute the integral of x squared",
    "How tall is Mount Everest?",
    "Write a haiku about autumn",
    "Recommend a recipe for lasagna",
    "Explain quantum entanglement to a child",
    "Teach me how to juggle",
    "Why is the sky blue?",
    "Prove that the square root of two is irrational",
)
"""Requests that no tool is for."""


def crowd(count, seed):
    """Return so many tools, each with a verb, a thing and a service."""
    rng = random.Random(seed)
    every = [
        (name, verb, thing)
        for name, (_, things) in SERVICES.items()
        for thing in things.split()
        for verb in TOLD
    ]
    kinds = rng.sample(every, count)
    return kinds, [_tool(*kind, rng) for kind in kinds]


def _tool(name, verb, thing, rng):
    told = rng.choice(TOLD[verb]).format(thing=thing.replace("_", " "), where=SERVICES[name][0])
    schema = {
        "type": "object",
        "properties": {"limit" if verb == "list" else f"{thing}_id": {"type": "string"}},
    }
    return ToolSpec(
        name=f"{name}_{verb}_{thing}", description=f"{told}.", arguments=schema, reads=verb == "list"
    )


def asked(kinds, count, *, calls, seed):
    """Return so many requests for some of these tools, each with the names it asks for, in order."""
    rng = random.Random(seed)
    for _ in range(count):
        some = rng.sample(kinds, calls)
        said = [
            rng.choice(SAID[verb]).format(thing=thing.replace("_", " "), name=name)
            for name, verb, thing in some
        ]
        yield ", then ".join(said), tuple("_".join(kind) for kind in some)
