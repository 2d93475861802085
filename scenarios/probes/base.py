"""The probe set: what an attacker or a mistake would send from one place to another.

Each probe has an id, its number in the probe set, how it is sent, and a function from a
`ProbeContext` (who sends, to whom, posing as whom) to frames. What should become of a frame is not
said here: the policy says it. To add a probe, write such a function and put it into `PROBES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address

from scenarios.probes.context import ProbeContext, ProbeFrame, probe_frame, shape_of
from scenarios.probes.pairs import Depth
from scenarios.probes.tags import tags, untagged
from sekisho.compiler.policy_table import inner_ports
from sekisho.model import ECHO, Protocol, Service
from sekisho.model.pools import edges
from sekisho.packet.packet import ARP_REPLY, ARP_REQUEST, TCP_ACK, TCP_RST, TCP_SYN

# Ports that a stranger tries first (IANA service names): remote shells, web, Windows services,
# databases, remote desktop, printers; and the UDP services of every network.
TCP_PORTS = (22, 80, 135, 139, 443, 445, 1433, 1521, 3306, 3389, 5432, 8080, 9100)
UDP_PORTS = (53, 67, 123, 137, 161, 500, 1812, 5060, 5353)
_HIGH_PORT = 61000  # in nobody's service: where replies to a client would go


class Once(Enum):
    """How often a probe is sent: by each source to each target, or once for several of those."""

    PAIR = "pair"
    SUBNET = "subnet"
    SOURCE = "source"


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of the gate.

    Attributes:
        item: Its number in the probe set; 0 for what the set has not.
        frames: What it sends.
        once: How often it is sent.
        depth: How hard a pair must be tried for it to get this probe.
        poses: Whether it takes somebody's name.
        is_bare: Whether its frames are put on the cable itself, past whoever sets tags.
        is_residual: Whether no network can tell right from wrong; measured, not judged.
        is_smoke: Whether the suite ``smoke`` sends it too.
    """

    id: str
    item: int
    frames: Callable[[ProbeContext], Iterator[ProbeFrame]]
    once: Once = Once.PAIR
    depth: Depth = Depth.ALL
    poses: bool = False
    is_bare: bool = False
    is_residual: bool = False
    is_smoke: bool = False


