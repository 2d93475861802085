"""I4: the IPv4 header and its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from scapy.layers.hsrp import HSRP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.rip import RIP, RIPEntry
from scapy.layers.vrrp import VRRP
from scapy.packet import Packet, Raw

from scenarios.probes.builders import (
    ALL,
    DISCARD,
    client,
    frame,
    knock,
    message,
    sample,
    stack,
    straight,
    token,
    trailer,
    udp,
    vary,
)
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

# Byte offsets behind an Ethernet header (RFC 791): version and TOS, TTL and protocol, checksum.
_TOS, _TTL, _SUM = 14, 22, 24
_SOURCE, _UDP_SUM = 34, 40  # RFC 768


def _between(source: str, target: str) -> Packet:
    """Return a datagram between any two addresses."""
    return stack(IP(src=source, dst=target), UDP(sport=client(), dport=DISCARD), token())


def _odd(r: Roles, header: IP) -> Iterator[Packet]:
    """Yield a datagram from source to target whose header says something odd."""
    header.src, header.dst = r.w.ip, r.r.ip
    yield from straight(r, header / UDP(sport=client(), dport=r.r.port) / token())


def _subnet(address: str) -> IPv4Network:
    return IPv4Network(f"{address}/24", strict=False)


@entry("I4-01", "the plain forbidden datagram", "policy")
def plain(r: Roles) -> Iterator[Sendable]:
    """Through the router, as a true terminal would send it."""
    yield udp(r.w, r.g, r.r)
    yield udp(r.w, r.g, r.r, dport=r.r.port)
    yield frame(r.w, r.g) / knock(r.w, r.r)


@entry("I4-02", "the way back", "both directions")
def reverse(r: Roles) -> Iterator[Sendable]:
    """From the target to the source, where rules were written for one direction."""
    yield r.r.id, udp(r.r, r.g, r.w)
    yield r.r.id, udp(r.r, r.w, r.w)


@entry("I4-03", "through the router and past it", "AirSnitch gateway bouncing")
def both_hops(r: Roles) -> Iterator[Sendable]:
    """To the router's MAC, and to the target's own."""
    yield from straight(r, message(r.w, r.r))
    yield from straight(r, knock(r.w, r.r))


@entry("I4-04", "through a third party", "RFC 1122, 3.3.4.2; CVE-2019-14899")
def third_party(r: Roles) -> Iterator[Sendable]:
    """To the MAC of somebody who may forward what is not for him; and past the router to him."""
    for hop in (r.p, r.x, r.b, r.t):
        yield frame(r.w, hop) / knock(r.w, r.r)
        yield frame(r.w, hop) / knock(r.w, hop)


@entry("I4-05", "in the name of a party that may", "BCP 38 (RFC 2827)")
def trusted_address(r: Roles) -> Iterator[Sendable]:
    """With the IP address of somebody who is let in."""
    yield from straight(r, knock(r.t, r.r))


@entry("I4-06", "from the target to itself", "CVE-1999-0016 (LAND)")
def land(r: Roles) -> Iterator[Sendable]:
    """With the target's own address, and the same from the target's own port."""
    yield from straight(r, knock(r.r, r.r))
    yield r.r.id, frame(r.r, r.g) / knock(r.r, r.r)


@entry("I4-07", "loopback addresses", "CVE-2020-8558; RFC 1122")
def loopback(r: Roles) -> Iterator[Sendable]:
    """To and from 127.0.0.1, which should never leave a host."""
    yield from straight(r, _between(r.w.ip, "127.0.0.1"))
    yield from straight(r, _between("127.0.0.1", r.r.ip))


@entry("I4-08", "impossible sources", "RFC 6890")
def martians(r: Roles) -> Iterator[Sendable]:
    """From nobody, everybody, a group, and a reserved address."""
    for source in ("0.0.0.0", "255.255.255.255", "224.0.0.1", "240.0.0.1"):
        yield from straight(r, _between(source, r.r.ip))


@entry("I4-09", "link-local addresses", "RFC 3927")
def link_local(r: Roles) -> Iterator[Sendable]:
    """With addresses that every host may make up."""
    yield from straight(r, _between("169.254.9.9", r.r.ip))
    yield from straight(r, _between("169.254.9.9", "169.254.1.1"))
    yield from straight(r, _between(r.w.ip, "169.254.1.1"))


@entry("I4-10", "broadcast of the target's subnet", "RFC 2644")
def directed_broadcast(r: Roles) -> Iterator[Sendable]:
    """To the first and the last address of the subnet, which older stacks hear."""
    for address in (_subnet(r.r.ip).broadcast_address, _subnet(r.r.ip).network_address):
        yield from straight(r, _between(r.w.ip, str(address)))


@entry("I4-11", "limited broadcast", "RFC 919")
def limited_broadcast(r: Roles) -> Iterator[Sendable]:
    """To everybody on one's own segment, of which there is none."""
    for mac in (ALL, r.g.mac):
        yield frame(r.w, mac) / _between(r.w.ip, "255.255.255.255")


@entry("I4-12", "unlisted address beside the target", "rule completeness")
def beside(r: Roles) -> Iterator[Sendable]:
    """To addresses of the target's subnet that hosts may get tomorrow."""
    for number in (77, 253):
        yield from straight(r, _between(r.w.ip, str(_subnet(r.r.ip)[number])))


