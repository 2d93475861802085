"""Frames without a token, put to the frame of ours that they quote, cut short or answer.

An ICMP error quotes at least 28 bytes (RFC 792), less than it takes to reach a token; a frame may
be cut before it; an answer never has one. What gives it away are the addresses, the ports and the
identification field, in which every frame of ours bears the low half of its number.
"""

from __future__ import annotations

from collections.abc import Mapping

from sekisho.model import Protocol
from sekisho.packet.packet import ETH_IPV4, ICMP

_L3, _ID, _PROTOCOL, _SOURCE, _PORTS = 14, 4, 9, 12, 20  # RFC 791, 3.1
_CONVERSES = frozenset({Protocol.TCP.value, Protocol.UDP.value})
_TCP_OFFSET = 12  # RFC 9293, 3.1
_OPENFLOW = 4  # version byte of OpenFlow 1.3, 7.1
_PACKET_IN, _PACKET_OUT = 10, 13  # OpenFlow 1.3.5, 7.1.1
_ECHO, _ECHO_REPLY = 8, 0  # RFC 792

#: Both addresses, as they stand behind each other in a header.
_Pair = bytes


class Answered:
    """An index of the frames that were sent, by number."""

    def __init__(self, sent: Mapping[int, bytes]) -> None:
        self.by_pair: dict[_Pair, dict[bytes, int]] = {}
        self.by_reverse: dict[bytes, int] = {}
        for number, data in sent.items():
            if int.from_bytes(data[12:14], "big") != ETH_IPV4 or len(data) < _L3 + _PORTS + 4:
                continue
            header = data[_L3:]
            pair = header[_SOURCE:_PORTS]
            self.by_pair.setdefault(pair, {})[header[_ID : _ID + 2]] = number
            key = _reverse(header)
            if key:
                self.by_reverse[key] = number


def quoted(index: Answered, data: bytes) -> int | None:
    """Return the number of the frame whose header stands anywhere in *data*; None if none does."""
    for at in range(_SOURCE, len(data) - 7):
        numbers = index.by_pair.get(data[at : at + 8])
        if numbers is None:
            continue
        start = at - _SOURCE
        number = numbers.get(data[start + _ID : start + _ID + 2])
        if number is not None:
            return number
    return None


def answered(index: Answered, data: bytes) -> int | None:
    """Return the number of the frame that *data* answers: addresses and ports reversed."""
    if data[12:14] != ETH_IPV4.to_bytes(2, "big") or len(data) < _L3 + _PORTS + 4:
        return None
    header = data[_L3:]
    return index.by_reverse.get(_forward(header))


def _forward(header: bytes) -> bytes:
    """The addresses and ports of an answer as it has them."""
    ports = header[_PORTS : _PORTS + 4]
    if header[_PROTOCOL] == ICMP:
        ports = bytes([header[_PORTS]]) + header[_PORTS + 4 : _PORTS + 6]  # type, identifier
    return header[_PROTOCOL : _PROTOCOL + 1] + header[_SOURCE:_PORTS] + ports


def _reverse(header: bytes) -> bytes:
    """The addresses and ports that an answer to a frame with *header* would have."""
    protocol = header[_PROTOCOL]
    source, target = header[_SOURCE : _SOURCE + 4], header[_SOURCE + 4 : _PORTS]
    if protocol in _CONVERSES:
        ports = header[_PORTS + 2 : _PORTS + 4] + header[_PORTS : _PORTS + 2]
    elif protocol == ICMP and header[_PORTS] == _ECHO:
        ports = bytes([_ECHO_REPLY]) + header[_PORTS + 4 : _PORTS + 6]
    else:
        return b""
    return bytes([protocol]) + target + source + ports


def is_control(data: bytes, port: int) -> bool:
    """Tell whether a frame on the loopback is the controller's own business with its switches.

    That is TCP from or to *port* in which nobody hands over a packet: neither a switch to its
    controller nor the reverse.
    """
    header = data[_L3:]
    if data[12:14] != ETH_IPV4.to_bytes(2, "big") or len(header) < 2 * _PORTS:
        return False
    segment = header[(header[0] & 15) * 4 :]
    ports = (int.from_bytes(segment[:2], "big"), int.from_bytes(segment[2:4], "big"))
    if header[_PROTOCOL] != Protocol.TCP.value or port not in ports:
        return False
    message = segment[(segment[_TCP_OFFSET] >> 4) * 4 :]
    while len(message) >= 8 and message[0] == _OPENFLOW:
        if message[1] in (_PACKET_IN, _PACKET_OUT):
            return False
        message = message[max(8, int.from_bytes(message[2:4], "big")) :]
    return True
