"""Packets that are on their way and not there yet, and packets that the machine itself lost.

Everything that may hold a frame between two hosts of a town, in this network namespace:

* sockets of the userspace datapath (``/proc/net/packet``, packet(7));
* the kernel datapath's questions to ``ovs-vswitchd`` (``/proc/net/netlink``, netlink(7));
* the kernel's own receive queues (``/proc/net/softnet_stat``);
* lines with a delay or a bandwidth (`topologies.network.link_shaping`).

None of them may lose a frame unnoticed: what is lost there was neither dropped by a rule nor let
through by one.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from topologies.network import link_shaping
from topologies.ovs.datapath import Datapath

_NETLINK_GENERIC = "16"  # linux/netlink.h: of this family are the kernel datapath's questions
_FRAME_BYTES = 1024  # about what a frame costs the kernel in a queue that counts packets
_SOFTNET_DROPPED, _SOFTNET_WAITING = 1, 11  # columns, net/core/net-procfs.c
#: Questions that a thread of ``ovs-vswitchd`` takes at once (UPCALL_MAX_BATCH of Open vSwitch's
#: ofproto-dpif-upcall.c).
_IN_HAND = 64
#: The memory of one question, as ``tests/live/test_wire.py`` measures it with Linux 6.1.
QUESTION_BYTES = 1280
#: What the userspace datapath's socket of one port takes, with what may wait anywhere before.
_BURST, _FULL_BYTES = 112, 64 * 1024


class Pace(NamedTuple):
    """How fast a town may be sent frames, if none is to be lost to a full socket.

    Attributes:
        burst: Frames between two looks at what waits.
        full_bytes: What may wait when a burst begins.
    """

    burst: int
    full_bytes: int


def pace(datapath: Datapath, room: int) -> Pace:
    """Return the pace for sockets that hold *room* bytes.

    What waits anywhere when a burst begins, and the burst, must fit in one socket together: all of
    it may be bound for one port. In the kernel's datapath all ports ask through the same sockets,
    and what a thread has in hand comes back as the next switch's question without having waited.
    One frame too many there costs hundreds: the socket then takes none before it is empty.
    """
    if datapath is Datapath.USERSPACE:
        return Pace(_BURST, _FULL_BYTES)
    frames = max(room // QUESTION_BYTES - _IN_HAND, 2)
    burst = min(_BURST, 2 * frames // 3)
    return Pace(burst, min(_FULL_BYTES, (frames - burst) * QUESTION_BYTES))


def room() -> int:
    """Return how many bytes a socket holds that nobody has enlarged (net.core.rmem_default).

    An Open vSwitch that is not the machine's root may enlarge none of its own (socket(7),
    SO_RCVBUFFORCE).
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as trial:
        return trial.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def waiting_bytes() -> int:
    """Return the bytes that wait for a switch to take them."""
    rows = Path("/proc/net/packet").read_bytes().splitlines()[1:]
    sockets = sum(int(row.split()[6]) for row in rows)
    questions = sum(int(row[4]) for row in _questions())
    return sockets + questions + _FRAME_BYTES * sum(row[_SOFTNET_WAITING] for row in _softnet())


def is_delayed() -> bool:
    """Tell whether any line still holds a packet back."""
    return any(queue.waiting for queue in link_shaping.queues().values())


def lost() -> Counter[str]:
    """Return how many packets each line, and the machine, has lost so far."""
    out = Counter[str]()
    for index, queue in link_shaping.queues().items():
        if queue.lost:
            out[f"the line at {socket.if_indextoname(index)}"] += queue.lost
    out["the datapath's questions to its switch"] += sum(int(row[8]) for row in _questions())
    out["the kernel's receive queue"] += sum(row[_SOFTNET_DROPPED] for row in _softnet())
    return out


def _questions() -> Iterator[list[str]]:
    """Rows of generic netlink sockets: sk, Eth, Pid, Groups, Rmem, Wmem, Dump, Locks, Drops."""
    for line in Path("/proc/net/netlink").read_text().splitlines()[1:]:
        row = line.split()
        if row[1] == _NETLINK_GENERIC:
            yield row


def _softnet() -> Iterator[list[int]]:
    """Rows of the receive queues, one a processor; older kernels tell fewer columns."""
    for line in Path("/proc/net/softnet_stat").read_text().splitlines():
        row = [int(word, 16) for word in line.split()]
        yield row + [0] * (_SOFTNET_WAITING + 1 - len(row))