def service(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Knock at every port that the target's services use, and just beside each."""
    knocked = set()
    for offered in context.services:
        for port in offered.edges():
            knocked.add((offered.protocol, port))
            yield probe_frame(context, shape_of(offered.protocol), dport=port)
    for offered in context.services:
        for port in _inside(context, offered):
            yield probe_frame(context, shape_of(offered.protocol), dport=port)
        for ports in offered.ports if offered.has_ports else ():
            for beside in (ports.first - 1, ports.last + 1):
                if 0 < beside < 1 << 16 and (offered.protocol, beside) not in knocked:
                    knocked.add((offered.protocol, beside))
                    yield probe_frame(context, shape_of(offered.protocol), dport=beside)


def _inside(context: ProbeContext, offered: Service) -> Iterator[int]:
    """Ports inside of a wide range, where the source may open it: one for each of its masks."""
    wide = [ports for ports in offered.ports if ports.last - ports.first > 1]
    allows = (a for clause in context.plan.clauses for a in clause.allows) if wide else ()
    if any(
        context.source.source in a.sources
        and a.destination == context.target.destination
        and offered.id in a.services
        for a in allows
    ):
        for ports in wide:
            yield from inner_ports(ports)


def _offered(context: ProbeContext, protocol: Protocol, port: int) -> bool:
    return any(s.covers(protocol, port) for s in context.services)


def tcp_scan(context: ProbeContext) -> Iterator[ProbeFrame]:
    """A SYN to each of the ports that a stranger tries first."""
    for port in TCP_PORTS:
        if not _offered(context, Protocol.TCP, port):  # those are item 1's
            yield probe_frame(context, "tcp", dport=port)


def udp_scan(context: ProbeContext) -> Iterator[ProbeFrame]:
    """A datagram to each of the usual UDP services."""
    for port in UDP_PORTS:
        if not _offered(context, Protocol.UDP, port):
            yield probe_frame(context, "udp", dport=port)


def icmp(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Echo, timestamp and redirect (RFC 792)."""
    others = ("icmp-timestamp", "icmp-redirect")
    is_offered = _offered(context, Protocol.ICMP, ECHO)  # that is item 1's
    for shape in others if is_offered else ("icmp-echo", *others):
        yield probe_frame(context, shape)


def reply_shaped(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Packets that look like replies, to find rules that let "returns" pass stateless."""
    known = _tcp_port(context)
    yield probe_frame(context, "tcp", sport=443, dport=context.ports(), flags=TCP_SYN)
    for port in sorted(
        {p for s in context.services if s.protocol is Protocol.TCP for p in s.edges()}
    ):
        yield probe_frame(context, "tcp", dport=port, flags=TCP_ACK)
    yield probe_frame(context, "tcp", sport=443, dport=context.ports(), flags=TCP_RST)
    yield probe_frame(context, "tcp", sport=known, dport=context.ports(), flags=TCP_SYN | TCP_ACK)
    yield probe_frame(context, "udp", sport=53, dport=_HIGH_PORT)
    own = context.source.services
    for offered in (context.plan.service[name] for name in own):  # a server that speaks first
        for port in offered.edges() if offered.has_ports else ():
            yield probe_frame(
                context, shape_of(offered.protocol), sport=port, dport=context.ports()
            )
        if not offered.has_ports:
            yield probe_frame(context, "icmp-reply")


def _knock(context: ProbeContext) -> tuple[str, int]:
    """The shape and port that the target would most likely let in from somebody."""
    first = next(iter(context.services), None)
    return (shape_of(first.protocol), first.edges()[0]) if first else ("tcp", 443)


def _tcp_port(context: ProbeContext) -> int:
    return next((s.edges()[0] for s in context.services if s.protocol is Protocol.TCP), 443)


def fragment(context: ProbeContext) -> Iterator[ProbeFrame]:
    """The first fragment of a SYN, with more to come (RFC 791; RFC 1858)."""
    yield probe_frame(context, "fragment", dport=_tcp_port(context))


def tagged(context: ProbeContext) -> Iterator[ProbeFrame]:
    """An 802.1Q tag with the VLAN number of the target's zone."""
    yield probe_frame(context, "tagged", dport=_tcp_port(context))


def spoof_ip(context: ProbeContext) -> Iterator[ProbeFrame]:
    """With the IP address of somebody who may."""
    shape, port = _knock(context)
    yield probe_frame(context, shape, dport=port, ip_src=context.victim.ip)


def spoof_mac(context: ProbeContext) -> Iterator[ProbeFrame]:
    """With the MAC address of somebody who may."""
    shape, port = _knock(context)
    yield probe_frame(context, shape, dport=port, eth_src=context.victim.mac)


def spoof_both(context: ProbeContext) -> Iterator[ProbeFrame]:
    """With both; the port is then the only truth."""
    shape, port = _knock(context)
    victim = context.victim
    yield probe_frame(context, shape, dport=port, eth_src=victim.mac, ip_src=victim.ip)


def arp_pose(context: ProbeContext) -> Iterator[ProbeFrame]:
    """An ARP request in the name of somebody else, MAC and IP (RFC 826)."""
    victim = context.victim
    gateway = context.plan.gateway(victim)
    everybody = "ff:ff:ff:ff:ff:ff"
    yield probe_frame(
        context,
        "arp",
        eth_dst=everybody,
        eth_src=victim.mac,
        flags=ARP_REQUEST,
        ip_src=victim.ip,
        ip_dst=gateway,
    )


def spoof_and_ask(context: ProbeContext) -> Iterator[ProbeFrame]:
    """In the name of somebody else, as an IPv4 packet and as an ARP request."""
    yield from spoof_both(context)
    yield from arp_pose(context)


def arp_gateway(context: ProbeContext) -> Iterator[ProbeFrame]:
    """An ARP reply to all that claims the gateway of the target's subnet (RFC 5227)."""
    gateway = context.plan.gateway(context.target)
    yield probe_frame(
        context, "arp", eth_dst="ff:ff:ff:ff:ff:ff", flags=ARP_REPLY, ip_src=gateway, ip_dst=gateway
    )


def arp_ask(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Honest requests: neighbours, both sides of the edges, oneself, somebody far."""
    own = context.plan.subnet(context.source)
    near = (own[1], own[-2], context.source.ip, context.plan.gateway(context.target))
    mine = context.plan.gateway(context.source)
    for asked in (
        *near,
        *(() if mine in near else (mine,)),
        *(address for pair in edges(own) for address in pair),
    ):
        yield probe_frame(
            context, "arp", eth_dst="ff:ff:ff:ff:ff:ff", flags=ARP_REQUEST, ip_dst=asked
        )


def ethertype(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Protocols that a town does not speak: LLDP, and two for experiments (IEEE 802)."""
    for number in (0x88CC, 0x88B5, 0x88B6):
        yield probe_frame(context, "other", dport=number, eth_dst=context.target.mac)


def group(context: ProbeContext) -> Iterator[ProbeFrame]:
    """MDNS's group (RFC 6762), the subnet's broadcast and the limited one (RFC 919)."""
    everybody = "ff:ff:ff:ff:ff:ff"
    mdns = IPv4Address("224.0.0.251")
    yield probe_frame(context, "udp", dport=5353, eth_dst="01:00:5e:00:00:fb", ip_dst=mdns)
    directed = context.plan.subnet(context.target).broadcast_address
    yield probe_frame(context, "udp", dport=137, eth_dst=everybody, ip_dst=directed)
    yield probe_frame(
        context, "udp", dport=67, eth_dst=everybody, ip_dst=IPv4Address("255.255.255.255")
    )


def nobody(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Addresses that nobody has, now or ever; one's own; datagrams that must not be passed on."""
    yield probe_frame(context, "udp", dport=443, ip_dst=context.plan.subnet(context.target)[-2])
    for address in context.vacant:
        yield probe_frame(context, "icmp-echo", ip_dst=address)
    yield probe_frame(context, "udp", dport=443, ip_dst=context.source.ip)
    for own in _own_services(context):
        yield probe_frame(
            context, shape_of(own.protocol), dport=own.edges()[0], ip_dst=context.source.ip
        )
    for shape in ("udp-ttl1", "udp-ttl0"):
        yield probe_frame(context, shape, dport=443)


def _own_services(context: ProbeContext) -> list[Service]:
    """What the source's own class may open on the source's own class."""
    allows = (allow for clause in context.plan.clauses for allow in clause.allows)
    here = (a for a in allows if a.destination == context.source.destination)
    names = dict.fromkeys(n for a in here if context.source.source in a.sources for n in a.services)
    return [context.plan.service[name] for name in names]


def ipv6(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Link-local and unique local datagrams, and a router advertisement (RFC 4861)."""
    yield probe_frame(context, "udp6-local", dport=443, eth_dst=context.target.mac)
    yield probe_frame(context, "udp6-ula", dport=443)
    yield probe_frame(context, "ra", eth_dst="33:33:00:00:00:01")


def foreign_l2(context: ProbeContext) -> Iterator[ProbeFrame]:
    """Straight to the target's MAC, past the router, with its and with a foreign IP."""
    shape, port = _knock(context)
    foreign = context.plan.gateway(context.target)
    yield probe_frame(context, shape, dport=port, eth_dst=context.target.mac)
    yield probe_frame(context, shape, dport=port, eth_dst=context.target.mac, ip_dst=foreign)


#: Item 17, the reverse of every direction, is there because every attachment is a source as well as
#: a target.
PROBES: tuple[Probe, ...] = (
    Probe("service", 1, service, depth=Depth.SERVICES, is_smoke=True),
    Probe("tcp-scan", 2, tcp_scan, depth=Depth.POLICY),
    Probe("udp-scan", 3, udp_scan),
    Probe("icmp", 4, icmp, depth=Depth.SERVICES, is_smoke=True),
    Probe("reply-shaped", 5, reply_shaped, depth=Depth.POLICY),
    Probe("fragment", 6, fragment),
    Probe("spoof-ip", 7, spoof_ip, poses=True),
    Probe("spoof-mac", 8, spoof_mac, poses=True),
    Probe("spoof-both", 9, spoof_both, poses=True, is_smoke=True),
    Probe("tagged", 10, tagged),
    Probe("tags", 10, tags),
    Probe("untagged", 10, untagged, is_bare=True),
    Probe("arp-gateway", 11, arp_gateway, once=Once.SUBNET, is_smoke=True),
    Probe("arp-ask", 11, arp_ask, once=Once.SOURCE),
    Probe("ipv6", 12, ipv6, once=Once.SUBNET),
    Probe("ethertype", 13, ethertype, once=Once.SOURCE),
    Probe("group", 14, group, once=Once.SOURCE),
    Probe("nobody", 0, nobody, once=Once.SOURCE),
    Probe("foreign-l2", 15, foreign_l2),
)
#: Sent in the name of each of several others, not once to each target: see `identities`.
SIBLING = Probe("spoof-sibling", 9, spoof_both, poses=True, is_residual=True, is_smoke=True)
NEIGHBOUR = Probe("spoof-neighbour", 9, spoof_and_ask, poses=True)
POSING = (SIBLING, NEIGHBOUR)
