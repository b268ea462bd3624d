"""Whether what was found of a hostile model is what had to be found."""

from __future__ import annotations

from hubexplore.summary.capabilities.model import Capabilities, Finding, When
from tests.strangers.cases import Hostile
from tests.strangers.making import Canaries


def lacking(case: Hostile, capabilities: Capabilities, canaries: Canaries) -> str:
    """Says what lacks in the findings; empty if they have what had to be found."""
    # What only runs when somebody asks for it is worth a note.
    found = capabilities.findings if When.ASKED in case.when else capabilities.dangers
    argument = case.argument.format(
        secret=canaries.secret,
        new=canaries.new,
        victim=canaries.victim,
        folder=canaries.folder,
        address=canaries.address,
    )
    rules = {
        "capability": lambda one: one.capability in case.capability,
        "op": lambda one: one.op in case.op,
        "when": lambda one: one.trigger.when in case.when,
        "signature": lambda one: case.signature in (None, one.trigger.signature),
        "argument": lambda one: argument in one.argument,
        "origin": lambda one: not case.origin or one.origin in case.origin,
    }
    if not found:
        return "nothing found"
    left = list(found)
    for name, rule in rules.items():
        kept = [one for one in left if rule(one)]
        if not kept:
            return f"{name} is wrong: {'; '.join(map(_said, left))}"
        left = kept
    return ""


def _said(one: Finding) -> str:
    trigger = one.trigger
    return (
        f"{one.severity} {one.capability}, {one.op} {one.argument!r} ({one.origin}), "
        f"{trigger.when} {trigger.signature!r}"
    )
