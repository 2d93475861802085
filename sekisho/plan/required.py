"""Requirements that hold in any town: no rule breaks one, unless the plan says so in the open."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.intent.requirements import CLOSED_WORDS, bridges, undeclared
from sekisho.model import Plan
from sekisho.plan.places import Places

#: What is meant instead, where that is not seen from what the requirement denies.
_WAYS = {
    "MG-02": "a vendor reaches a device of kind gateway in a zone that protects shared or "
    "management, and goes on from there; ",
}


def check_requirements(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule and device that breaks a requirement and is not declared."""
    for n, exception in enumerate(plan.exceptions, 1):
        if bool(exception.breaks) != bool(exception.rules):
            text = f"exception '{exception.id}' has only one of 'breaks' and 'rules'"
            hint = "say which requirement it departs from, and by which rules"
            yield places.fault(f"exceptions[{n}]", text, hint)
    if plan.version < CLOSED_WORDS:
        return  # what can be told of it is a warning
    for found in undeclared(plan):
        n, m = plan.clauses.index(found.clause) + 1, found.clause.allows.index(found.allow) + 1
        name, rule = found.requirement.id, found.clause.id
        hint = _WAYS.get(name, "") + (
            "narrow the rule, or declare it under exceptions, with its words: "
            f"breaks: [{name}], rules: [{rule}]"
        )
        yield places.fault(f"policy[{n}].allow[{m}]", found.label.en, hint)
    for bridge in bridges(plan):
        hint = "take one of the two away, or declare the way under relays, with an exception"
        yield places.fault(f"devices.{bridge.device.id}", bridge.label.en, hint)
