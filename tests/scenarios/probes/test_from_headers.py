"""A frame that is made from header fields is what Scapy would make, and is read back the same."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether

from scenarios.probes.frames import blank
from scenarios.probes.from_headers import frame_of
from sekisho.model import PortRef, Protocol
from sekisho.openflow.rules import VLAN_PRESENT
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, TCP_SYN
from sekisho.proof.fields import HEADER

_AT = PortRef("sw", 1)
_ZERO = dict.fromkeys(HEADER, 0)
_ENDS = {"eth_dst": 0x020000000001, "eth_src": 0x020000000002}
_IP = {**_ENDS, "eth_type": ETH_IPV4, "nw_ttl": 64, "ipv4_src": 0x0A000001, "ipv4_dst": 0x0A000002}
_PORTS = {"tp_src": 20000, "tp_dst": 443}
_SHAPES = {
    "tcp": {**_IP, **_PORTS, "ip_proto": Protocol.TCP.value, "tcp_flags_nxm": TCP_SYN},
    "udp": {**_IP, **_PORTS, "ip_proto": Protocol.UDP.value},
    "icmp": {**_IP, "ip_proto": Protocol.ICMP.value, "tp_src": 8},
    "first": {**_IP, **_PORTS, "ip_proto": Protocol.TCP.value, "ip_frag": 1},
    "later": {**_IP, "ip_proto": Protocol.UDP.value, "ip_frag": 3},
    "other-ip": {**_IP, "ip_proto": 47},
}


@pytest.mark.parametrize("shape", _SHAPES)
def test_checksums_are_those_of_scapy(shape: str) -> None:
    """Taken out, and left to Scapy, they are the same; and so is all the rest."""
    raw = frame_of({**_ZERO, **_SHAPES[shape]}, 7)
    again = Ether(raw)
    for layer in (IP, TCP, UDP, ICMP):
        if layer in again:
            del again[layer].chksum

    assert bytes(again) == raw
    assert raw.count(blank()) == 1


@pytest.mark.parametrize("shape", _SHAPES)
def test_it_is_read_as_it_was_meant(shape: str) -> None:
    """By the reader that the policy has."""
    sent = {**_ZERO, **_SHAPES[shape]}
    packet = dissect(frame_of(sent, 7), _AT)

    assert packet is not None
    assert (packet.ip_proto, packet.ttl, packet.fragment) == (
        sent["ip_proto"],
        64,
        bool(sent["ip_frag"]),
    )
    assert packet.ip_dst is not None
    assert int(packet.ip_dst) == sent["ipv4_dst"]


def test_a_tag_and_an_arp_question_are_carried() -> None:
    """Hardware addresses inside and outside are fields of their own."""
    sent = {**_ZERO, **_ENDS, "vlan_vid": VLAN_PRESENT | 5, "eth_type": ETH_ARP, "arp_op": 1}
    sent |= {"arp_sha": 0x020000000003, "arp_spa": 0x0A000001, "arp_tpa": 0x0A000002}
    frame = Ether(frame_of(sent, 7))
    packet = dissect(bytes(frame), _AT)

    assert packet is not None
    assert (packet.tagged, packet.vlan, packet.arp_op) == (True, 5, 1)
    assert (frame[ARP].hwsrc, frame[ARP].psrc) == ("02:00:00:00:00:03", "10.0.0.1")


@pytest.mark.parametrize("kind", [ETH_IPV6, 0x88B5])
def test_other_protocols_bear_their_type_and_the_token(kind: int) -> None:
    """Nothing else of them is asked."""
    raw = frame_of({**_ZERO, **_ENDS, "eth_type": kind}, 7)

    assert raw[12:14] == kind.to_bytes(2, "big")
    assert raw.endswith(blank())
