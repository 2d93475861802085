"""One echo of ICMP, asked for from a host's own interface and read back: RFC 792."""

from __future__ import annotations

import os
import socket
import struct

from sekisho.model import ECHO

_REPLY, _HEADER, _IP_WORD = 0, 8, 4
_SEQUENCE = 1


def echo_socket() -> socket.socket:
    """Open a socket for echoes in the namespace that the caller is in."""
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def new_identifier() -> int:
    """Return an identifier that tells one echo from another."""
    return int.from_bytes(os.urandom(2), "big")


def request(identifier: int, said: bytes) -> bytes:
    """Return an echo request with its checksum (RFC 1071)."""
    head = struct.pack("!BBHHH", ECHO, 0, 0, identifier, _SEQUENCE)
    data = head + said + b"\0" * (len(said) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    total = ~(total + (total >> 16)) & 0xFFFF
    return struct.pack("!BBHHH", ECHO, 0, total, identifier, _SEQUENCE) + said


def answered(packet: bytes, identifier: int) -> bytes | None:
    """Return what a packet gives back of the request with *identifier*; None for another one."""
    data = packet[(packet[0] & 15) * _IP_WORD :] if packet else b""
    if len(data) < _HEADER or data[0] != _REPLY:
        return None
    (found,) = struct.unpack_from("!H", data, 4)
    return data[_HEADER:] if found == identifier else None
