"""The words for packets and for the rules that drop them."""

from __future__ import annotations

import pytest

from sekisho.model import PortRef, Protocol
from sekisho.packet.packet import DropPoint, Packet, is_group


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        ("ff:ff:ff:ff:ff:ff", True),
        ("01:00:5e:00:00:fb", True),
        ("33:33:00:00:00:01", True),
        ("02:41:00:00:00:0b", False),
        ("00:00:00:00:00:00", False),
    ],
)
def test_the_group_bit(mac: str, expected: bool) -> None:
    """The lowest bit of the first byte tells a group from a station (IEEE 802.3, 3.2.3)."""
    assert is_group(mac) is expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(6, Protocol.TCP), (17, Protocol.UDP), (1, Protocol.ICMP), (2, None), (132, None)],
)
def test_only_tcp_udp_and_an_echo_can_be_a_service(number: int, expected: Protocol | None) -> None:
    """A service is a port, or the echo of ICMP; no other protocol is modelled."""
    packet = Packet(PortRef("floor", 1), "02:00:00:00:00:01", "02:00:00:00:00:02", ip_proto=number)

    assert packet.protocol is expected


def test_a_drop_point_reads_as_a_phrase() -> None:
    """Reports say which counter must move in words, with the cell or port where there is one."""
    assert str(DropPoint("cell", "floor", "S2/D1")) == "cell S2/D1 at floor"
    assert str(DropPoint("ttl", "floor")) == "ttl at floor"
