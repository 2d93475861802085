"""Stamped frames are Scapy's own, byte for byte, and their tokens are found again."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.probes.frames import TOKEN_BYTES, Fields, build, frame_number, scapy_frame, tokens
from sekisho.errors import RuleError

SHAPES = (
    "tcp",
    "udp",
    "tagged",
    "tagged-twice",
    "fragment",
    "icmp-echo",
    "icmp-timestamp",
    "icmp-redirect",
    "icmp-reply",
    "arp",
    "udp6-local",
    "udp6-ula",
    "ra",
)
RUN = 0xC0FFEE01

MACS = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
IPS = st.integers(1, 0xFFFFFFFE).map(IPv4Address)
PORTS = st.integers(0, 0xFFFF)
VLANS = st.integers(0, 0xFFF)
FIELDS = st.builds(Fields, MACS, MACS, IPS, IPS, PORTS, PORTS, st.integers(0, 0xFF), VLANS, VLANS)
ONE = Fields(
    "02:00:5e:00:00:01", "02:41:00:00:00:0b", IPv4Address("10.41.0.11"), IPv4Address("10.10.0.21"),
    50000, 443, 2, 100,
)  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=40, deadline=None)
@given(rows=st.lists(FIELDS, min_size=1, max_size=4), first=st.integers(0, 0xFFFFFF00))
def test_a_stamped_frame_is_scapys_own(shape: str, rows: list[Fields], first: int) -> None:
    """Addresses, ports, flags, token and every checksum, for any values."""
    marks = tokens(RUN, range(first, first + len(rows)))
    wanted = [bytes(scapy_frame(shape, f, t)) for f, t in zip(rows, marks, strict=True)]

    assert build(shape, rows, marks) == wanted


@pytest.mark.parametrize("shape", SHAPES)
def test_no_rows_give_no_frames(shape: str) -> None:
    """A shape that a window does not use costs nothing."""
    assert build(shape, [], []) == []


def test_a_udp_checksum_is_never_zero() -> None:
    """Zero would say that there is none (RFC 768); one in 65,536 frames comes to it."""
    rows = [Fields(*ONE_ENDS, sport=port, dport=9) for port in range(0x10000)]
    frames = build("udp", rows, tokens(RUN, [7]) * len(rows))
    sums = {frame[40:42] for frame in frames}

    assert b"\xff\xff" in sums
    assert b"\x00\x00" not in sums


ONE_ENDS = (ONE.eth_dst, ONE.eth_src, ONE.ip_src, ONE.ip_dst)


def test_an_unknown_shape_is_refused() -> None:
    """A probe that names a shape which nobody can build must not send something else."""
    with pytest.raises(RuleError, match=r"^shape 'square' is not known$"):
        build("square", [ONE], tokens(RUN, [1]))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_token_is_found_in_every_shape(shape: str) -> None:
    """Wherever a frame is seen, it says which one it is."""
    (frame,) = build(shape, [ONE], tokens(RUN, [77]))

    assert frame_number(RUN, frame) == 77


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=80), st.binary(max_size=80))
def test_a_token_is_found_anywhere(number: int, before: bytes, after: bytes) -> None:
    """Quoted in an ICMP error, or wrapped in a tunnel, it is the same token."""
    (token,) = tokens(RUN, [number])

    assert frame_number(RUN, before + token + after) == number


def test_a_token_behind_a_false_one_is_found() -> None:
    """The magic alone, or a foreign token, does not hide a true one."""
    foreign, own = tokens(RUN + 1, [1])[0], tokens(RUN, [2])[0]

    assert frame_number(RUN, b"SKSH" + foreign + b"SK" + own) == 2


def test_a_token_of_another_run_is_none() -> None:
    """Two towns side by side do not hear each other."""
    assert frame_number(RUN, tokens(RUN + 1, [1])[0]) is None


@given(st.integers(0, TOKEN_BYTES * 8 - 1))
def test_a_damaged_token_is_none(bit: int) -> None:
    """One flipped bit anywhere is found out by its own CRC."""
    token = int.from_bytes(tokens(RUN, [123456])[0], "big") ^ 1 << bit

    assert frame_number(RUN, token.to_bytes(TOKEN_BYTES, "big")) is None


@given(st.integers(0, TOKEN_BYTES - 1))
def test_a_token_that_was_cut_off_is_none(length: int) -> None:
    """A ring keeps only the first bytes of a frame."""
    assert frame_number(RUN, b"x" * 40 + tokens(RUN, [5])[0][:length]) is None


def test_tokens_are_all_different() -> None:
    """A frame number names one frame of a run."""
    assert len(set(tokens(RUN, range(1000)))) == 1000
