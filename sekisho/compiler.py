"""From a plan to the flow tables of its switches: a pure function, no switch in sight.

This is the *enforcement* reading of a plan. It must not consult `sekisho.policy`, the *meaning*:
the two are compared by the tests and by every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from sekisho.flow import ARP_REQUEST, ETH_ARP, ETH_IPV4, ETH_IPV6
from sekisho.model import Attachment, Plan, PortRef, Switch
from sekisho.permissions import policy_rules
from sekisho.pipeline import (
    HOME,
    HOME_BITS,
    SOURCE_MASK,
    TAG,
    TAG_BITS,
    TARGET_MASK,
    Numbers,
    Table,
)
from sekisho.rules import (
    IN_PORT,
    VLAN_PRESENT,
    Action,
    Cookie,
    DecTtl,
    Kind,
    Match,
    Move,
    Output,
    PopVlan,
    PushVlan,
    Rule,
    SetField,
    Track,
    drop_rule,
    match,
)
from sekisho.wiring import edge_ports, next_hops, trunk_ports

_IP = {"eth_type": ETH_IPV4}
_HOME_MASK = ((1 << HOME_BITS) - 1) << HOME


def compile_town(plan: Plan, *, down: Iterable[PortRef] = ()) -> dict[str, tuple[Rule, ...]]:
    """Return the wanted rules of every switch, by switch id.

    Args:
        plan: The town.
        down: Ports whose link is broken; ways go around them.
    """
    numbers = Numbers(plan)
    policy = tuple(policy_rules(plan, numbers))
    broken = tuple(down)
    return {s.id: compile_switch(plan, s, numbers, policy, down=broken) for s in plan.switches}


def compile_switch(
    plan: Plan,
    switch: Switch,
    numbers: Numbers,
    policy: tuple[Rule, ...],
    *,
    down: Iterable[PortRef] = (),
) -> tuple[Rule, ...]:
    """Return the wanted rules of one switch, sorted; no two share table, priority and match."""
    here = [a for a in plan.attachments if a.at.switch == switch.id and a.registered]
    rules = [
        *_admission(plan, switch, numbers, here),
        *_arp(plan, numbers, here),
        *_router(plan),
        *_destination(plan, numbers),
        *_state(switch),
        *(_in_zone(rule, switch.dpid) for rule in policy),
        *_forwarding(plan, switch, numbers, here, down),
    ]
    unique: dict[tuple[int, int, Match], Rule] = {}
    for rule in rules:
        unique.setdefault(rule.key, rule)  # two clauses may allow the same: the first names it
    return tuple(sorted(unique.values(), key=lambda rule: rule.key))


def mac_number(mac: str) -> int:
    """Return ``aa:bb:cc:dd:ee:ff`` as a 48-bit number."""
    return int(mac.replace(":", ""), 16)


def _admission(
    plan: Plan, switch: Switch, numbers: Numbers, here: list[Attachment]
) -> Iterator[Rule]:
    table = Table.ADMISSION
    for port in trunk_ports(plan, switch.id):
        for pair, tag in numbers.tag.items():
            yield Rule(
                table,
                500,
                match(in_port=port, vlan_vid=VLAN_PRESENT | tag, **_IP),
                int(Cookie(Kind.ADMIT_TRUNK, port, tag)),
                (PopVlan(),),
                (numbers.as_source(pair), SOURCE_MASK),
                Table.ROUTER,
            )
        yield drop_rule(table, 450, Cookie(Kind.DROP_TRUNK, port), in_port=port)
    for port in edge_ports(plan, switch.id):
        tagged = (VLAN_PRESENT, VLAN_PRESENT)
        yield drop_rule(table, 400, Cookie(Kind.DROP_TAGGED, port), in_port=port, vlan_vid=tagged)
        yield drop_rule(table, 300, Cookie(Kind.DROP_IPV6, port), in_port=port, eth_type=ETH_IPV6)
        yield drop_rule(table, 100, Cookie(Kind.DROP_IDENTITY, port), in_port=port, **_IP)
        claim = Cookie(Kind.DROP_ARP_CLAIM, port)
        yield drop_rule(table, 100, claim, in_port=port, eth_type=ETH_ARP)
        yield drop_rule(table, 50, Cookie(Kind.DROP_ETHERTYPE, port), in_port=port)
    yield drop_rule(table, 0, Cookie(Kind.DROP_QUARANTINE))
    for attachment in here:
        yield from _admit(attachment, numbers)


def _admit(attachment: Attachment, numbers: Numbers) -> Iterator[Rule]:
    """The two rules of a terminal: its packets, and its ARP requests in its own name."""
    number, mac = numbers.attachment[attachment.id], mac_number(attachment.mac)
    ip, port = int(attachment.ip), attachment.at.port
    metadata = (numbers.as_source(numbers.pair(attachment)), SOURCE_MASK)
    yield Rule(
        Table.ADMISSION,
        200,
        match(in_port=port, eth_src=mac, ipv4_src=ip, **_IP),
        int(Cookie(Kind.ADMIT, port, number)),
        metadata=metadata,
        goto=Table.ROUTER,
    )
    yield Rule(
        Table.ADMISSION,
        200,
        match(
            in_port=port,
            eth_type=ETH_ARP,
            eth_src=mac,
            arp_sha=mac,
            arp_spa=ip,
            arp_op=ARP_REQUEST,
        ),
        int(Cookie(Kind.ADMIT_ARP, port, number)),
        goto=Table.ARP,
    )


def _arp(plan: Plan, numbers: Numbers, here: list[Attachment]) -> Iterator[Rule]:
    router = mac_number(plan.router_mac)
    answer: tuple[Action, ...] = (
        Move("eth_src", "eth_dst", 48),
        SetField("eth_src", router),
        SetField("arp_op", 2),
        Move("arp_sha", "arp_tha", 48),
        SetField("arp_sha", router),
        Move("arp_tpa", "reg0", 32),
        Move("arp_spa", "arp_tpa", 32),
        Move("reg0", "arp_spa", 32),
        Output(IN_PORT),
    )
    for attachment in here:  # never confirm somebody's own address: it would look like a duplicate
        number = numbers.attachment[attachment.id]
        yield drop_rule(
            Table.ARP,
            200,
            Cookie(Kind.DROP_ARP_TARGET, 0, number),
            eth_type=ETH_ARP,
            arp_spa=int(attachment.ip),
            arp_tpa=int(attachment.ip),
        )
    for number, network in enumerate(sorted({plan.subnet(a) for a in here}), 1):
        both = _prefix(network)
        yield Rule(
            Table.ARP,
            100,
            match(eth_type=ETH_ARP, arp_spa=both, arp_tpa=both),
            int(Cookie(Kind.ANSWER_ARP, 0, number)),
            answer,
        )
    yield drop_rule(Table.ARP, 0, Cookie(Kind.DROP_ARP_TARGET))


def _router(plan: Plan) -> Iterator[Rule]:
    table, router = Table.ROUTER, mac_number(plan.router_mac)
    group = 1 << 40  # the group bit, IEEE 802.3, 3.2.3
    yield drop_rule(table, 400, Cookie(Kind.DROP_GROUP), eth_dst=(group, group))
    to_router = {"eth_dst": router, **_IP}
    yield drop_rule(table, 300, Cookie(Kind.DROP_FRAGMENT), ip_frag=(1, 1), **to_router)
    for ttl in (0, 1):
        yield drop_rule(table, 200, Cookie(Kind.DROP_TTL, 0, ttl), nw_ttl=ttl, **to_router)
    yield Rule(table, 100, match(**to_router), int(Cookie(Kind.ROUTER)), goto=Table.DESTINATION)
    yield drop_rule(table, 0, Cookie(Kind.DROP_NEXT_HOP))


def _destination(plan: Plan, numbers: Numbers) -> Iterator[Rule]:
    for attachment in plan.attachments:
        if attachment.registered:
            home = plan.switch[attachment.at.switch].dpid
            yield Rule(
                Table.DESTINATION,
                100,
                match(ipv4_dst=int(attachment.ip), **_IP),
                int(Cookie(Kind.DESTINATION, 0, numbers.attachment[attachment.id])),
                metadata=(numbers.as_target(numbers.pair(attachment), home), TARGET_MASK),
                goto=Table.STATE,
            )
    yield drop_rule(Table.DESTINATION, 0, Cookie(Kind.DROP_DESTINATION))


def _state(switch: Switch) -> Iterator[Rule]:
    look_up = (Track(zone=switch.dpid, table=Table.POLICY),)
    yield Rule(Table.STATE, 100, match(**_IP), int(Cookie(Kind.TRACK)), look_up)
    yield drop_rule(Table.STATE, 0, Cookie(Kind.DROP_FORWARD, 0, Table.STATE))


def _in_zone(rule: Rule, zone: int) -> Rule:
    """The same policy rule with the switch's own tracking zone."""
    if not rule.actions:
        return rule
    actions = tuple(
        Track(zone, a.table, a.commit) if isinstance(a, Track) else a for a in rule.actions
    )
    return Rule(
        rule.table, rule.priority, rule.match, rule.cookie, actions, rule.metadata, rule.goto
    )


