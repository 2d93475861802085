"""UD: UDP, SCTP and what else is not TCP."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import IP, UDP
from scapy.layers.sctp import SCTP, SCTPChunkCookieEcho, SCTPChunkInit
from scapy.packet import Raw

from scenarios.probes.builders import DISCARD, address, client, sample, straight, token, udp, vary
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Roles

# Byte offsets behind Ethernet and a 20-byte IPv4 header (RFC 768).
_SOURCE, _TARGET, _SUM = 34, 36, 40
_STRIDE = 97  # a prime: every 97th port, so that all low digits are met
_KNOWN = (  # IANA service names
    *(7, 9, 13, 17, 19, 53, 67, 68, 69, 88, 111, 123, 137, 138, 161, 162, 177, 389, 443, 464, 500),
    *(514, 520, 623, 631, 1194, 1434, 1645, 1701, 1812, 1813, 1900, 2049, 3478, 3702, 4500, 4789),
    *(5060, 5246, 5247, 5353, 5355, 6081, 9100, 11211, 33434, 51820),
)


def _from_ports(r: Roles, *ports: int) -> Iterator[Sendable]:
    """Yield datagrams from well-known ports, to the same port and to a client's."""
    for port in ports:
        for target in (port, client()):
            for hop in (r.g, r.r):
                yield udp(r.w, hop, r.r, sport=port, dport=target)


@entry("UD-01", "from port 53", "nmap --source-port 53")
def dns_port(r: Roles) -> Iterator[Sendable]:
    """Look like an answer about a name."""
    yield from _from_ports(r, 53)


@entry("UD-02", "from port 123", "nmap --source-port")
def time_port(r: Roles) -> Iterator[Sendable]:
    """Look like an answer about the time."""
    yield from _from_ports(r, 123)


@entry("UD-03", "from other services' ports", "nmap --source-port")
def service_ports(r: Roles) -> Iterator[Sendable]:
    """Look like DHCP, SNMP, IPsec, mDNS and RADIUS."""
    yield from _from_ports(r, 67, 68, 161, 500, 4500, 5353, 1812)


@entry("UD-04", "all ports", "nmap -sU")
def every_port(r: Roles) -> Iterator[Sendable]:
    """Look for a service that somebody forgot: every 97th port, and all that are known."""
    raw = bytes(udp(r.w, r.g, r.r))
    for port in sample(r, sorted({*range(0, 65536, _STRIDE), *_KNOWN, 65535})):
        yield vary(vary(raw, _SOURCE, client(), _SUM), _TARGET, port, _SUM)


@entry("UD-05", "wrong length", "RFC 768")
def length(r: Roles) -> Iterator[Sendable]:
    """State a length of nothing, of less than a header, and of more than the packet."""
    for stated in (0, 7, 9, 65535):
        header = UDP(sport=client(), dport=r.r.port, len=stated)
        yield from straight(r, address(r.w, r.r) / header / token())


@entry("UD-06", "no checksum, and a wrong one", "RFC 768")
def checksum(r: Roles) -> Iterator[Sendable]:
    """Leave the checksum out, as is allowed, and write a wrong one."""
    for stated in (0, 1):
        header = UDP(sport=client(), dport=r.r.port, chksum=stated)
        yield from straight(r, address(r.w, r.r) / header / token())


@entry("UD-07", "UDP-Lite and DCCP", "RFC 3828; RFC 4340")
def other_datagrams(r: Roles) -> Iterator[Sendable]:
    """Put ports where UDP has them, under another protocol's number."""
    for protocol in (136, 33):
        ports = client().to_bytes(2, "big") + r.r.port.to_bytes(2, "big")
        header = IP(src=r.w.ip, dst=r.r.ip, proto=protocol) / Raw(ports + b"\x00\x08\x00\x00")
        yield from straight(r, header / token())


@entry("UD-08", "SCTP", "RFC 9260; Cyclonus")
def sctp(r: Roles) -> Iterator[Sendable]:
    """Open an association, and go on as if it were open."""
    for chunk in (SCTPChunkInit(init_tag=1), SCTPChunkCookieEcho(cookie=bytes(token()))):
        header = SCTP(sport=client(), dport=r.r.port)
        yield from straight(r, address(r.w, r.r) / header / chunk / token())


@entry("UD-09", "QUIC", "RFC 9000")
def quic(r: Roles) -> Iterator[Sendable]:
    """Open the web over UDP, where only its TCP port is watched."""
    for port in (443, r.r.port):
        initial = Raw(b"\xc0\x00\x00\x00\x01\x08" + bytes(8)) / token()
        header = UDP(sport=client(), dport=port)
        yield from straight(r, address(r.w, r.r) / header / initial)


@entry("UD-10", "an answer without a question", "RFC 4787")
def unasked(r: Roles) -> Iterator[Sendable]:
    """Let the target answer the source, from a name server's port and from its own."""
    for port in (53, r.r.port, DISCARD):
        yield r.r.id, udp(r.r, r.g, r.w, sport=port, dport=client())
