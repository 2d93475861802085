"""TC: TCP segments, honest and not, from whom the target does not know."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import IP, TCP
from scapy.packet import Packet, Raw

from scenarios.probes.builders import (
    address,
    client,
    frame,
    knock,
    sample,
    straight,
    tcp,
    token,
    trailer,
    vary,
)
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Roles

# Byte offsets behind Ethernet and a 20-byte IPv4 header (RFC 9293, 3.1).
_SOURCE, _TARGET, _FLAGS, _SUM = 34, 36, 46, 50
_NO_OPTIONS = 5 << 12  # the data offset of a header of 20 bytes, above the flags
_STRIDE = 97  # a prime: every 97th port, so that all low digits are met
# The ports that services of a town hall, a router and an attacker use (IANA service names).
_KNOWN = (
    *(20, 21, 22, 23, 25, 53, 80, 88, 102, 110, 111, 135, 139, 143, 179, 389, 443, 445, 464, 502),
    *(515, 548, 554, 587, 631, 636, 873, 993, 1433, 1521, 1723, 2049, 2375, 3128, 3268, 3306, 3389),
    *(5060, 5061, 5432, 5900, 5985, 6379, 6443, 6633, 6653, 8000, 8080, 8443, 9100, 9200, 27017),
)


def _segments(r: Roles, *flags: str) -> Iterator[Sendable]:
    """Yield a segment for each combination of flags, to both next hops."""
    for combination in flags:
        for hop in (r.g, r.r):
            yield tcp(r.w, hop, r.r, combination)


def _odd(r: Roles, header: TCP, payload: Packet | None = None) -> Iterator[Packet]:
    """Yield a segment to the target's port whose header says something odd."""
    header.sport, header.dport, header.seq = client(), r.r.port, 1
    yield from straight(r, address(r.w, r.r) / header / (payload or token()))


@entry("TC-01", "SYN", "nmap -sS")
def syn(r: Roles) -> Iterator[Sendable]:
    """Knock as any client does."""
    yield from _segments(r, "S")


@entry("TC-02", "ACK scan", "nmap -sA")
def ack(r: Roles) -> Iterator[Sendable]:
    """Look like a conversation that is under way."""
    yield from _segments(r, "A")


@entry("TC-03", "FIN scan", "nmap -sF")
def fin(r: Roles) -> Iterator[Sendable]:
    """Look like the end of a conversation."""
    yield from _segments(r, "F", "FA")


@entry("TC-04", "null scan", "nmap -sN")
def null(r: Roles) -> Iterator[Sendable]:
    """Say nothing at all."""
    yield from _segments(r, "")


@entry("TC-05", "Xmas scan", "nmap -sX")
def xmas(r: Roles) -> Iterator[Sendable]:
    """Say everything that does not belong together."""
    yield from _segments(r, "FPU")


@entry("TC-06", "SYN with its opposites", "CERT VU#464113; nmap --scanflags")
def contradictions(r: Roles) -> Iterator[Sendable]:
    """Open and close, open and break off, in one segment."""
    yield from _segments(r, "SF", "SR", "SAF")


@entry("TC-07", "all 512 combinations of flags", "exhaustive")
def every_flag(r: Roles) -> Iterator[Sendable]:
    """Look for a combination that a rule forgot."""
    raw = bytes(tcp(r.w, r.g, r.r))
    for flags in sample(r, range(512)):
        yield vary(vary(raw, _SOURCE, client(), _SUM), _FLAGS, _NO_OPTIONS | flags, _SUM)


@entry("TC-08", "answers that nobody asked for", "RFC 9293")
def unsolicited(r: Roles) -> Iterator[Sendable]:
    """Answer, refuse, and refuse with thanks; from a service's port too."""
    yield from _segments(r, "SA", "R", "RA")
    for flags in ("SA", "R", "RA"):
        yield tcp(r.w, r.g, r.r, flags, sport=r.r.port, dport=client())


@entry("TC-09", "data in the first segment", "RFC 7413 (TCP Fast Open)")
def fast_open(r: Roles) -> Iterator[Sendable]:
    """Hand over data, and ask to be known the next time."""
    for option in (("TFO", (1, 2)), (34, b"")):
        yield from _odd(r, TCP(flags="S", options=[option]))


@entry("TC-10", "both open at once", "RFC 9293, 3.5; split handshake", kind=Kind.STATEFUL)
def simultaneous(r: Roles) -> Iterator[Sendable]:
    """Let both sides knock with the same two ports, so that either looks like the answer."""
    port = client()
    yield tcp(r.w, r.g, r.r, "S", sport=port)
    yield r.r.id, tcp(r.r, r.g, r.w, "S", sport=r.r.port, dport=port)
    yield tcp(r.w, r.g, r.r, "SA", sport=port)


@entry("TC-11", "handshake without answers", "RFC 4987", kind=Kind.STATEFUL)
def blind_handshake(r: Roles) -> Iterator[Sendable]:
    """Go on as if the target had answered."""
    port = client()
    for flags in ("S", "A", "PA"):
        yield tcp(r.w, r.g, r.r, flags, sport=port)


@entry("TC-12", "data into another's conversation", "RFC 5961", kind=Kind.STATEFUL)
def injected(r: Roles) -> Iterator[Sendable]:
    """Let a welcome party open a conversation, and speak and break off in its name."""
    port = client()
    yield r.t.id, tcp(r.t, r.g, r.r, "S", sport=port)
    for flags in ("PA", "R", "F"):
        header = TCP(sport=port, dport=r.r.port, flags=flags, seq=0xDEADBEEF, ack=1)
        yield from straight(r, address(r.t, r.r) / header / token())
        yield tcp(r.w, r.g, r.r, flags, sport=port)


