"""From a plan to the flow tables of its switches: a pure function, no switch in sight.

This is the *enforcement* reading of a plan. It must not consult `sekisho.policy.evaluate`, the
*meaning*: the two are compared by the tests and by every run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network

from sekisho.compiler.attachment import home, own_rules
from sekisho.compiler.policy_table import policy_rules
from sekisho.compiler.routing import edge_ports, next_hops, trunk_ports
from sekisho.model import Plan, PortRef, Switch
from sekisho.model.pools import Pool, pools
from sekisho.model.tracking import MARK, share_zones
from sekisho.openflow.pipeline import (
    HOME,
    HOME_MASK,
    SOURCE_MASK,
    TAG,
    TAG_BITS,
    TARGET_MASK,
    Numbers,
    Table,
)
from sekisho.openflow.rules import (
    IN_PORT,
    VLAN_PRESENT,
    Action,
    Cookie,
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
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, mac_number

_IP = {"eth_type": ETH_IPV4}
_FULL_IP = 0xFFFFFFFF


def compile_town(plan: Plan, *, down: Iterable[PortRef] = ()) -> dict[str, tuple[Rule, ...]]:
    """Return the wanted rules of every switch, by switch id.

    Args:
        plan: The town.
        down: Ports whose link is broken; ways go around them.
    """
    numbers, kept = Numbers(plan), pools(plan)
    common = (*_destination(plan, numbers, kept), *_router(plan))
    policy: dict[str | None, list[Rule]] = {None: []}
    for place, rule in policy_rules(plan, numbers):
        policy.setdefault(place, []).append(rule)
    broken = tuple(down)
    out = {}
    for s in plan.switches:
        own = (*_arp(plan, s, kept), *common, *policy.get(s.id, ()), *policy[None])
        out[s.id] = _compile_switch(plan, s, numbers, own, broken)
    return out


def _compile_switch(
    plan: Plan,
    switch: Switch,
    numbers: Numbers,
    common: tuple[Rule, ...],
    down: tuple[PortRef, ...],
) -> tuple[Rule, ...]:
    """Return the wanted rules of one switch, sorted; no two share table, priority and match."""
    here = [a for a in plan.attachments if a.at.switch == switch.id and a.registered]
    crowd = Counter(a.at for a in here)
    rules = [
        *_admission(plan, switch, numbers),
        *(r for a in here for r in own_rules(plan, numbers, a, is_shared=crowd[a.at] > 1)),
        *_state(switch),
        *common,
        *_share(plan, switch),
        *_forwarding(plan, switch, down),
    ]
    unique: dict[tuple[int, int, Match], Rule] = {}
    for rule in rules:
        unique.setdefault(rule.key, rule)  # two clauses may allow the same: the first names it
    return tuple(sorted(unique.values(), key=lambda rule: rule.key))


def _admission(plan: Plan, switch: Switch, numbers: Numbers) -> Iterator[Rule]:
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


def _arp(plan: Plan, switch: Switch, kept: tuple[Pool, ...]) -> Iterator[Rule]:
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
    origin = plan.origin
    here = {
        origin.subnet(a) for a in origin.attachments if a.at.switch == switch.id and a.registered
    }
    for pool in kept:
        subnet = origin.zone[pool.zone].subnet(pool.site, pool.network[0])
        if pool.switch == switch.id and subnet is not None:
            here.add(subnet)
    for number, network in enumerate(sorted(here), 1):
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


def _destination(plan: Plan, numbers: Numbers, kept: tuple[Pool, ...]) -> Iterator[Rule]:
    """Who has which address, the vacant ones too: a move changes nothing here.

    A packet for an address that nobody has at the time dies at the home switch of the address,
    where no rule delivers it.
    """
    origin = plan.origin
    for a in origin.attachments:
        if a.registered:
            number, pair = numbers.attachment[a.id], numbers.pair(a)
            cookie = Cookie(Kind.DESTINATION, 0, number)
            yield _known(cookie, (int(a.ip), _FULL_IP), numbers.as_target(pair, home(plan, a)))
    for number, pool in enumerate(kept, 1):
        pair = numbers.source[pool.source], numbers.destination[pool.destination]
        target = numbers.as_target(pair, plan.switch[pool.switch].dpid)
        yield _known(Cookie(Kind.DESTINATION, number), _prefix(pool.network), target)
    yield drop_rule(Table.DESTINATION, 0, Cookie(Kind.DROP_DESTINATION))


def _known(cookie: Cookie, ip: tuple[int, int], target: int) -> Rule:
    return Rule(
        Table.DESTINATION,
        100,
        match(ipv4_dst=ip, **_IP),
        int(cookie),
        metadata=(target, TARGET_MASK),
        goto=Table.STATE,
    )


def _state(switch: Switch) -> Iterator[Rule]:
    look_up = (Track(zone=switch.dpid, table=Table.POLICY),)
    yield Rule(Table.STATE, 100, match(**_IP), int(Cookie(Kind.TRACK)), look_up)
    yield drop_rule(Table.STATE, 0, Cookie(Kind.DROP_FORWARD, 0, Table.STATE))


def _share(plan: Plan, switch: Switch) -> Iterator[Rule]:
    """Count a new conversation where it enters the town, then keep it in the switch's own zone.

    Where the port's zone is full the packet goes on without a mark, and dies.
    """
    keep = (Track(switch.dpid, commit=True),)
    zones = share_zones(plan)
    for port in edge_ports(plan, switch.id):
        count = Track(zones[PortRef(switch.id, port)], Table.COUNTED, commit=True, mark=MARK)
        yield Rule(
            Table.SHARE, 100, match(in_port=port, **_IP), int(Cookie(Kind.SHARE, port)), (count,)
        )
    for port in trunk_ports(plan, switch.id):
        yield Rule(
            Table.SHARE,
            100,
            match(in_port=port, **_IP),
            int(Cookie(Kind.SHARE, port)),
            keep,
            goto=Table.FORWARDING,
        )
    yield drop_rule(Table.SHARE, 0, Cookie(Kind.DROP_FORWARD, 0, Table.SHARE))
    counted = match(ct_mark=MARK, **_IP)
    cookie = int(Cookie(Kind.COUNTED))
    yield Rule(Table.COUNTED, 100, counted, cookie, keep, goto=Table.FORWARDING)
    yield drop_rule(Table.COUNTED, 0, Cookie(Kind.DROP_SHARE))


def _forwarding(plan: Plan, switch: Switch, down: Iterable[PortRef]) -> Iterator[Rule]:
    yield from transit_rules(plan, switch.id, down)
    yield drop_rule(Table.FORWARDING, 0, Cookie(Kind.DROP_FORWARD))


def transit_rules(plan: Plan, switch: str, down: Iterable[PortRef]) -> Iterator[Rule]:
    """Yield the rules that send on what is at home elsewhere, around the lines of *down*."""
    for other, out in sorted(next_hops(plan, switch, down=down).items()):
        dpid = plan.switch[other].dpid
        yield Rule(
            Table.FORWARDING,
            100,
            match(metadata=(dpid << HOME, HOME_MASK)),
            int(Cookie(Kind.TRANSIT, out.port, dpid)),
            (PushVlan(), Move("metadata", "vlan_vid", TAG_BITS, TAG), Output(out.port)),
        )


def _prefix(network: IPv4Network) -> tuple[int, int]:
    return int(network.network_address), int(network.netmask)
