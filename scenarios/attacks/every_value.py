"""EX: all values of what a rule may have asked for: each is tried where something is offered.

A permission that is a little too wide is wide in one field: one service class, one port of a pair,
one flag, one bit of an identity. The source tries them all on what the target really offers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from ipaddress import IPv4Address

from scapy.layers.inet import TCP, UDP

from scenarios.probes.builders import address, client, frame, sample, stack, tcp, token, vary
from scenarios.probes.registry import Sendable, entry
from scenarios.probes.roles import Party, Roles
from sekisho.model import Protocol
from sekisho.packet.packet import mac_number, mac_text

# Byte offsets behind Ethernet and a 20-byte IPv4 header (RFC 791, RFC 768, RFC 9293).
_TOS, _IP_SUM, _SOURCE = 14, 24, 34
_SUM = {Protocol.TCP: 50, Protocol.UDP: 40}
_MAC_BITS, _IP_BITS = 48, 32
#: What no client begins with, and what looks like an answer or a conversation under way.
_ODD_FLAGS = ("SA", "A", "PA", "FA", "RA", "F", "R", "FPU", "", "SF", "SR", "SEC", "SU", "SN")


def _opening(r: Roles, protocol: Protocol, port: int) -> bytes:
    """Return what begins a conversation with *port* of the target."""
    header = (
        TCP(sport=client(), dport=port, flags="S", seq=1)
        if protocol is Protocol.TCP
        else UDP(sport=client(), dport=port)
    )
    return bytes(stack(frame(r.w, r.g), address(r.w, r.r), header, token()))


@entry("EX-01", "all service classes, to every offered port", "RFC 2474; RFC 3168")
def every_class(r: Roles) -> Iterator[Sendable]:
    """With every DSCP and ECN value, to what the target offers."""
    for protocol, port in sample(r, r.r.offered):
        raw = _opening(r, protocol, port)
        for number in sample(r, range(256)):
            classed = vary(raw, _TOS, 0x45 << 8 | number, _IP_SUM)
            yield vary(classed, _SOURCE, client(), _SUM[protocol])


@entry("EX-02", "every pair of ports that are offered anywhere", "stateless reply rules")
def every_pair_of_ports(r: Roles) -> Iterator[Sendable]:
    """From a port that answers come from, to one that is asked, in both protocols."""
    for protocol in (Protocol.TCP, Protocol.UDP):
        ports = [port for of, port in r.offered if of is protocol]
        for source, target in sample(r, list(itertools.product(ports, [*ports, client()]))):
            if protocol is Protocol.UDP:
                header = UDP(sport=source, dport=target)
                yield stack(frame(r.w, r.g), address(r.w, r.r), header, token())
                continue
            for flags in ("SA", "PA"):
                yield tcp(r.w, r.g, r.r, flags, sport=source, dport=target)


@entry("EX-03", "odd flags, to every offered port", "nmap --scanflags")
def odd_flags(r: Roles) -> Iterator[Sendable]:
    """With what no client begins with, to every port that the target offers."""
    ports = [port for protocol, port in r.r.offered if protocol is Protocol.TCP]
    for port in ports or [r.r.port]:
        for flags in sample(r, _ODD_FLAGS):
            yield tcp(r.w, r.g, r.r, flags, dport=port)


@entry("EX-04", "neighbours of every admitted identity", "one bit beside a mask")
def neighbours(r: Roles) -> Iterator[Sendable]:
    """From every terminal like the source: its MAC or IP address with any one bit changed."""
    for who in r.alike:
        for mac, ip in _beside(who):
            other = Party("", mac, ip, who.vlan, who.port)
            header = TCP(sport=client(), dport=r.r.port, flags="S", seq=1)
            yield who.id, stack(frame(other, r.g), address(other, r.r), header, token())


def _beside(who: Party) -> Iterator[tuple[str, str]]:
    """Yield identities that are one bit, or one, beside *who*."""
    mac, ip = mac_number(who.mac), int(IPv4Address(who.ip))
    for bit in range(_MAC_BITS):
        yield mac_text(mac ^ 1 << bit), who.ip
    for number in [ip ^ 1 << bit for bit in range(_IP_BITS)] + [ip + 1, ip - 1]:
        yield who.mac, str(IPv4Address(number % (1 << _IP_BITS)))
