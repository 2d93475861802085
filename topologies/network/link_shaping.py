"""Lines between sites as the plan says: delay, loss and bandwidth (tc-netem(8), tc-htb(8)).

What leaves a switch over such a line waits in a queue of the kernel's, first for its turn (htb),
then for its delay (netem). Nothing else of a town holds packets back, so whoever waits for
silence has to look here too: `queues` says what waits and what was lost, line by line.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from typing import NamedTuple

from sekisho.errors import LabError
from sekisho.model import Link, Plan
from topologies.network.interface_names import switch_interface

#: Packets that a line holds at most; ours are small, and none may be lost but by the plan's loss.
_LIMIT = 50_000
_TIMEOUT_S = 60.0
_RTM_NEWQDISC, _RTM_GETQDISC = 36, 38  # linux/rtnetlink.h
_NLM_F_REQUEST_DUMP = 0x301  # linux/netlink.h: NLM_F_REQUEST | NLM_F_DUMP
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_TCA_STATS = 3
_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_TCMSG = struct.Struct("=BxxxiIII")  # family, ifindex, handle, parent, info
_ATTRIBUTE = struct.Struct("=HH")
_STATS = struct.Struct("=QIIIIIII")  # tc_stats: bytes, packets, drops, over, bps, pps, qlen, left


class Queue(NamedTuple):
    """What waits in one direction of a line, and what it has lost since it was made."""

    waiting: int
    lost: int


def shaped(plan: Plan) -> tuple[Link, ...]:
    """Return the links of *plan* that have a delay, a loss, or a bandwidth between two sites."""
    return tuple(
        link
        for link in plan.links
        if link.delay_ms
        or link.loss_percent
        or (link.mbps and plan.switch[link.a.switch].site != plan.switch[link.b.switch].site)
    )


def is_shaping_possible() -> bool:
    """Tell whether this kernel has htb and netem, by trying both on the loopback."""
    _, refusal = _tc(_words("lo", 1000.0, 1.0, 0.0))
    subprocess.run(
        ["tc", "qdisc", "del", "dev", "lo", "root"],
        capture_output=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    return not refusal


def shape(plan: Plan) -> bool:
    """Give every line of *plan* its delay, loss and bandwidth, in both directions.

    Returns False where there is no such line, or the kernel has no netem: then nothing is done.

    Raises:
        LabError: The kernel refused, although it could.
    """
    if not (shaped(plan) and is_shaping_possible()):
        return False
    words = [
        word
        for link in shaped(plan)
        for end in (link.a, link.b)
        for word in _words(switch_interface(end), link.mbps, link.delay_ms, link.loss_percent)
    ]
    command, refusal = _tc(words)
    if refusal:
        raise LabError(f"tc refused a line of the plan ({refusal}): {command}")
    return True


def _words(name: str, mbps: float | None, delay_ms: float, loss_percent: float) -> list[str]:
    """The commands for one direction: htb where there is a bandwidth, netem below it."""
    netem = f"netem limit {_LIMIT} delay {delay_ms:g}ms"
    netem += f" loss {loss_percent:g}%" if loss_percent else ""
    if mbps is None:
        return [f"qdisc add dev {name} root handle 10: {netem}"]
    return [
        f"qdisc add dev {name} root handle 1: htb default 1",
        f"class add dev {name} parent 1: classid 1:1 htb rate {mbps:g}mbit quantum 3000",
        f"qdisc add dev {name} parent 1:1 handle 10: {netem}",
    ]


def _tc(words: list[str]) -> tuple[str, str]:
    """Run *words* in one batch; return them and why they were refused, if they were."""
    text = "\n".join(words) + "\n"
    done = subprocess.run(
        ["tc", "-batch", "-"],
        input=text, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False,
    )  # fmt: skip
    return text, done.stderr.strip().replace("\n", "; ") if done.returncode else ""


def queues() -> dict[int, Queue]:
    """Return what every shaped interface of this network namespace holds, by interface index.

    Asked by netlink (rtnetlink(7)), since it is asked often and a process is slow to start.
    """
    out: dict[int, Queue] = {}
    for index, waiting, lost in _dump():  # htb and the netem below it: the same packets wait
        before = out.get(index, Queue(0, 0))
        out[index] = Queue(max(before.waiting, waiting), before.lost + lost)
    return out


def _dump() -> Iterator[tuple[int, int, int]]:
    """Yield (interface, packets that wait, packets lost) of every queueing discipline."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as conn:
        conn.settimeout(_TIMEOUT_S)
        body = _TCMSG.pack(0, 0, 0, 0, 0)
        size = _HEADER.size + len(body)
        conn.send(_HEADER.pack(size, _RTM_GETQDISC, _NLM_F_REQUEST_DUMP, 1, 0) + body)
        while True:
            data = conn.recv(1 << 18)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind in (_NLMSG_DONE, _NLMSG_ERROR):
                    return
                if kind == _RTM_NEWQDISC:
                    _, index, _, _, _ = _TCMSG.unpack_from(data, _HEADER.size)
                    stats = _attribute(data[_HEADER.size + _TCMSG.size : length], _TCA_STATS)
                    if len(stats) >= _STATS.size:
                        _, _, lost, _, _, _, waiting, _ = _STATS.unpack_from(stats)
                        yield index, waiting, lost
                data = data[(length + 3) & ~3 :]


def _attribute(data: bytes, wanted: int) -> bytes:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if kind == wanted:
            return data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return b""
