"""A capture ring on one interface: the kernel writes copies, nothing is lost unnoticed.

An ordinary user cannot enlarge a socket's buffer (SO_RCVBUFFORCE wants the real root), but may
map a PACKET_RX_RING of any size (packet(7); Documentation/networking/packet_mmap.rst). A ring is
read after the fact: no thread has to keep up while frames are sent.
"""

from __future__ import annotations

import mmap
import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

_SOL_PACKET = 263  # linux/socket.h
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 5, 6, 10  # linux/if_packet.h
_PACKET_IGNORE_OUTGOING = 23
_TPACKET_V2 = 1
_ETH_P_ALL = 0x0003  # linux/if_ether.h
_HEADER = struct.Struct("=IIIHHII")  # tpacket2_hdr: status, len, snaplen, mac, net, sec, nsec
_STATUS = struct.Struct("=I")
_TAG = struct.Struct("=HH")  # tp_vlan_tci, tp_vlan_tpid behind it
_TAG_AT, _MACS = 24, 12
_HAS_TAG, _HAS_TPID = 1 << 4, 1 << 6  # TP_STATUS_VLAN_VALID, TP_STATUS_VLAN_TPID_VALID
_TPID = 0x8100  # IEEE 802.1Q, 9.6
_PKTTYPE_AT = 32 + 10  # sockaddr_ll follows the 32-byte header; sll_pkttype is its 11th byte
_OUTGOING = 4  # PACKET_OUTGOING
_PAGE = 4096


class CapturedCopy(NamedTuple):
    """One copy of a frame as a ring saw it.

    Attributes:
        outgoing: True when the interface's own side sent it.
        at_ns: Kernel time of the copy, nanoseconds since the epoch.
        data: The first bytes of the frame, up to the slot size.
        length: How many bytes the frame has.
    """

    outgoing: bool
    at_ns: int
    data: bytes
    length: int = 0


class Ring:
    """Capture everything on *interface* of the calling thread's network namespace.

    Args:
        interface: Its name.
        slots: How many frames fit between two calls of `drain`.
        slot_bytes: Bytes of a slot, header included; longer frames are cut.
        is_loopback: Whether what goes out comes in again: then one copy of the two is kept.
    """

    def __init__(
        self,
        interface: str,
        *,
        slots: int = 4096,
        slot_bytes: int = 256,
        is_loopback: bool = False,
    ) -> None:
        self.dropped = 0
        self.captured = 0
        self._slots, self._slot = slots, slot_bytes
        self._next = 0
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V2)
        block = max(_PAGE, slot_bytes)
        blocks = slots * slot_bytes // block
        request = struct.pack("=IIII", block, blocks, slot_bytes, slots)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
        if is_loopback:
            self._socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self._map = mmap.mmap(self._socket.fileno(), slots * slot_bytes)
        self._socket.bind((interface, _ETH_P_ALL))
        self._bound = self._socket.getsockname()

    @property
    def is_listening(self) -> bool:
        """Whether it is open, and bound to the interface that it was opened on."""
        return self._socket.fileno() >= 0 and self._socket.getsockname() == self._bound

    @property
    def is_half_full(self) -> bool:
        """Whether half of the slots hold copies that nobody has read."""
        at = (self._next + self._slots // 2) % self._slots * self._slot
        return bool(_STATUS.unpack_from(self._map, at)[0] & 1)  # TP_STATUS_USER

    def drain(self) -> Iterator[CapturedCopy]:
        """Yield every copy since the last call, in order, and free its slot.

        At most a ring full: what comes in meanwhile, in a storm without an end, is left.
        """
        ring, slot = self._map, self._slot
        for _ in range(self._slots):
            at = self._next * slot
            status, length, kept, mac, _, sec, nsec = _HEADER.unpack_from(ring, at)
            if not status & 1:  # TP_STATUS_USER
                break
            data = ring[at + mac : at + mac + kept]
            if status & _HAS_TAG:  # the kernel has taken the tag out of the frame: put it back
                tci, tpid = _TAG.unpack_from(ring, at + _TAG_AT)
                data = _with_tag(data, tci, tpid if status & _HAS_TPID else _TPID)
                length += 4
            at_ns = sec * 1_000_000_000 + nsec
            yield CapturedCopy(ring[at + _PKTTYPE_AT] == _OUTGOING, at_ns, data, length)
            _STATUS.pack_into(ring, at, 0)
            self._next = (self._next + 1) % self._slots
        seen, dropped = struct.unpack(
            "=II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        )
        self.captured += seen
        self.dropped += dropped

    def close(self) -> None:
        """Give the ring back to the kernel."""
        self._map.close()
        self._socket.close()


def _with_tag(data: bytes, tci: int, tpid: int) -> bytes:
    """Return the frame as it was on the cable: with its outermost tag."""
    tag = tpid.to_bytes(2, "big") + tci.to_bytes(2, "big")
    return data[:_MACS] + tag + data[_MACS:]
