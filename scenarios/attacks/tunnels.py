"""TU: tunnels. The outer header is what the policy judges; the inner one must never be opened."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import GRE
from scapy.packet import Raw

from scenarios.probes.builders import client, tcp, token
from scenarios.probes.headers import (
    carried,
    datagram,
    dns_question,
    inner_frame,
    inner_ip,
    ipv4,
    ipv6,
)
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

_PPP_IPV4 = b"\xff\x03\x00\x21"  # RFC 1661, 2; RFC 1332
_AH = struct.pack("!BBHII", 6, 4, 0, 1, 1) + bytes(12)  # RFC 4302, 2: next TCP, six words
_ESP = struct.pack("!II", 1, 1)  # RFC 4303, 2: SPI and sequence number


def _network(vlan: int) -> bytes:
    return vlan.to_bytes(3, "big") + b"\0"


@entry("TU-01", "GRE to the target", "RFC 2784; CVE-2024-7595")
def gre(r: Roles) -> Iterator[Sendable]:
    """An inner packet in the name of somebody whom the target lets in."""
    yield ipv4(r.w, r.g, r.r) / GRE() / inner_ip(r)


@entry("TU-02", "GRE and IP in IP to an open decapsulator", "CVE-2020-10136; VU#199397")
def decapsulator(r: Roles) -> Iterator[Sendable]:
    """To the gateway and to shared devices, which might unpack and forward."""
    for relay in (r.g, r.x, r.p):
        for header in (GRE(), IP(src=relay.ip, dst=relay.ip)):
            yield ipv4(r.w, r.g, relay) / header / inner_ip(r)


@entry("TU-03", "IP in IP to the target", "RFC 2003; CVE-2020-10136")
def ip_in_ip(r: Roles) -> Iterator[Sendable]:
    """Protocol 4."""
    yield ipv4(r.w, r.g, r.r) / inner_ip(r)


@entry("TU-04", "IPv6 in IPv4 (6in4)", "RFC 4213; CVE-2025-23019")
def six_in_four(r: Roles) -> Iterator[Sendable]:
    """Protocol 41."""
    yield ipv4(r.w, r.g, r.r) / IPv6(src=r.t.ip6, dst=r.r.ip6) / datagram()


@entry("TU-05", "IPv4 in IPv6 (4in6)", "RFC 2473; CVE-2025-23018")
def four_in_six(r: Roles) -> Iterator[Sendable]:
    """Next header 4."""
    yield ipv6(r.w, r.g, r.r) / inner_ip(r)


@entry("TU-06", "Teredo", "RFC 4380; RFC 6169")
def teredo(r: Roles) -> Iterator[Sendable]:
    """IPv6 in UDP port 3544, to the target and to a shared device."""
    for relay in (r.r, r.x):
        hidden = IPv6(src="2001:0:1::1", dst=r.r.ip6) / datagram()
        yield ipv4(r.w, r.g, relay) / carried(3544, sport=3544) / hidden


@entry("TU-07", "VXLAN and VXLAN-GPE", "RFC 7348; draft-ietf-nvo3-vxlan-gpe")
def vxlan(r: Roles) -> Iterator[Sendable]:
    """A whole frame, in the segment of the target."""
    network = _network(r.r.vlan)
    yield ipv4(r.w, r.g, r.x) / carried(4789, b"\x08\0\0\0" + network) / inner_frame(r)
    yield ipv4(r.w, r.g, r.x) / carried(4790, b"\x0c\0\0\x01" + network) / inner_ip(r)


@entry("TU-08", "Geneve, NVGRE and ERSPAN", "RFC 8926; RFC 7637")
def geneve(r: Roles) -> Iterator[Sendable]:
    """The other ways to carry a whole frame."""
    header = b"\0\0\x65\x58" + _network(r.r.vlan)
    yield ipv4(r.w, r.g, r.x) / carried(6081, header) / inner_frame(r)
    nvgre = GRE(key_present=1, key=r.r.vlan << 8, proto=0x6558)
    yield ipv4(r.w, r.g, r.x) / nvgre / inner_frame(r)
    erspan = GRE(seqnum_present=1, sequence_number=1, proto=0x88BE)
    session = struct.pack("!HHI", 0x1000 | r.r.vlan, 1, 0)
    yield ipv4(r.w, r.g, r.x) / erspan / session / inner_frame(r)


@entry("TU-09", "EtherIP", "RFC 3378")
def ether_ip(r: Roles) -> Iterator[Sendable]:
    """Protocol 97."""
    yield ipv4(r.w, r.g, r.x, proto=97) / Raw(b"\x30\0") / inner_frame(r)


@entry("TU-10", "GUE, MPLS in UDP and FOU", "CVE-2024-7596; RFC 7510")
def in_udp(r: Roles) -> Iterator[Sendable]:
    """IP behind a UDP port that some kernels unpack."""
    label = struct.pack("!I", 16 << 12 | 1 << 8 | 64)  # RFC 3032, 2.1: bottom of stack
    for port, header in ((6080, b"\0\x04\0\0"), (6635, label), (5555, b"")):
        yield ipv4(r.w, r.g, r.x) / carried(port, header) / inner_ip(r)


@entry("TU-11", "GTP-U", "3GPP TS 29.281")
def gtp_u(r: Roles) -> Iterator[Sendable]:
    """The user tunnel of mobile networks."""
    hidden = inner_ip(r)
    header = struct.pack("!BBHI", 0x30, 0xFF, len(bytes(hidden)), 1)
    yield ipv4(r.w, r.g, r.x) / carried(2152, header) / hidden


@entry("TU-12", "ESP, bare and in UDP", "RFC 4303; RFC 3948")
def esp(r: Roles) -> Iterator[Sendable]:
    """Nobody on the way can read what is inside."""
    yield ipv4(r.w, r.g, r.r, proto=50) / Raw(_ESP) / token()
    yield ipv4(r.w, r.g, r.r) / carried(4500, _ESP, sport=4500) / token()


@entry("TU-13", "an authentication header before TCP", "RFC 4302")
def authenticated(r: Roles) -> Iterator[Sendable]:
    """The ports stand 24 bytes further back."""
    segment = TCP(sport=client(), dport=r.r.port, flags="S") / token()
    yield ipv4(r.w, r.g, r.r, proto=51) / Raw(_AH) / segment


@entry("TU-14", "L2TP and PPTP", "RFC 2661; RFC 2637")
def ppp(r: Roles) -> Iterator[Sendable]:
    """PPP in UDP, and PPP in the old GRE."""
    l2tp = struct.pack("!HHH", 2, 1, 1) + _PPP_IPV4
    yield ipv4(r.w, r.g, r.x) / carried(1701, l2tp) / inner_ip(r)
    hidden = inner_ip(r)
    pptp = struct.pack("!HHHHI", 0x3001, 0x880B, len(bytes(hidden)) + 4, 1, 1) + _PPP_IPV4
    yield ipv4(r.w, r.g, r.x, proto=47) / Raw(pptp) / hidden


@entry("TU-15", "one's own VPN: WireGuard and OpenVPN", "wireguard.com; openvpn.net")
def own_vpn(r: Roles) -> Iterator[Sendable]:
    """First messages to a peer in the target's segment and to a shared device."""
    for relay in (r.r, r.x):
        hello = struct.pack("<II", 1, client())
        yield ipv4(r.w, r.g, relay) / carried(51820, hello) / token() / Raw(bytes(124))
        yield ipv4(r.w, r.g, relay) / carried(1194, b"\x38" + bytes(8)) / token()


