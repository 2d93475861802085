"""The tables that every switch has, declared once.

::

    0 ADMISSION     who is here? (port, MAC, IP) -> class; a trunk's tag -> class; the rest dies
    1 ARP           a request for a neighbour or the gateway is answered with the router's MAC
    2 ROUTER        only frames to the virtual router go on; no groups, fragments, dying TTLs
    3 DESTINATION   IP -> destination class and home switch
    4 STATE         connection tracking, one zone a switch
    5 POLICY        (source class, destination class, protocol, port, state); else the cell drops
    6 SHARE         a new conversation from a device's port is counted in the port's own zone
    7 COUNTED       what the port's share still had room for goes on; the rest dies
    8 FORWARDING    home: rewrite MACs and deliver; elsewhere: tag with the class, next switch

The same POLICY table stands on every switch, so every switch on a path enforces the whole plan.

Between tables a packet carries its metadata (64 bits; bit 0 is the lowest)::

    63      60 59        48 47              32 31       24 23       16 15        8 7         0
    |  unused |  class tag |   home dpid      | dst D     | dst S     | src D     | src S    |

"S" is the position of an endpoint's source class (row), "D" that of its destination class
(column). An endpoint has both, because a reply is judged by the cell of the request. The class
tag is the VLAN id (IEEE 802.1Q, 9.6) that says the endpoint's pair of classes between switches.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from sekisho.errors import RuleError
from sekisho.model import Attachment, Plan


class Table(IntEnum):
    """OpenFlow table numbers."""

    ADMISSION = 0
    ARP = 1
    ROUTER = 2
    DESTINATION = 3
    STATE = 4
    POLICY = 5
    SHARE = 6
    COUNTED = 7
    FORWARDING = 8


class Stage(NamedTuple):
    """What one table may ask of a packet, and where it may send it on.

    Attributes:
        matches: Fields that its rules may match (OpenFlow 1.3.5, 7.2.3.7), beside ``eth_type``.
        leads_to: Tables in the order of their numbers; none where a packet leaves the switch.
    """

    matches: tuple[str, ...]
    leads_to: tuple[Table, ...]


_CLAIMS = ("in_port", "vlan_vid", "eth_src", "ipv4_src", "arp_op", "arp_sha", "arp_spa")
_PORTS = ("tcp_src", "tcp_dst", "udp_src", "udp_dst")
_CONVERSATION = ("ip_proto", "icmpv4_type", *_PORTS, "tcp_flags_nxm")
#: The drawing above as data: no rule matches another field, or leads to another table.
PIPELINE = {
    Table.ADMISSION: Stage(_CLAIMS, (Table.ARP, Table.ROUTER)),
    Table.ARP: Stage(("arp_spa", "arp_tpa"), ()),
    Table.ROUTER: Stage(("eth_dst", "ip_frag", "nw_ttl"), (Table.DESTINATION,)),
    Table.DESTINATION: Stage(("ipv4_dst",), (Table.STATE,)),
    Table.STATE: Stage((), (Table.POLICY,)),
    Table.POLICY: Stage(
        ("metadata", "ct_state", "ipv4_src", "ipv4_dst", *_CONVERSATION),
        (Table.SHARE, Table.FORWARDING),
    ),
    Table.SHARE: Stage(("in_port",), (Table.COUNTED, Table.FORWARDING)),
    Table.COUNTED: Stage(("ct_mark",), (Table.FORWARDING,)),
    Table.FORWARDING: Stage(("metadata", "in_port", "ipv4_src", "ipv4_dst"), ()),
}
#: Where a packet goes on that a table holds up for nothing: the furthest table that it leads to.
ONWARD = {table: max(stage.leads_to) for table, stage in PIPELINE.items() if stage.leads_to}


def way(first: Table) -> tuple[Table, ...]:
    """Return *first* and the tables after it that a packet of a known conversation goes through."""
    return (first, *way(ONWARD[first])) if first in ONWARD else (first,)


SOURCE_S, SOURCE_D, TARGET_S, TARGET_D, HOME, TAG = 0, 8, 16, 24, 32, 48  # first bits
CLASS_BITS, HOME_BITS, TAG_BITS = 8, 16, 12
SOURCE_MASK = 0xFFFF | 0xFFF << TAG
TARGET_MASK = 0xFFFFFFFF << TARGET_S
HOME_MASK = ((1 << HOME_BITS) - 1) << HOME
_FIRST_TAG = 2  # VID 0 is a priority tag, VID 1 the default VLAN of most equipment


class Numbers:
    """The numbers that stand for the plan's names in metadata, tags and cookies (all 1-based)."""

    def __init__(self, plan: Plan) -> None:
        self.source = {c.id: n for n, c in enumerate(plan.sources, 1)}
        self.destination = {c.id: n for n, c in enumerate(plan.destinations, 1)}
        self.attachment = {a.id: n for n, a in enumerate(plan.attachments, 1)}
        self.clause = {c.id: n for n, c in enumerate(plan.clauses, 1)}
        pairs = sorted(
            {
                (self.source[a.source], self.destination[a.destination])
                for a in plan.origin.attachments  # a moved port never renumbers the others
            }
        )
        self.tag = {pair: n for n, pair in enumerate(pairs, _FIRST_TAG)}
        if len(self.source) >= 1 << CLASS_BITS or len(self.destination) >= 1 << CLASS_BITS:
            raise RuleError(f"more than {(1 << CLASS_BITS) - 1} classes do not fit the metadata")

    def pair(self, attachment: Attachment) -> tuple[int, int]:
        """Return the numbers of both classes of *attachment*."""
        return self.source[attachment.source], self.destination[attachment.destination]

    def as_source(self, pair: tuple[int, int]) -> int:
        """Return the metadata bits that say "sent by an endpoint of these classes"."""
        return pair[0] << SOURCE_S | pair[1] << SOURCE_D | self.tag[pair] << TAG

    def as_target(self, pair: tuple[int, int], home: int) -> int:
        """Return the metadata bits that say "for an endpoint of these classes at switch *home*"."""
        return pair[0] << TARGET_S | pair[1] << TARGET_D | home << HOME
