"""Ports under VLAN tags, proved for all packets: right tables pass, each fault has its packet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.openflow.rules import VLAN_PRESENT, Action, Kind, Output, PushVlan, Rule, SetField
from sekisho.proof.answers import Answers
from sekisho.proof.verdict import Difference, Wrong, prove
from sekisho.proof.witness import Walker
from tests.population import town
from tests.test_meaning import changed, kind_of, tables
from tests.trunks import APP, STAFF

PLAN = town("trunk")


def told(spoilt: dict[str, tuple[Rule, ...]]) -> tuple[Difference, ...]:
    """Return what a proof tells of tables; each packet of it is carried by the reference switch."""
    found = prove(PLAN, spoilt).differences
    walker = Walker(PLAN, spoilt)

    assert all(walker.shown(difference).steps for difference in found)
    return found


def test_admission_under_any_tag_is_told() -> None:
    """The packet is one that bears another tag than its sender's."""

    def any_tag(rule: Rule) -> Rule:
        if kind_of(rule) is not Kind.ADMIT:
            return rule
        wide = ((n, v & ~APP, m & ~APP) if n == "vlan_vid" else (n, v, m) for n, v, m in rule.match)
        return replace(rule, match=tuple(wide))

    found = told(changed(tables("trunk"), any_tag))
    tags = {d.packet.sent["vlan_vid"] for d in found}

    assert Wrong.FORBIDDEN in {d.wrong for d in found}
    assert not tags & {0, VLAN_PRESENT | STAFF, VLAN_PRESENT | APP}


def test_admission_without_a_tag_is_told() -> None:
    """A machine is not let in as if it stood at the cable itself."""

    def bare(rule: Rule) -> Rule:
        if kind_of(rule) is not Kind.ADMIT or rule.priority == 200:
            return rule
        kept = tuple(field for field in rule.match if field[0] != "vlan_vid")
        return replace(rule, match=kept, actions=(), priority=200)

    found = told(changed(tables("trunk"), bare))

    assert {d.wrong for d in found} >= {Wrong.FORBIDDEN, Wrong.MISSING}


@pytest.mark.parametrize("value", [VLAN_PRESENT | APP, VLAN_PRESENT])
def test_delivery_under_another_tag_is_told(value: int) -> None:
    """What is for one machine comes down to another one's network, or to none."""

    def other(rule: Rule) -> Rule:
        tag = SetField("vlan_vid", VLAN_PRESENT | STAFF)
        actions = (replace(a, value=value) if a == tag else a for a in rule.actions)
        return replace(rule, actions=tuple(actions))

    found = told(changed(tables("trunk"), other))

    assert {d.wrong for d in found} == {Wrong.FORBIDDEN, Wrong.MISSING}
    assert {str(d.at) for d in found} == {"sw:1"}


def _with(rule: Rule, *before: Action) -> Rule:
    """Return *rule*, if it delivers, with actions before the last one."""
    if kind_of(rule) is not Kind.DELIVER or not isinstance(rule.actions[-1], Output):
        return rule
    return replace(rule, actions=(*rule.actions[:-1], *before, rule.actions[-1]))


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ((PushVlan(), SetField("vlan_vid", VLAN_PRESENT | STAFF)), "packets leave with two VLAN"),
        ((SetField("vlan_vid", STAFF),), "writes vlan_vid=0x14 into no tag of its own"),
    ],
)
def test_what_is_not_modelled_of_tags_is_refused(before: tuple[Action, ...], said: str) -> None:
    """Nothing is guessed past: a second tag, and a VLAN id without one."""
    spoilt = changed(tables("trunk"), lambda rule: _with(rule, *before))

    with pytest.raises(RefusedError, match=said):
        prove(PLAN, spoilt)


def test_a_machine_opens_in_its_own_name_under_its_tag_alone() -> None:
    """Asked who opens what, the answer is the plan's."""
    answers = Answers(PLAN, compile_town(PLAN))
    desk, shop = PLAN.attachment["desk.lan"], PLAN.attachment["shop.lan"]
    (opening,) = answers.opened(desk, shop)
    senders = {str(sender.id if sender else port) for port, sender, _ in answers.senders(shop)}

    assert str(opening) == "tcp/443"
    assert opening.packet.sent["vlan_vid"] == VLAN_PRESENT | STAFF
    assert senders == {"desk.lan", "box.lan", "pc.lan"}
