"""A packet in variables: as it is sent, and as it is at some place on its way.

A field that its kind of packet lacks is 0, as a switch reads it. What a switch alone knows stands
beside the fields of the packet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.model import Plan, PortRef
from sekisho.openflow.rules import LOCAL
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from sekisho.second_judge.terms import (
    Number,
    Truth,
    both,
    every,
    flag,
    is_value,
    no,
    some,
    variable,
)

ICMP, TCP, UDP = 1, 6, 17  # IANA protocol numbers
_TAGS = (0x8100, 0x88A8)  # IEEE 802.1Q, 9.4
_TAGGED = 0x1000  # the bit of `vlan_vid` that says that there is a tag

#: Fields of a packet, and their bits. The ports of TCP and UDP are one field, and the type of an
#: ICMP message stands where a source port would, as Open vSwitch keeps it.
FIELDS = {
    "eth_src": 48, "eth_dst": 48, "eth_type": 16, "vlan_vid": 13,
    "ip_proto": 8, "ipv4_src": 32, "ipv4_dst": 32, "ip_frag": 2, "nw_ttl": 8,
    "tp_src": 16, "tp_dst": 16, "tcp_flags_nxm": 12,
    "arp_op": 16, "arp_spa": 32, "arp_tpa": 32, "arp_sha": 48, "arp_tha": 48,
}  # fmt: skip
#: What a switch knows of a packet. A number has bits, a truth has none. `phase`: what tracking says
#: (`ct_state` without "tracked"). `counted` and `double` (a second tag) go on with the packet.
INSIDE = {
    "in_port": 32, "metadata": 64, "reg0": 32, "ct_mark": 32, "phase": 5,
    "tracked": 0, "again": 0, "counted": 0, "double": 0, "hidden": 0,
}  # fmt: skip
WIDTH = {**FIELDS, **INSIDE}
#: What the next switch does not know any more.
FORGOTTEN = {"metadata": 0, "reg0": 0, "ct_mark": 0, "tracked": False, "again": False}
IP_FIELDS = ("ipv4_src", "ipv4_dst", "ip_proto", "ip_frag", "nw_ttl")
ARP_FIELDS = ("arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha")

#: A packet at one place: the value of each field of `WIDTH`.
Now = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Sent:
    """Every packet that may be sent, in variables.

    Attributes:
        now: Its fields, as at its first switch; the port is `port`.
        switch: Number of the switch that it enters by.
        port: Number of the port there.
        has_room: Whether the share of its port has room.
        is_possible: Whether there is such a packet.
    """

    now: Now
    switch: Number
    port: Number
    has_room: Truth
    is_possible: Truth


def sent(plan: Plan) -> Sent:
    """Return every packet that may enter a town, by any port that no line uses."""
    now = {name: variable(name, bits) for name, bits in FIELDS.items()}
    now["phase"] = variable("phase", INSIDE["phase"])
    port = now["in_port"] = variable("port", 32)
    switch = variable("switch", 16)
    enters = some(
        both(is_value(switch, number, 0xFFFF, 16), some(_is(port, p) for p in edges(plan, each.id)))
        for number, each in enumerate(plan.switches)
    )
    now |= FORGOTTEN | dict.fromkeys(("counted", "double", "hidden"), False)
    whole = both(enters, _well_formed(now), tracked(now["phase"], now["eth_type"]))
    return Sent(now, switch, port, flag("room"), whole)


def edges(plan: Plan, switch: str) -> Iterator[int]:
    """Yield the ports of *switch* that no line uses, and its own."""
    used = {end for link in plan.links for end in (link.a, link.b)}
    for port in range(1, plan.switch[switch].ports + 1):
        if PortRef(switch, port) not in used:
            yield port
    yield LOCAL


def tracked(phase: Number, eth_type: Number) -> Truth:
    """Return whether a tracker can say *phase*: new or established, or invalid and nothing else."""
    new, established, invalid = (is_value(phase, 1 << n, 1 << n, 5) for n in (0, 1, 4))
    either = some((both(new, no(established)), both(established, no(new))))
    says = some((is_value(phase, 16, 31, 5), both(no(invalid), either)))
    ip = is_value(eth_type, ETH_IPV4, 0xFFFF, 16)
    return some((both(ip, says), both(no(ip), is_value(phase, 0, 31, 5))))


def _is(port: Number, number: int) -> Truth:
    return is_value(port, number, 0xFFFFFFFF, 32)


def _well_formed(now: Now) -> Truth:
    """Return whether fields that the packet lacks are 0, and the others what they can be."""

    def is_(name: str, value: int, mask: int = -1) -> Truth:
        full = (1 << WIDTH[name]) - 1
        return is_value(now[name], value, mask & full, WIDTH[name])

    def absent(names: Iterable[str]) -> Truth:
        return every(is_(name, 0) for name in names)

    ip, arp = is_("eth_type", ETH_IPV4), is_("eth_type", ETH_ARP)
    later = is_("ip_frag", 2, 2)
    ports = some((is_("ip_proto", TCP), is_("ip_proto", UDP)))
    message = both(is_("ip_proto", ICMP), is_("tp_src", 0, 0xFF00), is_("tp_dst", 0))
    has_ports = both(ip, no(later), some((ports, message)))
    has_flags = both(ip, no(later), is_("ip_proto", TCP))
    untagged = is_("vlan_vid", 0, _TAGGED)
    return both(
        some((ip, absent(IP_FIELDS))),
        some((arp, absent(ARP_FIELDS))),
        some((has_ports, absent(("tp_src", "tp_dst")))),
        some((has_flags, is_("tcp_flags_nxm", 0))),
        some((no(later), is_("ip_frag", 1, 1))),
        some((no(untagged), is_("vlan_vid", 0))),
        no(both(untagged, some(is_("eth_type", tag) for tag in _TAGS))),
    )