def _forwarding(
    plan: Plan,
    switch: Switch,
    numbers: Numbers,
    here: list[Attachment],
    down: Iterable[PortRef],
) -> Iterator[Rule]:
    crowd = Counter(a.at for a in here)
    for a in here:
        yield from _deliver(plan, switch, numbers, a, is_shared=crowd[a.at] > 1)
    yield from transit_rules(plan, switch.id, down)
    yield drop_rule(Table.FORWARDING, 0, Cookie(Kind.DROP_FORWARD))


def transit_rules(plan: Plan, switch: str, down: Iterable[PortRef]) -> Iterator[Rule]:
    """Yield the rules that send on what is at home elsewhere, around the lines of *down*."""
    for other, out in sorted(next_hops(plan, switch, down=down).items()):
        dpid = plan.switch[other].dpid
        yield Rule(
            Table.FORWARDING,
            100,
            match(metadata=(dpid << HOME, _HOME_MASK)),
            int(Cookie(Kind.TRANSIT, out.port, dpid)),
            (PushVlan(), Move("metadata", "vlan_vid", TAG_BITS, TAG), Output(out.port)),
        )


def _deliver(
    plan: Plan, switch: Switch, numbers: Numbers, attachment: Attachment, *, is_shared: bool
) -> Iterator[Rule]:
    """The last hop: never from a terminal to itself (RFC 1122, 3.2.1.3), else as the router."""
    number, ip, port = numbers.attachment[attachment.id], int(attachment.ip), attachment.at.port
    itself = Cookie(Kind.DROP_FORWARD, 0, 0, number)
    yield drop_rule(Table.FORWARDING, 300, itself, ipv4_src=ip, ipv4_dst=ip, **_IP)
    at_home: dict[str, int | tuple[int, int]] = {
        "metadata": (switch.dpid << HOME, _HOME_MASK),
        "ipv4_dst": ip,
        **_IP,
    }
    cookie = int(Cookie(Kind.DELIVER, port, number))
    rewrite: tuple[Action, ...] = (
        SetField("eth_src", mac_number(plan.router_mac)),
        SetField("eth_dst", mac_number(attachment.mac)),
        DecTtl(),
    )
    yield Rule(Table.FORWARDING, 100, match(**at_home), cookie, (*rewrite, Output(port)))
    if is_shared:  # from a station of the same SSID: back to where it came in
        back = match(in_port=port, **at_home)
        yield Rule(Table.FORWARDING, 200, back, cookie, (*rewrite, Output(IN_PORT)))


def _prefix(network: IPv4Network) -> tuple[int, int]:
    return int(network.network_address), int(network.netmask)
