"""What the policy reads in a frame is what the generator meant, and nothing is guessed."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.probes.context import packet
from scenarios.probes.frames import Fields, build, tokens
from sekisho.model import PortRef
from sekisho.packet.dissect import dissect, with_tag, without_tag

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


@pytest.mark.parametrize("shape", ["tagged", "tagged-twice"])
@pytest.mark.parametrize("tag", [0, 20])
def test_a_tagged_frame_reads_as_it_was_meant(shape: str, tag: int) -> None:
    """With its own tag, whatever its sender's is; behind a second one nothing is read."""
    (frame,) = build(shape, [FIELDS], tokens(7, [1]))
    got = dissect(frame, AT, tag)

    assert got == packet(shape, FIELDS, AT, tag)
    assert got is not None and (got.tagged, got.vlan) == (True, FIELDS.vlan)


@pytest.mark.parametrize("shape", ["tcp", "udp", "icmp-echo", "arp", "ra"])
def test_a_plain_frame_enters_under_the_tag_of_its_sender(shape: str) -> None:
    """As it is on the cable, and so as the switch meets it."""
    (frame,) = build(shape, [FIELDS], tokens(7, [1]))

    assert dissect(frame, AT, 20) == packet(shape, FIELDS, AT, 20) == dissect(cable(frame), AT)
    assert without_tag(cable(frame)) == frame


def cable(frame: bytes) -> bytes:
    """Return *frame* under tag 20."""
    return with_tag(frame, 20)


def test_a_frame_that_cannot_be_read_reads_as_tagged_under_a_tag() -> None:
    """It dies at its port by the rule of tags, like everything that is nobody's."""
    (frame,) = build("tcp", [FIELDS], tokens(7, [1]))
    got = dissect(frame[:40], AT, 20)

    assert got is not None and (got.tagged, got.ip_src) == (True, None)


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
