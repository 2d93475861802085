"""V6: IPv6. The town does not use it, so every frame of it must die where it enters."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.dhcp6 import DHCP6_Advertise, DHCP6OptDNSServers
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6MLDMultAddrRec,
    ICMPv6MLReport2,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NIQueryName,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    Jumbo,
    PadN,
    RouterAlert,
)
from scapy.packet import Packet, Raw

from scenarios.probes.builders import client, frame, sample, token, trailer
from scenarios.probes.frames import blank
from scenarios.probes.headers import NODES, datagram, group_mac6, ipv6, local6
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

_EMPTY_OPTIONS = bytes((60, 0, 1, 4, 0, 0, 0, 0))  # RFC 8200, 4.6: PadN, another one follows
_ATOMIC = bytes((44, 0, 0, 0, 0, 0, 0, 1))  # RFC 6946: offset 0, no more, another one follows
_DESTINATION_OPTIONS, _FRAGMENT, _UDP = 60, 44, 17  # IANA protocol numbers


def _mapped(r: Roles) -> tuple[str, str]:
    return f"::ffff:{r.w.ip}", f"::ffff:{r.r.ip}"


def _marked(next_header: int) -> Raw:
    """Destination options with the token in a PadN: near enough to the start to be heard."""
    return Raw(bytes((next_header, 2, 1, 20)) + blank() + bytes(4))


def _chain(header: bytes, number: int) -> Raw:
    """*header* repeated; the last one says that UDP follows."""
    return Raw(header * (number - 1) + bytes((_UDP,)) + header[1:])


@entry("V6-01", "link-local to the target", "RFC 7123")
def link_local(r: Roles) -> Iterator[Sendable]:
    """Every interface has such an address, whether the plan knows it or not."""
    for hop in (r.r, r.g):
        yield frame(r.w, hop) / IPv6(src=r.w.ll, dst=r.r.ll) / datagram()


@entry("V6-02", "unique local to the target", "RFC 9099")
def unique_local(r: Roles) -> Iterator[Sendable]:
    """Straight, and through the router."""
    for hop in (r.r, r.g):
        yield ipv6(r.w, hop, r.r) / datagram()


@entry("V6-03", "a rogue router advertisement", "RFC 6104; fake_router26")
def advertisement(r: Roles) -> Iterator[Sendable]:
    """A prefix and a default route from a terminal."""
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:bad::", prefixlen=64)
    yield local6(r.w, NODES) / ICMPv6ND_RA(routerlifetime=1800) / prefix / trailer()


@entry("V6-04", "an advertisement behind destination options", "RFC 7113")
def hidden_advertisement(r: Roles) -> Iterator[Sendable]:
    """A controller that looks for next header 58 sees 60."""
    yield local6(r.w, NODES) / IPv6ExtHdrDestOpt() / ICMPv6ND_RA() / trailer()


@entry("V6-05", "an advertisement in fragments", "RFC 6980; RFC 7113")
def cut_advertisement(r: Roles) -> Iterator[Sendable]:
    """The type stands in the second fragment only."""
    first = IPv6ExtHdrFragment(nh=_DESTINATION_OPTIONS, m=1, id=1)
    yield local6(r.w, NODES) / first / _marked(58)
    later = IPv6ExtHdrFragment(nh=_DESTINATION_OPTIONS, offset=3, id=1)
    yield local6(r.w, NODES) / later / Raw(bytes(ICMPv6ND_RA(cksum=1))) / token()


@entry("V6-06", "a first fragment without ports", "RFC 7112")
def split_chain(r: Roles) -> Iterator[Sendable]:
    """The chain of headers ends in the second fragment."""
    first = IPv6ExtHdrFragment(nh=_DESTINATION_OPTIONS, m=1, id=2)
    yield ipv6(r.w, r.g, r.r) / first / _marked(_UDP)
    later = IPv6ExtHdrFragment(nh=_DESTINATION_OPTIONS, offset=3, id=2)
    yield ipv6(r.w, r.g, r.r) / later / Raw(bytes(UDP(sport=client(), dport=9))) / token()


@entry("V6-07", "fragment headers without fragments", "RFC 6946; firewall6")
def atomic(r: Roles) -> Iterator[Sendable]:
    """One, two, and more than any parser counts."""
    for number in (1, 2, 130):
        chain = _chain(_ATOMIC, number)
        head = ipv6(r.w, r.g, r.r, nh=_DESTINATION_OPTIONS)
        yield head / _marked(_FRAGMENT) / chain / datagram()


@entry("V6-08", "overlapping fragments", "RFC 5722; frag6")
def overlap(r: Roles) -> Iterator[Sendable]:
    """The second one writes over what the first one said."""
    ports = bytes(UDP(sport=client(), dport=443))
    first = IPv6ExtHdrFragment(nh=_UDP, m=1, id=3)
    yield ipv6(r.w, r.g, r.r) / first / Raw(ports + blank())
    again = IPv6ExtHdrFragment(nh=_UDP, offset=1, id=3)
    yield ipv6(r.w, r.g, r.r) / again / token()


@entry("V6-09", "a later fragment alone", "RFC 8200, 4.5; Open vSwitch, Fragments")
def later_fragment(r: Roles) -> Iterator[Sendable]:
    """Without ports, and with nothing to wait for."""
    yield ipv6(r.w, r.g, r.r) / IPv6ExtHdrFragment(nh=_UDP, offset=100, id=4) / token()


@entry("V6-10", "a neighbour advertisement for the target and the gateway", "RFC 3756; parasite6")
def claim(r: Roles) -> Iterator[Sendable]:
    """To all nodes: their address is at my MAC."""
    for owner in (r.r, r.g):
        says = ICMPv6ND_NA(tgt=owner.ip6, R=0, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=r.w.mac)
        yield local6(r.w, NODES, src=owner.ll) / says / trailer()


@entry("V6-11", "an advertisement for somebody else's address", "CVE-2023-5366")
def foreign_claim(r: Roles) -> Iterator[Sendable]:
    """The IPv6 source is honest, the target inside is not."""
    says = ICMPv6ND_NA(tgt=r.r.ip6, R=0, S=1, O=1) / ICMPv6NDOptDstLLAddr(lladdr=r.w.mac)
    yield frame(r.w, r.t) / IPv6(src=r.w.ll, dst=r.t.ll) / says / trailer()


@entry("V6-12", "denying the target its address", "RFC 4862, 5.4; dos-new-ip6")
def duplicate(r: Roles) -> Iterator[Sendable]:
    """A probe for duplicates, from nobody."""
    group = "ff02::1:ff" + r.r.ip6[-7:] if r.r.ip6[-5] == ":" else NODES
    yield local6(r.w, group, src="::") / ICMPv6ND_NS(tgt=r.r.ip6) / trailer()


@entry("V6-13", "a redirect in the router's name", "RFC 4861, 8; redir6")
def redirect(r: Roles) -> Iterator[Sendable]:
    """The way to the target is through me."""
    says = ICMPv6ND_Redirect(tgt=r.w.ll, dst=r.r.ip6)
    yield frame(r.w, r.t) / IPv6(src=r.g.ll, dst=r.t.ll) / says / trailer()


@entry("V6-14", "a rogue DHCPv6 server", "RFC 7610; fake_dhcps6")
def dhcp6(r: Roles) -> Iterator[Sendable]:
    """Names are asked of me."""
    offer = DHCP6_Advertise(trid=1) / DHCP6OptDNSServers(dnsservers=[r.w.ip6])
    ports = UDP(sport=547, dport=546)
    yield frame(r.w, r.t) / IPv6(src=r.w.ll, dst=r.t.ll) / ports / offer / trailer()


@entry("V6-15", "hop-by-hop options", "RFC 9673; RFC 2675; jumbo6")
def hop_by_hop(r: Roles) -> Iterator[Sendable]:
    """Router alert, jumbogram and padding: handed to slow processors."""
    for option in (RouterAlert(), Jumbo(jumboplen=70000), PadN(optdata=bytes(4))):
        yield ipv6(r.w, r.g, r.r) / IPv6ExtHdrHopByHop(options=[option]) / datagram()


@entry("V6-16", "routing header 0 through a peer", "RFC 5095")
def source_route(r: Roles) -> Iterator[Sendable]:
    """An allowed peer is asked to pass it on."""
    for hop in (r.p, r.g):
        route = IPv6ExtHdrRouting(type=0, addresses=[r.r.ip6])
        yield ipv6(r.w, hop, r.p) / route / datagram()


@entry("V6-17", "segment routing through the gateway", "RFC 8754")
def segments(r: Roles) -> Iterator[Sendable]:
    """The next segment is the target."""
    route = IPv6ExtHdrSegmentRouting(addresses=[r.r.ip6, r.g.ip6], segleft=1, lastentry=1)
    yield ipv6(r.w, r.g, r.g) / route / datagram()


@entry("V6-18", "long chains of options", "RFC 7112; firewall6")
def long_chain(r: Roles) -> Iterator[Sendable]:
    """One, three, and more than any parser follows."""
    for number in (1, 3, 130):
        chain = _chain(_EMPTY_OPTIONS, number)
        head = ipv6(r.w, r.g, r.r, nh=_DESTINATION_OPTIONS)
        yield head / _marked(_DESTINATION_OPTIONS) / chain / datagram()


@entry("V6-19", "no next header, and unknown ones", "RFC 8200, 4.7; RFC 7045")
def unknown_next(r: Roles) -> Iterator[Sendable]:
    """Data where there should be none; mobility, HIP, Shim6 and experiments."""
    for number in (59, 253, 254, 135, 139, 140):
        yield ipv6(r.w, r.g, r.r, nh=number) / token()


@entry("V6-20", "AH and ESP in front of TCP", "RFC 4302; RFC 4303")
def secured(r: Roles) -> Iterator[Sendable]:
    """The ports are further back, or cannot be read."""
    segment = TCP(sport=client(), dport=r.r.port, flags="S") / token()
    yield ipv6(r.w, r.g, r.r, nh=51) / Raw(bytes((6, 4)) + bytes(22)) / segment
    yield ipv6(r.w, r.g, r.r, nh=50) / Raw(bytes((0, 0, 0, 1, 0, 0, 0, 1))) / token()


@entry("V6-21", "IPv4-mapped addresses on the wire", "RFC 4942, 2.2")
def mapped(r: Roles) -> Iterator[Sendable]:
    """The same two parties, as another family."""
    source, target = _mapped(r)
    for hop in (r.r, r.g):
        yield ipv6(r.w, hop, target, src=source) / datagram()


@entry("V6-22", "6to4, NAT64 and ISATAP targets", "RFC 6324; RFC 6052; RFC 5214")
def embedded(r: Roles) -> Iterator[Sendable]:
    """The target's IPv4 address inside an IPv6 one that somebody may translate."""
    octets = bytes(int(part) for part in r.r.ip.split("."))
    high, low = octets[:2].hex(), octets[2:].hex()
    for target in (f"2002:{high}:{low}::1", f"64:ff9b::{high}:{low}", f"fe80::5efe:{high}:{low}"):
        yield ipv6(r.w, r.g, target) / datagram()


