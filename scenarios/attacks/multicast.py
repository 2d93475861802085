"""BM: broadcast and multicast. There is no segment to speak to: nothing may be heard anywhere."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.packet import Raw

from scenarios.probes.builders import ALL, frame, sample, token, trailer
from scenarios.probes.frames import blank
from scenarios.probes.headers import (
    ALL_HOSTS,
    LIMITED,
    carried,
    datagram,
    dns_question,
    group_multicast,
    ipv4,
    mac_bytes,
    neighbour,
)
from scenarios.probes.registry import Kind, Sendable, entry
from scenarios.probes.roles import Roles

_MDNS, _LLMNR, _SSDP, _SLP = "224.0.0.251", "224.0.0.252", "239.255.255.250", "239.255.255.253"
_GROUP = "239.1.2.3"
_POINTER = 12  # RFC 1035, 3.2.2: PTR


def igmp(kind: int, group: str) -> Raw:
    """Return an IGMP version 2 message with its checksum (RFC 2236, 2)."""
    words = [kind << 8, *struct.unpack("!HH", bytes(int(part) for part in group.split(".")))]
    total = sum(words)
    check = ~(total + (total >> 16)) & 0xFFFF
    return Raw(struct.pack("!HHHH", words[0], check, *words[1:]))


@entry("BM-01", "multicast DNS question", "RFC 6762; CERT VU#550620")
def mdns(r: Roles) -> Iterator[Sendable]:
    """Which printers are there? To the group, and to the target alone."""
    question = carried(5353, sport=5353) / dns_question("_ipp._tcp.local", _POINTER) / token()
    yield group_multicast(r.w, _MDNS, ttl=255) / question
    yield ipv4(r.w, r.g, r.r) / question


@entry("BM-02", "multicast DNS answer in the target's name", "RFC 6762; Responder")
def mdns_answer(r: Roles) -> Iterator[Sendable]:
    """The register is at my address."""
    head = struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0) + b"\x08resident\x05local\0"
    record = struct.pack("!HHIH", 1, 0x8001, 120, 4) + bytes(int(x) for x in r.w.ip.split("."))
    answer = carried(5353, head + record, sport=5353) / token()
    yield group_multicast(r.w, _MDNS, ttl=255) / answer


@entry("BM-03", "LLMNR question for wpad", "RFC 4795; Responder")
def llmnr(r: Roles) -> Iterator[Sendable]:
    """Who configures the browsers here?"""
    yield group_multicast(r.w, _LLMNR, ttl=1) / carried(5355) / dns_question("wpad", 1) / token()


@entry("BM-04", "NetBIOS name and datagram service", "RFC 1002")
def netbios(r: Roles) -> Iterator[Sendable]:
    """To all of one's own subnet, and to all of the target's."""
    for party in (r.w, r.r):
        for port in (137, 138):
            there = neighbour(party, 255)
            yield ipv4(r.w, ALL, there) / carried(port, sport=port) / token()


@entry("BM-05", "SSDP search", "UPnP 2.0; CVE-2020-12695")
def ssdp(r: Roles) -> Iterator[Sendable]:
    """Which devices can be controlled?"""
    search = b"M-SEARCH * HTTP/1.1\r\nST: ssdp:all\r\n\r\n"
    yield group_multicast(r.w, _SSDP, ttl=4) / carried(1900, search) / token()


@entry("BM-06", "looking for printers", "CVE-2024-47176; CVE-2023-29552")
def printers(r: Roles) -> Iterator[Sendable]:
    """WS-Discovery, SLP, and the announcements that CUPS believes."""
    yield group_multicast(r.w, _SSDP) / datagram(3702)
    yield group_multicast(r.w, _SLP) / datagram(427)
    yield ipv4(r.w, ALL, LIMITED) / datagram(631, sport=631)


@entry("BM-07", "DHCP discover", "RFC 2131")
def discover(r: Roles) -> Iterator[Sendable]:
    """Addresses are fixed by the plan: nobody hears the question."""
    request = BOOTP(op=1, chaddr=mac_bytes(r.w), xid=1, sname=blank())
    options = DHCP(options=[("message-type", "discover"), "end"])
    for source in ("0.0.0.0", r.w.ip):
        head = ipv4(r.w, ALL, LIMITED, src=source) / carried(67, sport=68)
        yield head / request / options


@entry("BM-08", "joining a group of the target's segment", "RFC 4541", kind=Kind.STATEFUL)
def join(r: Roles) -> Iterator[Sendable]:
    """A snooping switch would send it here from now on."""
    yield group_multicast(r.w, _GROUP, ttl=1) / igmp(0x16, _GROUP) / trailer()
    yield r.r.id, group_multicast(r.r, _GROUP) / datagram()


@entry("BM-09", "posing as the querier", "RFC 4541; RFC 2236", kind=Kind.STATEFUL)
def querier(r: Roles) -> Iterator[Sendable]:
    """A snooping switch would send every group here."""
    for source in ("0.0.0.1", r.w.ip):
        query = igmp(0x11, "0.0.0.0")
        yield group_multicast(r.w, ALL_HOSTS, src=source, ttl=1) / query / trailer()
    yield r.r.id, group_multicast(r.r, _GROUP) / datagram()


@entry("BM-10", "multicast from the target", "Open vSwitch mcast-snooping")
def multicast_back(r: Roles) -> Iterator[Sendable]:
    """The other direction: an unregistered group is flooded by many a switch."""
    yield r.r.id, group_multicast(r.r, _GROUP) / datagram()


@entry("BM-11", "Wake-on-LAN", "AMD Magic Packet; EtherType 0x0842")
def wake(r: Roles) -> Iterator[Sendable]:
    """Sixteen times the target's address, in UDP and in a frame of its own."""
    magic = Raw(b"\xff" * 6 + mac_bytes(r.r) * 16)
    for head in (ipv4(r.w, ALL, LIMITED), ipv4(r.w, r.g, r.r), ipv4(r.w, r.r, r.r)):
        yield head / datagram() / magic
    waking = frame(r.w, ALL)
    waking.type = 0x0842
    yield waking / token() / magic


@entry("BM-12", "a broadcast storm", "IEEE 802.1Q; RFC 919")
def storm(r: Roles) -> Iterator[Sendable]:
    """A hundred at once; everything that is allowed must go on arriving."""
    for _ in sample(r, range(100)):
        yield ipv4(r.w, ALL, LIMITED) / datagram()


@entry("BM-13", "a broadcast from the target", "policy")
def broadcast_back(r: Roles) -> Iterator[Sendable]:
    """The other direction."""
    for there in (neighbour(r.r, 255), LIMITED):
        yield r.r.id, ipv4(r.r, ALL, there) / carried(137, sport=137) / token()
