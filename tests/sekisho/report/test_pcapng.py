"""Captures of findings are real pcapng: bytes as the draft says, and tshark reads them."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.report.pcapng import CapturedFrame, dump, write

TSHARK = shutil.which("tshark")
AT = 1_795_424_462_123_456_789
FRAME = bytes.fromhex("02100000001502450000000b0800") + bytes(47)
PACKETS = (
    CapturedFrame("nb.wireless (sent)", AT, FRAME, "as sent"),
    CapturedFrame("juki.lan", AT + 1, FRAME, "as seen: 漏れ"),
    CapturedFrame("nb.wireless (sent)", AT + 2, FRAME + b"x"),
)


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (type, body) of each block, checking both lengths."""
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        yield kind, data[8 : length - 4]
        data = data[length:]


def test_each_interface_is_described_once_and_before_the_packets() -> None:
    """Section Header, two Interface Descriptions, three Enhanced Packets."""
    assert [kind for kind, _ in blocks(dump(PACKETS))] == [0x0A0D0D0A, 1, 1, 6, 6, 6]


def test_a_packet_keeps_its_nanosecond_its_interface_and_its_bytes() -> None:
    """Timestamps are 64 bits in two halves, the high one first (draft, 4.3)."""
    body = list(blocks(dump(PACKETS)))[4][1]
    interface, high, low, captured, original = struct.unpack_from("<IIIII", body)

    assert (interface, (high << 32) + low) == (1, AT + 1)
    assert (captured, original, body[20 : 20 + captured]) == (len(FRAME), len(FRAME), FRAME)


def test_interfaces_are_named_and_count_nanoseconds() -> None:
    """if_name (2) and if_tsresol (9) with 10**-9, then the end of options."""
    body = list(blocks(dump(PACKETS)))[2][1]

    assert body == (
        struct.pack("<HHI", 1, 0, 0)
        + struct.pack("<HH", 2, 8)
        + b"juki.lan"
        + struct.pack("<HH", 9, 1)
        + b"\x09\0\0\0"
        + bytes(4)
    )


def test_a_comment_that_is_too_long_is_cut_between_letters() -> None:
    """An option holds at most 65,535 bytes of UTF-8."""
    body = list(blocks(dump([CapturedFrame("a", AT, b"", "漏" * 30_000)])))[2][1]
    code, size = struct.unpack_from("<HH", body, 20)

    assert (code, size) == (1, 65_535)
    assert body[24 : 24 + size].decode() == "漏" * 21_845


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
def test_tshark_reads_names_times_and_comments(tmp_path: Path) -> None:
    """What an engineer will open it with agrees."""
    path = tmp_path / "T-000042.pcapng"
    write(path, PACKETS)
    names = ("frame.interface_name", "frame.time_epoch", "frame.len", "frame.comment")
    fields = [word for name in names for word in ("-e", name)]
    read_back = subprocess.run(
        [str(TSHARK), "-r", str(path), "-T", "fields", *fields],
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert [line.split("\t") for line in read_back.stdout.decode().splitlines()] == [
        ["nb.wireless (sent)", "1795424462.123456789", "61", "as sent"],
        ["juki.lan", "1795424462.123456790", "61", "as seen: 漏れ"],
        ["nb.wireless (sent)", "1795424462.123456791", "62", ""],
    ]
