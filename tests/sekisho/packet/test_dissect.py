"""What the policy reads in a frame is what the generator meant, and nothing is guessed."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.probes.context import packet
from scenarios.probes.frames import Fields, build, tokens
from sekisho.model import PortRef
from sekisho.packet.dissect import dissect

AT = PortRef("floor", 1)
FIELDS = Fields(
    "02:00:5e:00:00:01",
    "02:41:00:00:00:0b",
    IPv4Address("10.41.0.11"),
    IPv4Address("10.10.0.21"),
    50000,
    443,
    2,
    10,
)


@pytest.mark.parametrize("shape", ["tcp", "udp", "icmp-echo", "arp", "ra"])
def test_a_plain_frame_reads_as_it_was_meant(shape: str) -> None:
    """The generator's packet and the one read back from the bytes are the same value."""
    (frame,) = build(shape, [FIELDS], tokens(7, [1]))

    assert dissect(frame, AT) == packet(shape, FIELDS, AT)


def test_a_tagged_frame_reads_as_tagged_whatever_is_inside() -> None:
    """Nothing behind a tag counts: a tag from an edge is refused as it is."""
    (frame,) = build("tagged", [FIELDS], tokens(7, [1]))
    got = dissect(frame, AT)

    assert got is not None and got.tagged


def test_a_fragment_reads_as_one() -> None:
    """More-fragments alone makes a fragment (RFC 791, 3.1)."""
    (frame,) = build("fragment", [FIELDS], tokens(7, [1]))
    got = dissect(frame, AT)

    assert got is not None and got.fragment


@pytest.mark.parametrize("cut", [0, 5, 13, 20, 33, 40, 53])
def test_a_cut_frame_reads_as_nothing(cut: int) -> None:
    """Ports that are not there are not read as zero."""
    (frame,) = build("tcp", [FIELDS], tokens(7, [1]))

    assert dissect(frame[:cut], AT) is None


@given(st.binary(max_size=80))
def test_any_bytes_can_be_asked_about(frame: bytes) -> None:
    """Reading never fails: it answers a packet, or none."""
    got = dissect(frame, AT)

    assert got is None or got.at == AT