@entry("I4-13", "just outside the subnet", "boundary values")
def outside(r: Roles) -> Iterator[Sendable]:
    """To both sides of each edge of the subnet, by the source and by a welcome party."""
    first = int(_subnet(r.r.ip).network_address)
    for edge in (first - 1, first, first + 255, first + 256):
        address = str(IPv4Network(edge).network_address)
        yield frame(r.w, r.g) / _between(r.w.ip, address)
        yield r.t.id, frame(r.t, r.g) / _between(r.t.ip, address)


@entry("I4-14", "other IP versions", "thc-ipv6 firewall6", exotic=True)
def versions(r: Roles) -> Iterator[Sendable]:
    """With version 0, 5, 6 and 15 in an IPv4 header."""
    for version in (0, 5, 6, 15):
        yield from _odd(r, IP(version=version))


@entry("I4-15", "wrong header length", "CVE-2016-10377", exotic=True)
def header_length(r: Roles) -> Iterator[Sendable]:
    """With a header that is too short to be one, or longer than the packet."""
    for length in (0, 4, 6, 15):
        yield from _odd(r, IP(ihl=length))


@entry("I4-16", "wrong total length", "RFC 6274", exotic=True)
def total_length(r: Roles) -> Iterator[Sendable]:
    """With a length of nothing, of less than a header, of a header alone, and of far too much."""
    for length in (0, 19, 20, 27, 65535):
        yield from _odd(r, IP(len=length))


@entry("I4-17", "wrong header checksum", "nmap --badsum")
def checksum(r: Roles) -> Iterator[Sendable]:
    """With a checksum that a router must refuse, and a careless one does not."""
    yield from _odd(r, IP(chksum=0xDEAD))


@entry("I4-18", "IP protocol 0", "CVE-2023-1668")
def protocol_zero(r: Roles) -> Iterator[Sendable]:
    """With the protocol that made Open vSwitch install too wide a rule; then plainly."""
    yield from straight(r, IP(src=r.w.ip, dst=r.r.ip, proto=0) / token())
    yield from straight(r, message(r.w, r.r))


@entry("I4-19", "all 256 IP protocols", "nmap -sO")
def every_protocol(r: Roles) -> Iterator[Sendable]:
    """With every protocol number, where rules name only three."""
    packet = IP(src=r.w.ip, dst=r.r.ip, proto=0) / Raw(bytes(32)) / token()
    raw = bytes(frame(r.w, r.g) / packet)
    for number in sample(r, range(256)):
        yield vary(raw, _TTL, 64 << 8 | number, _SUM)


@entry("I4-20", "all 256 service classes", "RFC 2474; RFC 3168")
def every_class(r: Roles) -> Iterator[Sendable]:
    """With every TOS byte, where a rule for quality may stand above the one that drops."""
    raw = bytes(udp(r.w, r.g, r.r))
    for number in sample(r, range(256)):
        classed = vary(raw, _TOS, 0x45 << 8 | number, _SUM)
        yield vary(classed, _SOURCE, client(), _UDP_SUM)


@entry("I4-21", "reserved flag", "RFC 3514")
def evil_bit(r: Roles) -> Iterator[Sendable]:
    """With the one bit of the fragment word that means nothing."""
    yield from _odd(r, IP(flags=4))


@entry("I4-22", "TTL 0, 1, 2 and 255", "Ptacek and Newsham 1998; firewalk")
def lifetimes(r: Roles) -> Iterator[Sendable]:
    """With lifetimes that end in the router, behind it, and never."""
    for lifetime in (0, 1, 2, 255):
        yield from _odd(r, IP(ttl=lifetime))


@entry("I4-23", "routes announced by a terminal", "RFC 2328; RFC 2453; RFC 5880")
def routing(r: Roles) -> Iterator[Sendable]:
    """Offer a way to the target's subnet by OSPF, EIGRP, RIP and BFD."""
    for protocol, group in ((89, 5), (88, 10)):
        header = IP(src=r.w.ip, dst=f"224.0.0.{group}", proto=protocol, ttl=1)
        yield frame(r.w, f"01:00:5e:00:00:{group:02x}") / header / token()
    route = RIPEntry(addr=str(_subnet(r.r.ip)[0]), mask="255.255.255.0", metric=1)
    header = IP(src=r.w.ip, dst="224.0.0.9", ttl=1) / UDP(sport=520, dport=520)
    yield frame(r.w, "01:00:5e:00:00:09") / header / RIP(cmd=2, version=2) / route / trailer()
    control = UDP(sport=client(), dport=3784) / Raw(b"\x20\xc0\x03\x18" + bytes(20)) / token()
    yield frame(r.w, r.g) / IP(src=r.w.ip, dst=r.g.ip, ttl=255) / control


@entry("I4-24", "take the router's part", "RFC 9568; yersinia HSRP; CARP")
def first_hop(r: Roles) -> Iterator[Sendable]:
    """Claim to be the router by VRRP and by HSRP, with the shared MAC and with the own."""
    claim = VRRP(vrid=1, priority=255, addrlist=[r.g.ip]) / trailer()
    header = IP(src=r.w.ip, dst="224.0.0.18", ttl=255)
    for mac in ("00:00:5e:00:01:01", r.w.mac):
        yield Ether(src=mac, dst="01:00:5e:00:00:12") / header / claim
    active = HSRP(state=16, priority=255, virtualIP=r.g.ip) / trailer()
    ports = UDP(sport=1985, dport=1985)
    yield frame(r.w, "01:00:5e:00:00:02") / IP(src=r.w.ip, dst="224.0.0.2", ttl=1) / ports / active
