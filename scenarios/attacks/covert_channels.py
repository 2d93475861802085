"""CC: covert channels: data where nobody looks for it, on what is allowed and what is not."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from scenarios.attacks.multicast import igmp
from scenarios.probes.builders import ALL, client, frame, sample, tcp, token, trailer
from scenarios.probes.headers import group_multicast, ipv4, neighbour
from scenarios.probes.registry import Kind, Sendable, entry, note
from scenarios.probes.roles import Roles

_SECRET = bytes(range(3, 240, 15))  # sixteen bytes to smuggle


def _ask(r: Roles, target: str) -> Packet:
    """Return an honest ARP request, with the token behind it."""
    return frame(r.w, ALL) / ARP(hwsrc=r.w.mac, psrc=r.w.ip, pdst=target) / trailer()


def _open(r: Roles, **fields: int) -> Packet:
    """Return the segment that opens a conversation with an allowed peer, fields as given."""
    syn = TCP(sport=client(), dport=r.p.port, flags="S")
    for name in ("seq", "urgptr", "window"):
        if name in fields:
            setattr(syn, name, fields.pop(name))
    return ipv4(r.w, r.g, r.p, **fields) / syn / token()


@entry("CC-01", "in the padding of ARP", "RFC 826")
def arp_padding(r: Roles) -> Iterator[Sendable]:
    """The answer may come back with it; nobody else may see it."""
    yield _ask(r, r.g.ip)
    yield _ask(r, r.r.ip)


@entry("CC-02", "in the address that ARP asks for", "network steganography")
def arp_target(r: Roles) -> Iterator[Sendable]:
    """A byte in each question; all questions are answered alike and pass nowhere."""
    for byte in sample(r, _SECRET):
        yield _ask(r, neighbour(r.w, byte))


@entry("CC-03", "in the identification of IPv4", "Rowland 1997")
def ip_identification(r: Roles) -> Iterator[Sendable]:
    """Two bytes in each packet to an allowed peer, and in echo requests."""
    for high, low in zip(_SECRET[::2], _SECRET[1::2], strict=True):
        yield _open(r, id=high << 8 | low)
    yield ipv4(r.w, r.g, r.p, id=0x5345) / ICMP(id=client()) / token()


@entry("CC-04", "in TTL, DSCP and ECN", "RFC 2474; RFC 3168")
def small_fields(r: Roles) -> Iterator[Sendable]:
    """A few bits in each packet to an allowed peer."""
    for byte in sample(r, _SECRET):
        yield _open(r, ttl=64 + (byte & 1), tos=byte & 0xFC)


@entry("CC-05", "in sequence numbers and the urgent pointer", "Murdoch and Lewis 2005")
def sequence(r: Roles) -> Iterator[Sendable]:
    """Four bytes in each opening segment to an allowed peer."""
    for first in range(0, 16, 4):
        word = int.from_bytes(_SECRET[first : first + 4], "big")
        yield _open(r, seq=word, urgptr=word & 0xFFFF)


NOT_SENT_06 = note(
    "CC-06",
    "in the time between packets",
    "Cabuk et al., CCS 2004",
    kind=Kind.RESIDUAL,
    reason="whoever may send at all may choose when: no switch can tell a signal from a pause",
)


@entry("CC-07", "in the sender's MAC address", "unknown unicast flooding")
def source_address(r: Roles) -> Iterator[Sendable]:
    """Five bytes in each frame."""
    for first in range(0, 15, 5):
        mac = f"02:{_SECRET[first : first + 5].hex(':')}"
        yield Ether(src=mac, dst=ALL) / ARP(hwsrc=mac, psrc=r.w.ip, pdst=r.g.ip) / trailer()
        yield Ether(src=mac, dst=r.g.mac) / IP(src=r.w.ip, dst=r.r.ip) / ICMP() / token()


@entry("CC-08", "in the groups that one joins", "RFC 4541")
def membership(r: Roles) -> Iterator[Sendable]:
    """Three bytes in each report."""
    for first in range(0, 15, 3):
        group = "239." + ".".join(str(byte & 127) for byte in _SECRET[first : first + 3])
        yield group_multicast(r.w, group, ttl=1) / igmp(0x16, group) / trailer()


@entry("CC-09", "a shared printer as a letter box", "PRET")
def letter_box(r: Roles) -> Iterator[Sendable]:
    """One writes a job's name, the other would read it: the target may not open the printer."""
    yield tcp(r.w, r.g, r.p, dport=9100) / Raw(b'@PJL JOB NAME="letter"\r\n')
    for port in (9100, 631, 80):
        yield r.r.id, tcp(r.r, r.g, r.p, dport=port)


@entry("CC-10", "in how full the tables are", "Krosche et al. 2018")
def occupancy(r: Roles) -> Iterator[Sendable]:
    """Fifty conversations; the tables are the same before and after."""
    for _ in sample(r, range(50)):
        yield tcp(r.w, r.g, r.p)


@entry("CC-11", "in the bits of a tag", "IEEE 802.1Q, 9.6")
def tag_bits(r: Roles) -> Iterator[Sendable]:
    """Priority and drop eligibility, on what would be allowed without a tag."""
    for priority in range(8):
        tag = Dot1Q(vlan=r.w.vlan, prio=priority, dei=priority & 1)
        yield frame(r.w, r.g) / tag / _open(r).payload


@entry("CC-12", "in the order of questions to the controller", "EuroS&P 2017: Thimmaraju et al.")
def ordering(r: Roles) -> Iterator[Sendable]:
    """Nothing is asked of the controller, so it has no order to tell."""
    for target in (r.g.ip, neighbour(r.w, 254), neighbour(r.w, 253)):
        yield _ask(r, target)
