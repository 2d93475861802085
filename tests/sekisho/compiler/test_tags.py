"""Devices under VLAN tags at one port: who is let in, under which tag an answer goes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.compiler.incremental import changed_tables
from sekisho.compiler.tables import compile_town
from sekisho.model import Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.openflow.reference_switch import Fabric
from sekisho.openflow.rules import VLAN_PRESENT, Kind, Rule
from sekisho.packet.packet import ARP_REQUEST, ETH_ARP, Decision, Packet
from sekisho.policy.evaluate import Policy
from sekisho.resegment.validation import RefusedError, plan_moves
from tests.population import population, town
from tests.readings import differences, disagreement
from tests.small import clause, server, terminal
from tests.test_meaning import FAULTS, changed, kind_of, tables
from tests.test_meaning import Change as Fault
from tests.trunks import APP, STAFF, hypervisor, machine

PLAN = town("trunk")
DESK, SHOP, BOX, PC = (PLAN.attachment[f"{name}.lan"] for name in ("desk", "shop", "box", "pc"))
OPENING = Packet(
    at=DESK.at,
    eth_src=DESK.mac,
    eth_dst=PLAN.router_mac,
    ip_src=DESK.ip,
    ip_dst=SHOP.ip,
    ip_proto=6,
    sport=50000,
    dport=443,
    tcp_flags=2,
    tagged=True,
    vlan=STAFF,
)


def left(asked: Packet) -> list[tuple[str, int]]:
    """Return port and tag of every copy that leaves the town."""
    out = Fabric(PLAN, tables("trunk")).send(asked).delivered
    return [(str(port), dict(fields)["vlan_vid"]) for port, fields in out]


def test_a_machine_reaches_another_behind_the_same_cable() -> None:
    """Up under its own tag, down under the other's, by the port that it came in by."""
    assert left(OPENING) == [("sw:1", VLAN_PRESENT | APP)]


def test_a_tag_ends_at_the_switch() -> None:
    """Whoever is reached elsewhere, or without a tag at the same port, sees none."""
    far = PLAN.attachment["srv.lan"]
    back = OPENING._replace(
        at=SHOP.at, eth_src=SHOP.mac, ip_src=SHOP.ip, vlan=APP,
        ip_dst=PC.ip, sport=443, dport=50000,
    )  # fmt: skip

    assert left(OPENING._replace(ip_dst=far.ip)) == [("sw2:3", 0)]
    assert left(back) == []  # nobody has asked


@pytest.mark.parametrize(
    "wrong",
    [
        {"tagged": False, "vlan": 0},
        {"vlan": APP},
        {"vlan": STAFF + 1},
        {"vlan": 0},
        {"eth_type": 0x8100},
        {"eth_src": SHOP.mac, "ip_src": SHOP.ip},
        {"eth_src": BOX.mac, "ip_src": BOX.ip},
        {"eth_src": BOX.mac, "ip_src": BOX.ip, "vlan": 0},
    ],
)
def test_every_other_tag_dies_at_the_port(wrong: dict[str, object]) -> None:
    """None, that of a neighbour, one of nobody, the one of a priority, two; or another's name."""
    spoilt = OPENING._replace(**wrong)  # type: ignore[arg-type]  # as each case has it
    ruling = Policy(PLAN).ruling(spoilt)

    assert ruling.verdict is Decision.DENY
    assert ruling.drop is not None
    assert ruling.drop.reason == ("tagged" if spoilt.tagged else "identity")
    assert disagreement(Policy(PLAN), Fabric(PLAN, tables("trunk")), spoilt) == ""


def test_an_answer_to_arp_bears_the_tag_of_its_request() -> None:
    """And nobody asks under another's tag, or under none."""
    question = Packet(
        at=DESK.at, eth_src=DESK.mac, eth_dst="ff:ff:ff:ff:ff:ff", eth_type=ETH_ARP,
        arp_op=ARP_REQUEST, arp_sha=DESK.mac, arp_spa=DESK.ip, arp_tpa=PLAN.gateway(DESK),
        tagged=True, vlan=STAFF,
    )  # fmt: skip

    assert left(question) == [("sw:1", VLAN_PRESENT | STAFF)]
    assert left(question._replace(vlan=APP)) == []
    assert left(question._replace(tagged=False, vlan=0)) == []


def _any_tag(rule: Rule) -> Rule:
    """Admit whoever is admitted under a tag under any."""
    if kind_of(rule) not in (Kind.ADMIT, Kind.ADMIT_ARP):
        return rule
    fields = (
        (name, VLAN_PRESENT, VLAN_PRESENT) if name == "vlan_vid" else (name, value, mask)
        for name, value, mask in rule.match
    )
    return replace(rule, match=tuple(fields))


def _bare(rule: Rule) -> Rule:
    """Deliver without a tag."""
    if kind_of(rule) is not Kind.DELIVER:
        return rule
    actions = tuple(a for a in rule.actions if "vlan" not in str(a).lower())
    return replace(rule, actions=actions)


def _kept(rule: Rule) -> Rule:
    """Leave the tag on what is let in."""
    return replace(rule, actions=()) if kind_of(rule) is Kind.ADMIT else rule


@pytest.mark.parametrize("fault", [*FAULTS.values(), _any_tag, _bare, _kept])
def test_a_planted_fault_of_tags_is_found(fault: Fault) -> None:
    """Each has a packet that shows it."""
    spoilt = changed(tables("trunk"), fault)
    policy, asked = Policy(PLAN), population("trunk", 4000)

    assert spoilt != tables("trunk")
    assert next(differences(policy, Fabric(PLAN, spoilt), asked), "")


def alone(folder: Path) -> Plan:
    """Return a town where one staff terminal is alone behind its hub, under a tag."""
    devices = {
        "desk": machine(31, "staff", STAFF),
        "pc": terminal(2),
        "note": {**terminal(4), "attachments": {"lan": {**terminal(4)["attachments"]["lan"],
                 "zone": "app", "source": "S2", "destination": "D1", "ip": "10.30.0.14"}}},
        "srv": server(3, "web"),
    }  # fmt: skip
    return hypervisor(folder, devices=devices, policy=[clause("A01", "web")])


def test_a_machine_alone_at_its_port_is_moved_and_keeps_its_tag(tmp_path: Path) -> None:
    """The tag is what its hypervisor sets on the cable; the network behind it is the switch's."""
    before = alone(tmp_path)
    moves = plan_moves(before, ["sw:1"], "app")
    change = Change(1, "app", moves, (), "", "", 0.0, None)
    after = apply_changes(before, [change])
    delta = changed_tables(before, after, compile_town(before))

    moved = after.attachment["desk.lan"]
    assert (moved.zone, moved.tag) == ("app", STAFF)
    assert delta.tables == compile_town(after)
    assert {name for name in delta.counts} == {"sw"}
    came = [rule for rule in delta.come["sw"] if kind_of(rule) is Kind.ADMIT]
    assert [("vlan_vid", VLAN_PRESENT | STAFF, 0x1FFF) in rule.match for rule in came] == [True]


def test_machines_that_share_a_port_are_not_moved_as_one(tmp_path: Path) -> None:
    """Their networks are those of their tags: they are moved in the plan."""
    with pytest.raises(RefusedError, match="hv joins several devices to it"):
        plan_moves(hypervisor(tmp_path), ["sw:1"], "app")