@entry("V6-23", "echo to the groups that everybody joins", "RFC 4291, 2.7.1")
def groups(r: Roles) -> Iterator[Sendable]:
    """All nodes, all routers, SSDP, mDNS."""
    for group in (NODES, "ff02::2", "ff02::c", "ff02::fb"):
        yield local6(r.w, group) / ICMPv6EchoRequest(data=blank())


@entry("V6-24", "groups of every scope", "RFC 7346")
def scopes(r: Roles) -> Iterator[Sendable]:
    """From the interface to the whole world."""
    for scope in (1, 2, 3, 4, 5, 8, 14):
        group = f"ff0{scope:x}::1"
        yield ipv6(r.w, group_mac6(group), group) / datagram()


@entry("V6-25", "listener reports for foreign groups", "RFC 3810; fake_mldrouter6")
def listener(r: Roles) -> Iterator[Sendable]:
    """A join that a snooping switch would believe."""
    record = ICMPv6MLDMultAddrRec(rtype=4, dst="ff05::1:3")
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
    yield local6(r.w, "ff02::16", hlim=1) / alert / ICMPv6MLReport2(records=[record]) / trailer()


@entry("V6-26", "a question for names and addresses", "RFC 4620; node_query6")
def node_information(r: Roles) -> Iterator[Sendable]:
    """Who is there?"""
    yield local6(r.w, NODES) / ICMPv6NIQueryName(nonce=bytes(8), data="resident") / trailer()


