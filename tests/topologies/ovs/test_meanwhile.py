"""What the kernel and Open vSwitch's database say of changes, read from their own bytes."""

from __future__ import annotations

import struct

import pytest

from topologies.ovs.meanwhile import told, written

_NEW_LINK, _GONE_LINK, _NEW_ADDRESS, _NEW_NEIGHBOUR = 16, 17, 20, 28  # linux/rtnetlink.h


def _message(kind: int, index: int, name: bytes = b"sk-a") -> bytes:
    label = name + b"\0"
    attribute = struct.pack("=HH", 4 + len(label), 3) + label + bytes(-len(label) % 4)
    mac = struct.pack("=HH", 10, 1) + bytes(8)
    body = struct.pack("=BxHiII", 0, 1, index, 0, 0) + mac + attribute
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


@pytest.mark.parametrize(
    ("kind", "index", "words"),
    [
        (_NEW_LINK, 9, ["an interface came: sk-a"]),
        (_NEW_LINK, 3, []),  # it was there: a line that is cut on purpose
        (_GONE_LINK, 3, ["an interface went: sk-a"]),
        (_NEW_ADDRESS, 3, ["an address came"]),
        (_NEW_NEIGHBOUR, 3, []),
    ],
)
def test_a_message_of_the_kernel_is_told_in_words(kind: int, index: int, words: list[str]) -> None:
    """Alone, and behind another in one datagram."""
    assert list(told(_message(kind, index), {3})) == words
    assert list(told(_message(_NEW_LINK, 3) + _message(kind, index), {3})) == words


def test_a_transaction_tells_what_it_changed_but_no_state() -> None:
    """A row, a deleted row; what the switch itself writes of its state is none of it."""
    records = (
        b"OVSDB JSON 9 00\n"
        b'{"Bridge":{"u":{"mirrors":["uuid","m"]}},"Open_vSwitch":{"o":{"next_cfg":9}},"_date":1}\n'
        b"OVSDB JSON 9 00\n"
        b'{"Port":{"p":null},"_comment":"x"}\n'
    )

    assert list(written(records)) == ["Bridge: mirrors was written", "a row of Port was deleted"]
    assert list(written(b"")) == []