@entry("TC-13", "picked up midway", "nf_conntrack_tcp_loose")
def midway(r: Roles) -> Iterator[Sendable]:
    """Send data of a conversation that a restarted tracker may have forgotten."""
    yield from _segments(r, "PA", "A", "PAU")


@entry("TC-14", "trusted source ports", "nmap --source-port")
def trusted_ports(r: Roles) -> Iterator[Sendable]:
    """Knock from ports that answers come from."""
    for port in (20, 53, 67, 80, 88, 123, 443, 631, 9100):
        yield tcp(r.w, r.g, r.r, sport=port)
        yield tcp(r.w, r.g, r.r, sport=port, dport=445)


@entry("TC-15", "ports 0 and 65535", "OVS: ports of a fragment are 0")
def edge_ports(r: Roles) -> Iterator[Sendable]:
    """Use the first and the last number, of which one also means "none"."""
    raw = bytes(tcp(r.w, r.g, r.r))
    for source, target in ((0, 0), (0, r.r.port), (client(), 0), (65535, 65535), (1, 65535)):
        yield vary(vary(raw, _SOURCE, source, _SUM), _TARGET, target, _SUM)


@entry("TC-16", "wrong data offset", "RFC 9293, 3.1")
def data_offset(r: Roles) -> Iterator[Sendable]:
    """Let the header end inside itself, and behind the packet."""
    for offset in (0, 4, 15):
        yield from _odd(r, TCP(flags="S", dataofs=offset))


@entry("TC-17", "half a header", "OVS malformed packets", exotic=True)
def truncated(r: Roles) -> Iterator[Sendable]:
    """End behind the ports, before the flags."""
    for length in (4, 8, 19):
        half = Raw(bytes(TCP(sport=client(), dport=r.r.port, flags="S"))[:length])
        yield from straight(r, IP(src=r.w.ip, dst=r.r.ip, proto=6) / half / trailer())


@entry("TC-18", "wrong checksum", "nmap --badsum")
def checksum(r: Roles) -> Iterator[Sendable]:
    """Send what no host accepts, and some filter answers."""
    yield from _odd(r, TCP(flags="S", chksum=1))


@entry("TC-19", "reserved and congestion bits", "RFC 3168; RFC 9293")
def reserved(r: Roles) -> Iterator[Sendable]:
    """Set bits beside SYN, where a rule matches the flags as a whole."""
    yield from _segments(r, "SEC", "SU", "SN")
    for bits in (1, 2, 4, 7):  # RFC 9293: the reserved bits
        yield from _odd(r, TCP(flags="S", reserved=bits))
    yield from _odd(r, TCP(flags="SU", urgptr=0xFFFF))


@entry("TC-20", "all ports", "PCI DSS 11.4.5: every port")
def every_port(r: Roles) -> Iterator[Sendable]:
    """Look for a service that somebody forgot: every 97th port, and all that are known."""
    raw = bytes(tcp(r.w, r.g, r.r))
    for port in sample(r, sorted({*range(1, 65536, _STRIDE), *_KNOWN, 65535})):
        yield vary(vary(raw, _SOURCE, client(), _SUM), _TARGET, port, _SUM)


@entry("TC-21", "idle scan through a peer", "nmap -sI")
def idle_scan(r: Roles) -> Iterator[Sendable]:
    """Knock in a peer's name, to read the answer off its packet numbers."""
    yield from straight(r, knock(r.p, r.r))
    yield tcp(r.w, r.g, r.p, "SA", sport=r.r.port)


@entry("TC-22", "FTP names another's port", "CVE-1999-0017; OVS FTP tracking", kind=Kind.STATEFUL)
def ftp_bounce(r: Roles) -> Iterator[Sendable]:
    """Name the target's port in a peer's control connection; then see whether it stands open."""
    low = r.r.port & 0xFF
    order = f"PORT {r.r.ip.replace('.', ',')},{r.r.port >> 8},{low}\r\n"
    wider = f"EPRT |1|{r.r.ip}|{r.r.port}|\r\n"
    for text in (order, wider):
        header = TCP(sport=client(), dport=21, flags="PA", seq=1)
        yield frame(r.w, r.g) / address(r.w, r.x) / header / token() / Raw(text.encode())
    yield r.x.id, tcp(r.x, r.g, r.r, "S", sport=20)
    yield tcp(r.w, r.g, r.r, "S", sport=20)


@entry("TC-23", "keep-alives", "idle timers that never run out", kind=Kind.STATEFUL)
def keep_alive(r: Roles) -> Iterator[Sendable]:
    """Say again and again that the conversation lives, though it was never allowed."""
    port = client()
    for _ in range(10):
        yield tcp(r.w, r.g, r.r, "A", sport=port)


@entry("TC-24", "join by another path", "RFC 8684 (MPTCP)")
def join(r: Roles) -> Iterator[Sendable]:
    """Ask to be part of a conversation that began elsewhere, and to begin a shared one."""
    for option in (b"\x10\x01" + bytes(8), b"\x01\x81" + bytes(8)):
        yield from _odd(r, TCP(flags="S", options=[(30, option)]))
