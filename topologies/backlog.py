"""Packets that are on their way and not there yet, and packets that the machine itself lost.

Everything that may hold a frame between two hosts of a town, in this network namespace:

* sockets of the userspace datapath (``/proc/net/packet``, packet(7));
* the kernel datapath's questions to ``ovs-vswitchd`` (``/proc/net/netlink``, netlink(7));
* the kernel's own receive queues (``/proc/net/softnet_stat``);
* lines with a delay or a bandwidth (`topologies.lines`).

None of them may lose a frame unnoticed: what is lost there was neither dropped by a rule nor let
through by one.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from topologies import lines

_NETLINK_GENERIC = "16"  # linux/netlink.h: of this family are the kernel datapath's questions
_FRAME_BYTES = 1024  # about what a frame costs the kernel in a queue that counts packets
_SOFTNET_DROPPED, _SOFTNET_WAITING = 1, 11  # columns, net/core/net-procfs.c


def waiting_bytes() -> int:
    """Return the bytes that wait for a switch to take them."""
    rows = Path("/proc/net/packet").read_bytes().splitlines()[1:]
    sockets = sum(int(row.split()[6]) for row in rows)
    questions = sum(int(row[4]) for row in _questions())
    return sockets + questions + _FRAME_BYTES * sum(row[_SOFTNET_WAITING] for row in _softnet())


def is_delayed() -> bool:
    """Tell whether any line still holds a packet back."""
    return any(queue.waiting for queue in lines.queues().values())


def lost() -> Counter[str]:
    """Return how many packets each line, and the machine, has lost so far."""
    out = Counter[str]()
    for index, queue in lines.queues().items():
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
