"""Write packets as pcapng, with the place, the nanosecond and a comment for each.

Source: draft-ietf-opsawg-pcapng (PCAP Now Generic), sections 3.1-3.5 (blocks and options), 4.1
(Section Header), 4.2 (Interface Description) and 4.3 (Enhanced Packet). Knows bytes, no protocols.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sekisho.evidence.writing import write_atomically

_SECTION_HEADER, _INTERFACE, _ENHANCED_PACKET = 0x0A0D0D0A, 1, 6  # draft, 4
_BYTE_ORDER_MAGIC = 0x1A2B3C4D  # draft, 4.1
_UNKNOWN_LENGTH = 0xFFFFFFFFFFFFFFFF  # draft, 4.1: a section of unspecified length
_LINKTYPE_ETHERNET = 1  # draft-ietf-opsawg-pcaplinktype
_END, _COMMENT, _IF_NAME, _IF_TSRESOL, _SHB_USERAPPL = 0, 1, 2, 9, 4  # draft, 3.5, 4.1, 4.2
_NANOSECONDS = 9  # if_tsresol: negative power of ten
_LONGEST_OPTION = 0xFFFF


@dataclass(frozen=True, slots=True)
class CapturedFrame:
    """One frame as it was seen at one place.

    Attributes:
        interface: Name of the capture point, e.g. ``juki.lan`` or ``nb-hq-1.wireless (sent)``.
        at_ns: Nanoseconds since 1970-01-01 UTC.
        data: The frame from the destination MAC address on, without FCS.
        comment: Shown by readers beside the packet; may be empty.
    """

    interface: str
    at_ns: int
    data: bytes
    comment: str = ""


def write(path: Path, packets: Iterable[CapturedFrame]) -> None:
    """Write *packets* to *path*, in the order given; an interface is described once."""
    write_atomically(path, dump(list(packets)))


def dump(packets: Sequence[CapturedFrame]) -> bytes:
    """Return a pcapng file with *packets*."""
    numbers = {name: number for number, name in enumerate(_names(packets))}
    blocks = [_section_header(), *(_interface(name) for name in numbers)]
    blocks += [_packet(packet, numbers[packet.interface]) for packet in packets]
    return b"".join(blocks)


def _names(packets: Iterable[CapturedFrame]) -> list[str]:
    return list(dict.fromkeys(packet.interface for packet in packets))


def _section_header() -> bytes:
    body = struct.pack("<IHHQ", _BYTE_ORDER_MAGIC, 1, 0, _UNKNOWN_LENGTH)
    return _block(_SECTION_HEADER, body + _options((_SHB_USERAPPL, b"sekisho")))


def _interface(name: str) -> bytes:
    body = struct.pack("<HHI", _LINKTYPE_ETHERNET, 0, 0)  # no snapshot length: frames are whole
    options = (_IF_NAME, _encoded(name)), (_IF_TSRESOL, bytes([_NANOSECONDS]))
    return _block(_INTERFACE, body + _options(*options))


def _packet(packet: CapturedFrame, interface: int) -> bytes:
    high, low = divmod(packet.at_ns, 1 << 32)
    size = len(packet.data)
    body = struct.pack("<IIIII", interface, high, low, size, size) + _padded(packet.data)
    if packet.comment:
        body += _options((_COMMENT, _encoded(packet.comment)))
    return _block(_ENHANCED_PACKET, body)


def _block(kind: int, body: bytes) -> bytes:
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length


def _options(*options: tuple[int, bytes]) -> bytes:
    parts = [struct.pack("<HH", code, len(value)) + _padded(value) for code, value in options]
    return b"".join(parts) + struct.pack("<HH", _END, 0)


def _encoded(text: str) -> bytes:
    whole = text.encode("utf-8", "replace")
    return whole[:_LONGEST_OPTION].decode("utf-8", "ignore").encode()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
