"""The rules of one terminal on its own switch: who it is, and the last hop to it.

All that moving a port changes, on any switch, is here. Part of the compiler: must not consult
`sekisho.policy.evaluate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model import Attachment, Plan
from sekisho.openflow.pipeline import HOME, HOME_MASK, SOURCE_MASK, Numbers, Table
from sekisho.openflow.rules import (
    IN_PORT,
    VLAN_PRESENT,
    Action,
    Cookie,
    DecTtl,
    Kind,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    drop_rule,
    match,
)
from sekisho.packet.packet import ARP_REQUEST, ETH_ARP, ETH_IPV4, mac_number

_IP = {"eth_type": ETH_IPV4}
#: Priorities of who is admitted: below what drops every tag at a port, and above it.
_BARE, _UNDER_A_TAG = 200, 420


def own_rules(
    plan: Plan, numbers: Numbers, attachment: Attachment, *, is_shared: bool
) -> Iterator[Rule]:
    """Yield the rules of one terminal on its own switch: all that a move of its port changes.

    Args:
        plan: The town.
        numbers: Its numbers.
        attachment: The terminal; one that is not registered has no rule.
        is_shared: Whether others stand at the same port.
    """
    if attachment.registered:
        yield from _admit(attachment, numbers)
        yield _own_address(attachment, numbers)
        yield from _deliver(plan, numbers, attachment, is_shared=is_shared)


def home(plan: Plan, attachment: Attachment) -> int:
    """Return the datapath id of the switch that *attachment* stands at."""
    return plan.switch[attachment.at.switch].dpid


def _admit(attachment: Attachment, numbers: Numbers) -> Iterator[Rule]:
    """The two rules of a terminal: its packets, and its ARP requests in its own name.

    A tag is taken off what goes on into the town. An ARP request keeps it, so that the answer,
    which goes out where the request came in, bears it too.
    """
    number, mac = numbers.attachment[attachment.id], mac_number(attachment.mac)
    ip, port = int(attachment.ip), attachment.at.port
    metadata = (numbers.as_source(numbers.pair(attachment)), SOURCE_MASK)
    door, priority, untag = {"in_port": port}, _BARE, tuple[Action, ...]()
    if attachment.tag:
        door["vlan_vid"] = VLAN_PRESENT | attachment.tag
        priority, untag = _UNDER_A_TAG, (PopVlan(),)
    yield Rule(
        Table.ADMISSION,
        priority,
        match(**door, eth_src=mac, ipv4_src=ip, **_IP),
        int(Cookie(Kind.ADMIT, port, number)),
        untag,
        metadata,
        Table.ROUTER,
    )
    yield Rule(
        Table.ADMISSION,
        priority,
        match(
            **door,
            eth_type=ETH_ARP,
            eth_src=mac,
            arp_sha=mac,
            arp_spa=ip,
            arp_op=ARP_REQUEST,
        ),
        int(Cookie(Kind.ADMIT_ARP, port, number)),
        goto=Table.ARP,
    )


def _own_address(attachment: Attachment, numbers: Numbers) -> Rule:
    """Never confirm somebody's own address: it would look like a duplicate (RFC 5227, 2.1.1)."""
    return drop_rule(
        Table.ARP,
        200,
        Cookie(Kind.DROP_ARP_TARGET, 0, numbers.attachment[attachment.id]),
        eth_type=ETH_ARP,
        arp_spa=int(attachment.ip),
        arp_tpa=int(attachment.ip),
    )


def _deliver(
    plan: Plan, numbers: Numbers, attachment: Attachment, *, is_shared: bool
) -> Iterator[Rule]:
    """The last hop: never from a terminal to itself (RFC 1122, 3.2.1.3), else as the router."""
    number, ip, port = numbers.attachment[attachment.id], int(attachment.ip), attachment.at.port
    itself = Cookie(Kind.DROP_FORWARD, 0, 0, number)
    yield drop_rule(Table.FORWARDING, 300, itself, ipv4_src=ip, ipv4_dst=ip, **_IP)
    at_home: dict[str, int | tuple[int, int]] = {
        "metadata": (home(plan, attachment) << HOME, HOME_MASK),
        "ipv4_dst": ip,
        **_IP,
    }
    cookie = int(Cookie(Kind.DELIVER, port, number))
    rewrite: tuple[Action, ...] = (
        SetField("eth_src", mac_number(plan.router_mac)),
        SetField("eth_dst", mac_number(attachment.mac)),
        DecTtl(),
    )
    if attachment.tag:
        rewrite += PushVlan(), SetField("vlan_vid", VLAN_PRESENT | attachment.tag)
    yield Rule(Table.FORWARDING, 100, match(**at_home), cookie, (*rewrite, Output(port)))
    if is_shared:  # from a station of the same SSID: back to where it came in
        back = match(in_port=port, **at_home)
        yield Rule(Table.FORWARDING, 200, back, cookie, (*rewrite, Output(IN_PORT)))
