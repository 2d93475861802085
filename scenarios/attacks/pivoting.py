"""PV: by way of shared devices: what is asked of them, and what they would then have to send."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from scapy.layers.inet import TCP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from scenarios.probes.builders import client, frame, tcp, token, udp
from scenarios.probes.headers import carried, datagram, dns_question, ipv4, opening
from scenarios.probes.registry import Kind, Sendable, entry, note
from scenarios.probes.roles import Party, Roles

_ZONE_TRANSFER = 252  # RFC 5936: AXFR
_MANAGEMENT = (22, 80, 443, 830, 6633, 6640, 6653, 8080)  # IANA; OVSDB 6640, OpenFlow 6633, 6653


def _asking(source: Party, hop: Party, target: Party, port: int, words: str) -> Packet:
    """Return an opening segment that already carries a request."""
    return tcp(source, hop, target, dport=port) / Raw(words.encode())


@entry("PV-01", "a printer as a router", "RFC 1122, 3.3.4.2")
def printer_forwards(r: Roles) -> Iterator[Sendable]:
    """A packet for the target, laid at the printer's door."""
    yield udp(r.w, r.p, r.r)
    yield tcp(r.w, r.p, r.r)


@entry("PV-02", "a print job that fetches a document", "RFC 3998; RFC 8011")
def print_by_uri(r: Roles) -> Iterator[Sendable]:
    """The job, and the fetch that the printer would do."""
    yield _asking(r.w, r.g, r.p, 631, f"POST /ipp HTTP/1.1\r\n\r\nhttp://{r.r.ip}/")
    yield r.p.id, tcp(r.p, r.g, r.r, dport=80)
    yield r.p.id, tcp(r.p, r.g, r.r)


@entry("PV-03", "scanning into a folder of the target", "PRET; RFC 1001")
def scan_to_folder(r: Roles) -> Iterator[Sendable]:
    """The shared device itself opens file sharing."""
    for port in (445, 139, 21):
        yield r.p.id, tcp(r.p, r.g, r.r, dport=port)


@entry("PV-04", "an FTP bounce off a printer", "CVE-1999-0017")
def bounce(r: Roles) -> Iterator[Sendable]:
    """The order, and the connection that would follow from port 20."""
    yield _asking(r.w, r.g, r.p, 21, f"PORT {r.r.ip.replace('.', ',')},35,140\r\n")
    yield r.p.id, tcp(r.p, r.g, r.r, sport=20, dport=9100)


@entry("PV-05", "a shared device that opens conversations", "least privilege")
def shared_initiates(r: Roles) -> Iterator[Sendable]:
    """What everybody shares must only answer."""
    for device in {r.p.id: r.p, r.x.id: r.x}.values():
        for there in (r.r, r.b, r.w, r.t):
            if there.id != device.id:
                yield device.id, tcp(device, r.g, there, dport=443)


@entry("PV-06", "a file exchange as a router", "NIST SP 800-47")
def exchange_forwards(r: Roles) -> Iterator[Sendable]:
    """A packet for the target, laid at the exchange's door."""
    yield udp(r.w, r.x, r.r)
    yield tcp(r.w, r.x, r.r)


@entry("PV-07", "a web form that fetches for you", "OWASP: server-side request forgery")
def request_forgery(r: Roles) -> Iterator[Sendable]:
    """The request, and the connection that would follow."""
    yield _asking(r.w, r.g, r.x, 443, f"GET /fetch?u=http://{r.r.ip}/ HTTP/1.1\r\n\r\n")
    for port in (80, 443):
        yield r.x.id, tcp(r.x, r.g, r.r, dport=port)


@entry("PV-08", "a conference relay towards the target", "RFC 8656")
def turn(r: Roles) -> Iterator[Sendable]:
    """A permission asked of the relay, and what it would then relay."""
    ask = struct.pack("!HHI", 8, 0, 0x2112A442) + bytes(12)  # RFC 8489, 5; CreatePermission
    yield ipv4(r.w, r.g, r.x) / carried(3478, ask) / token()
    yield r.x.id, udp(r.x, r.g, r.r, sport=49152)


@entry("PV-09", "the socket of a telephone, with the voice tag", "VoIP Hopper")
def voice_tag(r: Roles) -> Iterator[Sendable]:
    """A tag that a telephone might be trusted with."""
    packet = ipv4(r.w, r.g, r.r).payload / datagram(5060)
    for vlan in (r.r.vlan, r.b.vlan):
        yield frame(r.w, r.g) / Dot1Q(vlan=vlan, prio=5) / packet