@entry("V6-27", "sources that nobody can have", "RFC 4291, 2.5")
def martians(r: Roles) -> Iterator[Sendable]:
    """Nobody, a group, oneself, and a long dead form."""
    for source in ("::", NODES, "::1", f"::{r.w.ip}"):
        yield ipv6(r.w, r.g, r.r, src=source) / datagram()


@entry("V6-28", "an advertisement that only names a resolver", "RFC 8106")
def resolver(r: Roles) -> Iterator[Sendable]:
    """No route, so no route guard is alarmed."""
    names = ICMPv6NDOptRDNSS(dns=[r.w.ip6])
    yield local6(r.w, NODES) / ICMPv6ND_RA(routerlifetime=0) / names / trailer()


@entry("V6-29", "a sweep that exhausts neighbour tables", "RFC 6583; ndpexhaust26")
def sweep(r: Roles) -> Iterator[Sendable]:
    """Two hundred addresses that nobody has."""
    for number in sample(r, range(1, 201)):
        yield ipv6(r.w, r.g, f"fd00:10::{number:x}") / datagram()


@entry("V6-30", "in somebody else's name", "RFC 7039")
def spoofed(r: Roles) -> Iterator[Sendable]:
    """The source of a party that the target lets in."""
    for hop in (r.r, r.g):
        packet: Packet = ipv6(r.w, hop, r.r, src=r.t.ip6) / datagram()
        yield packet
