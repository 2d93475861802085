"""The two readings of a plan, compared on packets: what it means, and what its tables do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sekisho.model import Plan
from sekisho.openflow.reference_switch import Fabric, Outcome, headers
from sekisho.openflow.rules import VLAN_PRESENT, drop_point
from sekisho.packet.packet import ARP_REPLY, ETH_IPV4, Decision, Packet
from sekisho.policy.evaluate import Policy, Ruling

INSIDE = frozenset({"in_port", "metadata", "reg0", "ct_state"})  # not part of a frame


def disagreement(policy: Policy, fabric: Fabric, asked: Packet) -> str:
    """Say how the tables' deed differs from the plan's word about one packet, or nothing."""
    ruling, outcome = policy.ruling(asked), fabric.send(asked)
    if ruling.verdict is Decision.DENY:
        return _not_dropped(policy.plan, asked, ruling, outcome)
    return _not_delivered(policy.plan, asked, ruling, outcome)


def _not_dropped(plan: Plan, asked: Packet, ruling: Ruling, outcome: Outcome) -> str:
    if outcome.delivered:
        return f"delivered at {outcome.delivered[0][0]} in spite of {ruling.drop}"
    if len(outcome.dropped) != 1:
        return f"{len(outcome.dropped)} copies died"
    switch, rule = outcome.dropped[0]
    point = drop_point(rule.cookie, switch, plan) if rule else None
    return "" if point == ruling.drop else f"dropped by {point}, not by {ruling.drop}"


def _not_delivered(plan: Plan, asked: Packet, ruling: Ruling, outcome: Outcome) -> str:
    assert ruling.to is not None
    if outcome.dropped or [place for place, _ in outcome.delivered] != [ruling.to.at]:
        return f"should reach {ruling.to.id} once, but: {outcome}"
    found = dict(outcome.delivered[0][1])
    wanted = {name: value for name, value in headers(asked).items() if name not in INSIDE}
    router, to = _number(plan.router_mac), _number(ruling.to.mac)
    tag = VLAN_PRESENT | ruling.to.tag if ruling.to.tag else 0
    wanted |= {"eth_src": router, "eth_dst": to, "vlan_vid": tag}
    if asked.eth_type == ETH_IPV4:
        wanted["nw_ttl"] -= 1
    else:
        wanted |= {"arp_op": ARP_REPLY, "arp_sha": router, "arp_tha": to}
        wanted |= {"arp_spa": wanted["arp_tpa"], "arp_tpa": wanted["arp_spa"]}
    wrong = {name: found[name] for name, value in wanted.items() if found[name] != value}
    return f"arrived with {wrong}" if wrong else ""


def _number(mac: str) -> int:
    return int(mac.replace(":", ""), 16)


def differences(policy: Policy, fabric: Fabric, asked: Sequence[Packet]) -> Iterator[str]:
    """Yield every disagreement about the packets *asked*."""
    for one in asked:
        said = disagreement(policy, fabric, one)
        if said:
            yield said
