"""Faults beneath the switches: the kernel that their cables end in sends on or cuts by itself.

None of them is in a table of Open vSwitch. The hole is a real one: what one terminal sends to a
port that no list names comes out at a server that it may not open.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scenarios.capture.packet_io import Wire
from scenarios.mutants.planting import Plant, Planted, Subject, commands, subjects
from sekisho.model import Attachment, Plan
from topologies.town import Town

_NET = Path("/proc/sys/net/ipv4")
HOLE_PORT = 12345  # of no service
_ROUTES, _PRIORITY = "77", "1"  # a table of its own, asked first
_SHORT = 1300
_NFNETLINK = 12  # linux/netlink.h, NETLINK_NETFILTER
_REQUEST, _CREATE = 0x1, 0x400  # NLM_F_REQUEST, NLM_F_CREATE
_BEGIN, _END = 16, 17  # linux/netfilter/nfnetlink.h, NFNL_MSG_BATCH_*
_NFTABLES, _NEW, _DELETE = 10, 10 << 8, 10 << 8 | 2  # NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE
_NETDEV = 5  # NFPROTO_NETDEV
_NAME = 1  # NFTA_TABLE_NAME


def faults(plan: Plan) -> Iterator[Planted]:
    """Yield the faults of the kernel, for the gravest subject that stands on a cable."""
    found = subjects(plan)
    subject = next((s for s in found if not s.source.air), None)
    if subject is not None:
        words = f"it sends on from {subject.source.id} to {subject.target.id} what a rule picks"
        yield Planted("N-24", "fabric", subject.source.at.switch, words, _routed(subject))
    for each in found[:1]:
        words = f"its cable takes no frame longer than {_SHORT} bytes"
        yield Planted("N-24", "fabric", each.target.id, words, narrowed(each.target))
    yield Planted("N-24", "fabric", "switches", "it has a packet filter of its own", filtered)


def _routed(subject: Subject) -> Plant:
    """The kernel takes frames for the router as its own, and routes those to one port."""
    ip = str(subject.target.ip)

    @contextmanager
    def planted(town: Town, wire: Wire) -> Iterator[None]:
        into, out = town.switch_side(subject.source), town.switch_side(subject.target)
        own = json.loads(town.ovs.run("ip", "-json", "link", "show", into))[0]["address"]
        rule = ["iif", into, "ipproto", "udp", "dport", str(HOLE_PORT)]
        rule += ["lookup", _ROUTES, "priority", _PRIORITY]
        route = [f"{ip}/32", "dev", out, "table", _ROUTES]
        neighbour = [ip, "lladdr", subject.target.mac, "dev", out, "nud", "permanent"]
        settings = [_NET / "ip_forward", *(_NET / f"conf/{n}/rp_filter" for n in ("all", into))]
        before = [path.read_text() for path in settings]
        there = [["rule", "add", *rule], ["route", "add", *route], ["neigh", "add", *neighbour]]
        back = [["rule", "del", *rule], ["route", "del", *route], ["neigh", "del", ip, "dev", out]]
        mac = ["link", "set", into, "address"]
        plant = commands(
            [["ip", *words] for words in ([*mac, town.plan.router_mac], *there)],
            [["ip", *words] for words in (*back, [*mac, own])],
        )
        for path, value in zip(settings, ("1", "0", "0"), strict=True):
            path.write_text(value)
        try:
            with plant(town, wire):
                yield
        finally:
            for path, value in zip(settings, before, strict=True):
                path.write_text(value)

    return planted


def narrowed(target: Attachment) -> Plant:
    """Return the fault of a cable that takes no whole frame: a long answer never comes."""

    @contextmanager
    def planted(town: Town, wire: Wire) -> Iterator[None]:
        words = ["ip", "link", "set", town.switch_side(target), "mtu"]
        with commands([[*words, str(_SHORT)]], [[*words, "1500"]])(town, wire):
            yield

    return planted


@contextmanager
def filtered(_town: Town, _wire: Wire) -> Iterator[None]:
    """Put a table of nftables among the switches, and take it away; empty, it harms nothing."""
    _table(_NEW, _REQUEST | _CREATE)
    try:
        yield
    finally:
        _table(_DELETE, _REQUEST)


def _table(kind: int, flags: int) -> None:
    """Make or delete a table of the calling thread's namespace (linux/netfilter/nf_tables.h)."""
    name = b"sk-extra\0"
    attribute = struct.pack("=HH", 4 + len(name), _NAME) + name + bytes(-len(name) % 4)
    batch = [
        _message(_BEGIN, _REQUEST, struct.pack(">BBH", 0, 0, _NFTABLES)),
        _message(kind, flags, struct.pack(">BBH", _NETDEV, 0, 0) + attribute),
        _message(_END, _REQUEST, struct.pack(">BBH", 0, 0, _NFTABLES)),
    ]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NFNETLINK) as conn:
        conn.send(b"".join(batch))


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body