@entry("TU-16", "a tunnel in DNS questions", "iodine; dnscat2")
def dns_tunnel(r: Roles) -> Iterator[Sendable]:
    """To the target, and to whoever may be asked."""
    for resolver in (r.r, r.x):
        question = dns_question(f"{client():08x}.t.example", 16)  # TXT
        yield ipv4(r.w, r.g, resolver) / carried(53) / question / token()


@entry("TU-17", "a tunnel in echo requests", "ptunnel; RFC 792")
def icmp_tunnel(r: Roles) -> Iterator[Sendable]:
    """To the target, and off an allowed peer."""
    for peer in (r.r, r.p):
        yield ipv4(r.w, r.g, peer) / ICMP(id=client(), seq=1) / token()


@entry("TU-18", "CONNECT and SOCKS through a shared proxy", "RFC 9110, 9.3.6; RFC 1928")
def through_proxy(r: Roles) -> Iterator[Sendable]:
    """What the terminal asks of the proxy, and what the proxy would then do."""
    for port in (8080, 3128, 1080):
        yield tcp(r.w, r.g, r.x, dport=port) / f"CONNECT {r.r.ip}:443 HTTP/1.1\r\n\r\n"
    yield r.x.id, tcp(r.x, r.g, r.r, dport=443)
    yield r.x.id, tcp(r.x, r.g, r.r)


@entry("TU-19", "CAPWAP data: the access point unpacks", "RFC 5415")
def capwap(r: Roles) -> Iterator[Sendable]:
    """To the gateway, a management device and the target."""
    for relay in (r.g, r.c, r.r):
        yield ipv4(r.w, r.g, relay) / carried(5247, b"\0\x20\x02\0", sport=5247) / token()


@entry("TU-20", "LISP, AYIYA, 6rd and ISATAP", "RFC 9300; RFC 6169; RFC 5214")
def rare(r: Roles) -> Iterator[Sendable]:
    """Tunnels that hardly anybody remembers to close."""
    for port in (4341, 5072):
        yield ipv4(r.w, r.g, r.x) / datagram(port)
    for source in ("fe80::5efe:a14:5", "2001:db8:a14:5::1"):
        yield ipv4(r.w, r.g, r.x) / IPv6(src=source, dst=r.r.ip6) / datagram()


@entry("TU-21", "five tunnels, one in another", "RFC 6169")
def nested(r: Roles) -> Iterator[Sendable]:
    """Deeper than a parser may follow."""
    packet = ipv4(r.w, r.g, r.r)
    for _ in range(4):
        packet = packet / IP(src=r.w.ip, dst=r.r.ip)
    yield packet / inner_ip(r)
