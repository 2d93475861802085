"""Why a port cannot be moved into a network: said with the rule or the class that closes it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sekisho.model import Plan
from sekisho.resegment.validation import RefusedError, plan_moves
from tests.population import town


def _refused(plan: Plan, port: str, to: str) -> RefusedError:
    with pytest.raises(RefusedError) as found:
        plan_moves(plan, [port], to)
    return found.value


def _naming(plan: Plan, name: str) -> Plan:
    """Return *plan*, whose first permission of the class of *name* is for it alone."""
    source = plan.attachment[name].source
    clauses = list(plan.clauses)
    for number, clause in enumerate(clauses):
        allows = [
            replace(allow, only_from=(name,)) if source in allow.sources else allow
            for allow in clause.allows
        ]
        if list(clause.allows) != allows:
            clauses[number] = replace(clause, allows=tuple(allows))
            return replace(plan, clauses=tuple(clauses))
    raise AssertionError(name)


def test_one_named_host_closes_its_network_and_the_refusal_names_it() -> None:
    """A clerk who asks for the office network sees the rule that stands in the way."""
    plan = town("matsuno")
    host = next(a for a in plan.attachments if a.source == "S1" and a.site == "hq")
    assert plan_moves(plan, ["fl3:12"], host.zone)
    refused = _refused(_naming(plan, host.id), "fl3:12", host.zone)

    assert f"names {host.id} there" in str(refused)
    assert f"{host.id} を名指ししている" in refused.refusals[0].ja


def test_a_network_of_several_classes_says_which() -> None:
    """An address would not say there what its owner may do."""
    refused = _refused(town("matsuno"), "fl1:1", "S16")

    assert "cannot be moved to S16: " in str(refused)
    assert ", quarantine" in str(refused)