@entry("PV-10", "a notebook that bridges its two links", "Windows network bridge")
def bridged(r: Roles) -> Iterator[Sendable]:
    """The source's own frames come in at the port of somebody who may."""
    yield r.t.id, tcp(r.w, r.g, r.r)
    yield r.t.id, udp(r.w, r.r, r.r)


NOT_SENT_11 = note(
    "PV-11",
    "a notebook that translates addresses between its links",
    "Internet connection sharing; RFC 3022",
    kind=Kind.RESIDUAL,
    reason="what leaves the admitted port in the admitted name is the terminal's own word: "
    "only the terminal can tell",
)


@entry("PV-12", "both links up, one address", "RFC 1122, 3.3.4.2: weak host")
def both_links(r: Roles) -> Iterator[Sendable]:
    """The wired copy is judged by its cell; the one from the other port dies there."""
    yield r.t.id, tcp(r.t, r.g, r.r)
    yield ipv4(r.t, r.g, r.r) / opening(r.r)
    yield frame(r.w, r.g) / ipv4(r.t, r.g, r.r).payload / opening(r.r)


@entry("PV-13", "a remote desktop as a stepping stone", "NIST SP 800-46")
def stepping_stone(r: Roles) -> Iterator[Sendable]:
    """The first step, and the second."""
    yield tcp(r.w, r.g, r.b, dport=3389)
    for port in (3389, r.r.port):
        yield r.b.id, tcp(r.b, r.g, r.r, dport=port)


@entry("PV-14", "the management plane", "NIST SP 800-125B")
def management(r: Roles) -> Iterator[Sendable]:
    """Shells, web pages, NETCONF, OVSDB, OpenFlow: at a management device and the gateway."""
    for there in (r.c, r.g):
        for port in _MANAGEMENT:
            yield tcp(r.w, r.g, there, dport=port)


@entry("PV-15", "writing a setting by SNMP", "CVE-1999-0517; RFC 3416")
def snmp_write(r: Roles) -> Iterator[Sendable]:
    """Turn on forwarding (ipForwarding.0 = 1) with a default community."""
    value = bytes.fromhex("300d06082b060102010401000201 01".replace(" ", ""))
    pdu = bytes.fromhex("020101020100020100") + b"\x30" + bytes((len(value),)) + value
    body = b"\x02\x01\x01\x04\x07private\xa3" + bytes((len(pdu),)) + pdu
    message = b"\x30" + bytes((len(body),)) + body
    for there in (r.p, r.c, r.r):
        yield ipv4(r.w, r.g, there) / carried(161, message) / token()


@entry("PV-16", "asking the router for a pinhole", "RFC 6886; RFC 6887; UPnP IGD")
def pinhole(r: Roles) -> Iterator[Sendable]:
    """NAT-PMP, PCP and UPnP, at the gateway."""
    ask = struct.pack("!BBHHHI", 0, 1, 0, 443, 443, 3600)
    yield ipv4(r.w, r.g, r.g) / carried(5351, ask) / token()
    yield ipv4(r.w, r.g, r.g) / carried(5351, b"\x02\x01") / token()
    yield ipv4(r.w, r.g, r.g) / datagram(1900)


@entry("PV-17", "a tethered telephone behind an admitted port", "RFC 2827")
def tethered(r: Roles) -> Iterator[Sendable]:
    """The admitted MAC address, a foreign source."""
    for source in ("192.168.43.7", "172.20.10.2"):
        yield r.t.id, ipv4(r.t, r.g, r.r, src=source) / datagram()
        yield r.t.id, ipv4(r.t, r.g, r.r, src=source) / opening(r.r)


@entry("PV-18", "a shared resolver asked for the target's zone", "RFC 5936")
def zone_transfer(r: Roles) -> Iterator[Sendable]:
    """Over UDP and over TCP, and what the resolver would ask the target."""
    question = dns_question("resident.town.example", _ZONE_TRANSFER)
    yield ipv4(r.w, r.g, r.x) / carried(53) / question / token()
    yield ipv4(r.w, r.g, r.x) / TCP(sport=client(), dport=53, flags="S") / token()
    yield r.x.id, udp(r.x, r.g, r.r, dport=53)
