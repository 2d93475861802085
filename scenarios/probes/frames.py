"""Frames: built by Scapy once a shape, then stamped with addresses, ports and tokens.

Scapy builds about 1,500 frames a second; a gate needs a hundred thousand. So each shape is built
by Scapy once with blank fields, and numpy writes the fields of thousands of frames at a time and
recomputes the checksums (RFC 1071). A test holds stamped frames to Scapy's own, byte for byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6ND_RA, IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw

from sekisho.errors import RuleError

Bytes = NDArray[np.uint8]

MAGIC = b"SKSH"
TOKEN_BYTES = 16  # magic 4, run 4, frame number 4, check 2, balance 2
_BLANK = bytes(TOKEN_BYTES)

# Byte offsets of an untagged Ethernet frame with a 20-byte IPv4 header (IEEE 802.3; RFC 791).
_ETH_DST, _ETH_SRC, _IP, _IP_ID, _IP_SUM, _IP_SRC, _IP_DST, _L4 = 0, 6, 14, 18, 24, 26, 30, 34
_TAG = 12
_TCP_FLAGS, _TCP_SUM, _UDP_SUM, _ICMP_SUM = 47, 50, 40, 36  # RFC 9293; RFC 768; RFC 792
# An IPv6 address of ours carries an IPv4 address in its last four bytes (RFC 8200, 3).
_IP6_SRC, _IP6_SRC_LOW, _IP6_DST_LOW, _IP6_L4 = 22, 34, 50, 54
_UDP6_SUM, _ICMP6_SUM = 60, 56  # RFC 768; RFC 4443, 2.1
_TAGS = {"tagged": 1, "tagged-twice": 2}  # how many a frame of the shape bears
_IPV6_SHAPES = frozenset({"udp6-local", "udp6-ula", "ra"})
_ARP_OP, _ARP_SHA, _ARP_SPA, _ARP_TPA = 20, 22, 28, 38  # RFC 826


class Fields(NamedTuple):
    """What tells one frame of a shape from another.

    Attributes:
        sport: Source port (TCP, UDP), or the ICMP identifier.
        flags: TCP flags (RFC 9293, 3.1), or the ARP operation.
        vlan: VLAN id of the tag of a ``tagged`` frame (IEEE 802.1Q, 9.6), the outer one of two.
        inner: VLAN id of the inner tag of a ``tagged-twice`` frame.
    """

    eth_dst: str
    eth_src: str
    ip_src: IPv4Address
    ip_dst: IPv4Address
    sport: int = 0
    dport: int = 0
    flags: int = 0
    vlan: int = 0
    inner: int = 0

    @property
    def both(self) -> tuple[int, int]:
        """The VLAN ids of two tags, the outer one first."""
        return self.vlan, self.inner


def scapy_frame(shape: str, fields: Fields, token: bytes) -> Any:
    """Build one frame with Scapy.

    Raises:
        RuleError: The shape is not known.
    """
    ether = Ether(dst=fields.eth_dst, src=fields.eth_src)
    if shape in _TAGS:
        for vlan in fields.both[: _TAGS[shape]]:
            ether = ether / Dot1Q(vlan=vlan)
        shape = "tcp"
    if shape not in _BODIES:
        raise RuleError(f"shape {shape!r} is not known")
    if shape == "other":  # no protocol of ours: the destination port says which EtherType
        ether.type = fields.dport
    return ether / _BODIES[shape](fields, token) / Raw(token)


def _ip(fields: Fields, token: bytes, **more: Any) -> IP:
    return IP(src=str(fields.ip_src), dst=str(fields.ip_dst), id=_ip_id(token), **more)


def _tcp(fields: Fields) -> TCP:
    return TCP(sport=fields.sport, dport=fields.dport, flags=fields.flags, seq=1, window=8192)


def _udp(fields: Fields) -> UDP:
    return UDP(sport=fields.sport, dport=fields.dport)


def _arp(fields: Fields) -> ARP:
    nobody = "00:00:00:00:00:00"
    source, asked = str(fields.ip_src), str(fields.ip_dst)
    return ARP(op=fields.flags, hwsrc=fields.eth_src, psrc=source, hwdst=nobody, pdst=asked)


def _udp6(fields: Fields, prefix: str) -> ScapyPacket:
    return IPv6(src=_ip6(prefix, fields.ip_src), dst=_ip6(prefix, fields.ip_dst)) / _udp(fields)


def _advertisement(fields: Fields) -> ScapyPacket:
    header = IPv6(src=_ip6("fe80::", fields.ip_src), dst="ff02::1", hlim=255)
    return header / ICMPv6ND_RA(routerlifetime=1800)


def _ip_id(token: bytes) -> int:
    return int.from_bytes(token[10:12], "big")


def _ip6(prefix: str, ip: IPv4Address) -> str:
    """An IPv6 address that carries *ip* in its last 32 bits."""
    return str(IPv6Address(int(IPv6Address(prefix)) | int(ip)))


#: What stands between the Ethernet header and the token, by shape.
_BODIES: dict[str, Callable[[Fields, bytes], Any]] = {
    "tcp": lambda f, t: _ip(f, t) / _tcp(f),
    "fragment": lambda f, t: _ip(f, t, flags="MF") / _tcp(f),
    "udp": lambda f, t: _ip(f, t) / _udp(f),
    "udp-ttl1": lambda f, t: _ip(f, t, ttl=1) / _udp(f),
    "udp-ttl0": lambda f, t: _ip(f, t, ttl=0) / _udp(f),
    "icmp-echo": lambda f, t: _ip(f, t) / ICMP(type=8, id=f.sport, seq=1),
    "icmp-reply": lambda f, t: _ip(f, t) / ICMP(type=0, id=f.sport, seq=1),
    "icmp-timestamp": lambda f, t: _ip(f, t) / ICMP(type=13, id=f.sport, seq=1),
    "icmp-redirect": lambda f, t: _ip(f, t) / ICMP(type=5, code=1, gw=str(f.ip_src)),
    "arp": lambda f, t: _arp(f),
    "udp6-local": lambda f, t: _udp6(f, "fe80::"),
    "udp6-ula": lambda f, t: _udp6(f, "fd00::"),
    "ra": lambda f, t: _advertisement(f),
    "other": lambda f, t: Raw(),
}


def tokens(run: int, numbers: Sequence[int]) -> list[bytes]:
    """Return the tokens of the frames *numbers* of run *run* (both 32 bits).

    The last two bytes balance the others, so that every token adds the same to an Internet
    checksum (RFC 1071): one token may take another's place in any finished frame.
    """
    start = MAGIC + run.to_bytes(4, "big")
    base = _word_sum(start)
    out = []
    for number in numbers:
        low = number.to_bytes(4, "big")
        check = zlib.crc32(start + low) & 0xFFFF
        total = base + (number >> 16) + (number & 0xFFFF) + check
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        out.append(start + low + (check << 16 | 0xFFFF - total).to_bytes(4, "big"))
    return out


def _word_sum(data: bytes) -> int:
    return sum(int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))


def frame_number(run: int, data: bytes) -> int | None:
    """Return the number of the first frame whose token is in *data*; None if there is none.

    A token of another run, or a damaged one, is none.
    """
    found = frame_numbers(run, data)
    return found[0] if found else None


def frame_numbers(run: int, data: bytes) -> list[int]:
    """Return the number of every frame whose token is anywhere in *data*, each once."""
    out: list[int] = []
    at = data.find(MAGIC)
    while at >= 0:
        token = data[at : at + TOKEN_BYTES]
        if len(token) == TOKEN_BYTES and token[4:8] == run.to_bytes(4, "big"):
            number = int.from_bytes(token[8:12], "big")
            if number not in out and _is_sound(token):
                out.append(number)
        at = data.find(MAGIC, at + 1)
    return out


def _is_sound(token: bytes) -> bool:
    """Tell whether check and balance of a token are right (see `tokens`)."""
    check = int.from_bytes(token[12:14], "big")
    if zlib.crc32(token[:12]) & 0xFFFF != check:
        return False
    return int.from_bytes(token, "big") % 0xFFFF == 0  # its words add up to 0xFFFF, RFC 1071


@cache
def blank() -> bytes:
    """Return the token to build finished frames with; `replace_token` puts true ones in."""
    return tokens(0, [0])[0]


def replace_token(frame: bytes, token: bytes) -> bytes:
    """Return *frame* with *token* in place of every blank one; checksums stay right."""
    return frame.replace(blank(), token)


def source_routed(frame: bytes, last: IPv4Address) -> bytes:
    """Return an IPv4 *frame* without options with a loose source route on to *last* (RFC 791, 3.1).

    It goes to its destination first, and is to be forwarded from there.
    """
    header = bytearray(frame[_IP:_L4])
    options = b"\x01\x83\x07\x04" + last.packed
    header[0] = 4 << 4 | (len(header) + len(options)) // 4
    header[2:4] = (int.from_bytes(header[2:4], "big") + len(options)).to_bytes(2, "big")
    whole = np.frombuffer(frame[:_IP] + bytes(header) + options + frame[_L4:], dtype=np.uint8)
    out = whole.reshape(1, -1).copy()
    _put_checksum(out, _IP_SUM, _IP, _L4 + len(options))
    return bytes(out[0])


def build(shape: str, rows: Sequence[Fields], marks: Sequence[bytes]) -> list[bytes]:
    """Build one frame for each of *rows*, carrying the token of the same position."""
    if not rows:
        return []
    if shape in _TAGS:
        tags = [b"".join(map(_tag, f.both[: _TAGS[shape]])) for f in rows]
        plain = build("tcp", rows, marks)
        return [x[:_TAG] + tag + x[_TAG:] for x, tag in zip(plain, tags, strict=True)]
    out = np.tile(np.frombuffer(_template(shape), dtype=np.uint8), (len(rows), 1))
    out[:, _ETH_DST : _ETH_DST + 6] = _macs([f.eth_dst for f in rows])
    out[:, _ETH_SRC : _ETH_SRC + 6] = _macs([f.eth_src for f in rows])
    out[:, -TOKEN_BYTES:] = np.frombuffer(b"".join(marks), dtype=np.uint8).reshape(-1, TOKEN_BYTES)
    if shape == "arp":
        _stamp_arp(out, rows)
    elif shape == "other":
        out[:, _TAG : _TAG + 2] = _words([f.dport for f in rows])
    elif shape in _IPV6_SHAPES:
        _stamp_ip6(out, rows, shape)
    else:
        _stamp_ip(out, rows, shape)
    return [row.tobytes() for row in out]


def _tag(vlan: int) -> bytes:
    return b"\x81\x00" + vlan.to_bytes(2, "big")


@cache
def _template(shape: str) -> bytes:
    zero = Fields("00:00:00:00:00:00", "00:00:00:00:00:00", IPv4Address(0), IPv4Address(0))
    return bytes(scapy_frame(shape, zero, _BLANK))


@cache
def _mac_bytes(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _macs(macs: list[str]) -> Bytes:
    return np.frombuffer(b"".join(map(_mac_bytes, macs)), dtype=np.uint8).reshape(-1, 6)


def _ips(ips: list[IPv4Address]) -> Bytes:
    return np.array([int(ip) for ip in ips], dtype=">u4").view(np.uint8).reshape(-1, 4)


def _words(values: list[int]) -> Bytes:
    return np.array(values, dtype=">u2").view(np.uint8).reshape(-1, 2)


def _stamp_arp(out: Bytes, rows: Sequence[Fields]) -> None:
    out[:, _ARP_OP : _ARP_OP + 2] = _words([f.flags for f in rows])
    out[:, _ARP_SHA : _ARP_SHA + 6] = out[:, _ETH_SRC : _ETH_SRC + 6]
    out[:, _ARP_SPA : _ARP_SPA + 4] = _ips([f.ip_src for f in rows])
    out[:, _ARP_TPA : _ARP_TPA + 4] = _ips([f.ip_dst for f in rows])


def _stamp_ip(out: Bytes, rows: Sequence[Fields], shape: str) -> None:
    out[:, _IP_ID : _IP_ID + 2] = out[:, -6:-4]  # the low half of the frame number
    out[:, _IP_SRC : _IP_SRC + 4] = _ips([f.ip_src for f in rows])
    out[:, _IP_DST : _IP_DST + 4] = _ips([f.ip_dst for f in rows])
    _put_checksum(out, _IP_SUM, _IP, _L4)
    if shape in ("tcp", "fragment", "udp", "udp-ttl1", "udp-ttl0"):
        out[:, _L4 : _L4 + 2] = _words([f.sport for f in rows])
        out[:, _L4 + 2 : _L4 + 4] = _words([f.dport for f in rows])
        if shape in ("tcp", "fragment"):
            out[:, _TCP_FLAGS] = [f.flags for f in rows]
        protocol, field = (17, _UDP_SUM) if "udp" in shape else (6, _TCP_SUM)
        pseudo = protocol + out.shape[1] - _L4  # RFC 9293, 3.1: protocol and L4 length
        _put_checksum(out, field, _IP_SRC, out.shape[1], extra=pseudo)
    else:
        if shape == "icmp-redirect":
            out[:, _L4 + 4 : _L4 + 8] = out[:, _IP_SRC : _IP_SRC + 4]
        else:
            out[:, _L4 + 4 : _L4 + 6] = _words([f.sport for f in rows])
        _put_checksum(out, _ICMP_SUM, _L4, out.shape[1])


def _stamp_ip6(out: Bytes, rows: Sequence[Fields], shape: str) -> None:
    out[:, _IP6_SRC_LOW : _IP6_SRC_LOW + 4] = _ips([f.ip_src for f in rows])
    length = out.shape[1] - _IP6_L4  # pseudo header: RFC 8200, 8.1
    if shape == "ra":  # to all nodes
        _put_checksum(out, _ICMP6_SUM, _IP6_SRC, out.shape[1], extra=58 + length)
        return
    out[:, _IP6_DST_LOW : _IP6_DST_LOW + 4] = _ips([f.ip_dst for f in rows])
    out[:, _IP6_L4 : _IP6_L4 + 2] = _words([f.sport for f in rows])
    out[:, _IP6_L4 + 2 : _IP6_L4 + 4] = _words([f.dport for f in rows])
    _put_checksum(out, _UDP6_SUM, _IP6_SRC, out.shape[1], extra=17 + length)


def _put_checksum(out: Bytes, field: int, first: int, end: int, *, extra: int = 0) -> None:
    """Write the Internet checksum of bytes *first* to *end* into *field* (RFC 1071)."""
    out[:, field : field + 2] = 0
    covered = np.ascontiguousarray(out[:, first:end])
    if covered.shape[1] % 2:
        covered = np.pad(covered, ((0, 0), (0, 1)))
    total = covered.view(">u2").sum(axis=1, dtype=np.uint32) + np.uint32(extra)
    total = (total & 0xFFFF) + (total >> 16)
    total = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    if field in (_UDP_SUM, _UDP6_SUM):
        total[total == 0] = 0xFFFF  # RFC 768: zero means "no checksum"
    out[:, field : field + 2] = total.astype(">u2").view(np.uint8).reshape(-1, 2)


def said_frame(line: str) -> bytes:
    """Return the frame that one of our own lines of Scapy stands for, as a proof prints them."""
    layers = {"Ether": Ether, "Dot1Q": Dot1Q, "ARP": ARP, "IP": IP}
    # a proof's own words, never anybody else's
    return bytes(eval(line, {**layers, "TCP": TCP, "UDP": UDP, "ICMP": ICMP}))
