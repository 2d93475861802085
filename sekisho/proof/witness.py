"""A packet of a difference, carried through the tables by the reference switch, rule by rule.

The sets and this walk share no code: where they do not agree, the model is wrong and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sekisho.errors import RuleError
from sekisho.model import Plan, PortRef
from sekisho.openflow.reference_switch import Headers, Switch
from sekisho.openflow.rules import CT_TRACKED, Rule, Track
from sekisho.packet.packet import ETH_ARP, ETH_IPV4
from sekisho.proof.fields import ICMP, TCP, UDP
from sekisho.proof.verdict import Difference, Packet, Wrong

_MAX_HOPS = 64
#: What a tracker may say: new, established, a reply, invalid (ovs-fields(7), "ct_state").
_SAID = (0b00001, 0b00010, 0b01010, 0b10000)
_ARP = ("arp_op", "arp_spa", "arp_tpa", "arp_sha", "arp_tha")
_IP = ("ipv4_src", "ipv4_dst", "ip_proto", "ip_frag", "nw_ttl")
_FRESH = ("metadata", "reg0", "ct_state", "ct_mark")


@dataclass(frozen=True, slots=True)
class Step:
    """What one switch does with the packet.

    Attributes:
        rules: Rules that it meets, in order.
        out: Ports that it leaves by; empty where it dies.
        state: What the switch's tracker says, the lower bits of ``ct_state``.
    """

    at: PortRef
    rules: tuple[Rule, ...]
    out: tuple[int, ...]
    state: int


@dataclass(frozen=True, slots=True)
class Walk:
    """The way of one packet.

    Attributes:
        steps: Switch by switch.
        ends: Edge ports that it leaves by, with its fields there.
    """

    steps: tuple[Step, ...]
    ends: tuple[tuple[PortRef, Headers], ...]


class Walker:
    """Carries single packets through tables.

    Args:
        plan: Its switches and lines.
        tables: By switch.
        down: Ends of the lines that carry nothing.
    """

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[str, tuple[Rule, ...]],
        down: Iterable[PortRef] = (),
    ) -> None:
        self._tables, self._down = tables, frozenset(down)
        self._peer = {link.a: link.b for link in plan.links}
        self._peer |= {link.b: link.a for link in plan.links}
        marking = {
            action.zone
            for rules in tables.values()
            for rule in rules
            for action in rule.actions
            if isinstance(action, Track) and action.mark
        }
        self._zones = tuple(sorted(marking))
        self._switches: dict[tuple[int, ...], dict[str, Switch]] = {}  # by the zones that are full

    def shown(self, difference: Difference) -> Walk:
        """Return the way of a difference's packet.

        Raises:
            RuleError: The packet does not do what the sets say: the model is wrong.
        """
        walks = list(self._walks(difference.packet, apart=difference.wrong is Wrong.APART))
        fits = [walk for walk in walks if _shows(difference, walk)]
        if not fits:
            raise RuleError(
                f"the proof says {difference.wrong.value} at {difference.at}, and the reference "
                f"switch does not: {difference.packet}\n  hint: a fault of the proof; please report"
            )
        return min(fits, key=lambda walk: len(walk.steps))

    def way(self, packet: Packet) -> Walk:
        """Return the way of *packet*, whatever becomes of it."""
        return next(self._walks(packet, apart=False))

    def _walks(self, packet: Packet, *, apart: bool) -> Iterator[Walk]:
        """Yield every way of *packet*: one; several where each tracker may say what it likes."""
        full = () if packet.has_room else self._zones
        if full not in self._switches:
            made = {name: Switch(rules, full) for name, rules in self._tables.items()}
            self._switches[full] = made
        switches = self._switches[full]
        yield from self._from(switches, ((packet.source, fields(packet)),), packet.phase, apart, ())

    def _from(
        self,
        switches: Mapping[str, Switch],
        waiting: tuple[tuple[PortRef, Headers], ...],
        phase: int,
        apart: bool,
        steps: tuple[Step, ...],
    ) -> Iterator[Walk]:
        ends = [place for place in waiting if place[0] not in self._peer and steps]
        under_way = [place for place in waiting if place not in ends]
        if not under_way or len(steps) >= _MAX_HOPS:
            yield Walk(steps, tuple(ends))
            return
        (at, now), rest = under_way[0], (*under_way[1:], *ends)
        if steps:
            at = self._peer[at]
        for said in _SAID if apart and now["eth_type"] == ETH_IPV4 else (phase,):
            here = {**now, **dict.fromkeys(_FRESH, 0), "in_port": at.port}
            hop = switches[at.switch].run(here, said | CT_TRACKED)
            out = ((PortRef(at.switch, port), dict(f)) for port, f in hop.out)
            left = tuple(place for place in out if place[0] not in self._down)
            step = Step(at, hop.path, tuple(port for port, _ in hop.out), said)
            yield from self._from(switches, (*rest, *left), phase, apart, (*steps, step))


def fields(packet: Packet) -> Headers:
    """Return the match fields of *packet* as sent, with absent layers absent."""
    sent = packet.sent
    out = {name: sent[name] for name in ("eth_src", "eth_dst", "eth_type", "vlan_vid")}
    if sent["eth_type"] == ETH_ARP:
        out |= {name: sent[name] for name in _ARP}
    if sent["eth_type"] == ETH_IPV4:
        out |= {name: sent[name] for name in _IP}
        kind = {TCP: "tcp", UDP: "udp"}.get(sent["ip_proto"])
        if kind:
            out |= {f"{kind}_src": sent["tp_src"], f"{kind}_dst": sent["tp_dst"]}
        if sent["ip_proto"] == ICMP:
            out["icmpv4_type"] = sent["tp_src"]
        if kind == "tcp":
            out["tcp_flags_nxm"] = sent["tcp_flags_nxm"]
    return out


def _shows(difference: Difference, walk: Walk) -> bool:
    """Tell whether *walk* is as the sets say of the packet."""
    if difference.wrong is Wrong.RETURNS:
        met = [step.at.switch for step in walk.steps]
        return met.count(difference.at.switch) > 1
    arrived = [now for at, now in walk.ends if at == difference.at]
    there = any(_is(difference.packet.now, now) for now in arrived)
    return there != (difference.wrong is Wrong.MISSING)


def _is(wanted: Mapping[str, int], now: Headers) -> bool:
    ports = {"tp_src": ("tcp_src", "udp_src", "icmpv4_type"), "tp_dst": ("tcp_dst", "udp_dst")}
    for name, value in wanted.items():
        names = ports.get(name, (name,))
        if any(n in now and now[n] != value for n in names):
            return False
    return True
