"""What changes in a town between two readings of its fabric, and may be undone before the second.

Both sources of what is read keep a record of their own. Open vSwitch's database appends every
change to its file (ovsdb(5)); the kernel tells whoever listens of each interface, address, route
and rule that comes or goes (rtnetlink(7)); and access points, which nobody guards, tell of their
rules (`topologies.ovs.access_points`). So a mirror, or a second cable between two hosts, that
was there only while frames were sent is told afterwards.
"""

from __future__ import annotations

import errno
import json
import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import NamedTuple

from topologies.network.interfaces import SWITCHES
from topologies.network.netns import in_netns
from topologies.ovs.access_points import AirChanges
from topologies.ovs.database import STATES
from topologies.town import Town

_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_LINK = struct.Struct("=BxHiII")  # ifinfomsg
_ATTRIBUTE = struct.Struct("=HH")
_NAME = 3  # IFLA_IFNAME
_GROUPS = 0x1 | 0x10 | 0x40 | 0x80  # RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV4_RULE
_NEW_LINK = 16  # linux/rtnetlink.h, RTM_*
_WORDS = {
    _NEW_LINK: "an interface came",
    17: "an interface went",
    20: "an address came",
    21: "an address went",
    24: "a route came",
    25: "a route went",
    32: "a rule for routes came",
    33: "a rule for routes went",
}
_MOST_BYTES = 1 << 16
_MANY = 40  # changes that are told; more say nothing more
_QUIET_S = 0.05


class Change(NamedTuple):
    """Something that changed meanwhile.

    Attributes:
        kind: ``database``, ``interface`` or ``rule``.
        words: What it was.
    """

    kind: str
    place: str
    words: str


class Meanwhile:
    """Listen to the kernel and note how long the database is, for the time of a ``with`` block."""

    def __init__(self, town: Town) -> None:
        self._file = town.ovs.folder / "conf.db"
        self._length = self._file.stat().st_size
        self._sockets: dict[socket.socket, str] = {_listening(): SWITCHES}
        self._known = {SWITCHES: {index for index, _ in socket.if_nameindex()}}
        for host in town.net.hosts:
            with in_netns(host.pid):
                self._sockets[_listening()] = host.name
                self._known[host.name] = {index for index, _ in socket.if_nameindex()}
        self._airs = AirChanges(air.id for air in town.plan.airs)
        self._found: dict[Change, None] = {}  # in their order
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Meanwhile:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def changes(self) -> list[Change]:
        """Stop listening, and return what has changed since the beginning, each thing once."""
        for air, words in self._airs.changes():
            self._found[Change("rule", air, words)] = None
        self._end()
        return [*self._of_the_database(), *self._found][:_MANY]

    def _end(self) -> None:
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join()
        self._airs.end()
        for each in self._sockets:
            each.close()

    def _listen(self) -> None:
        with selectors.DefaultSelector() as selector:
            for each in self._sockets:
                selector.register(each, selectors.EVENT_READ)
            is_last = False
            while not is_last:
                is_last = self._stop.is_set()  # once more: what came before the end was heard
                for key, _ in selector.select(0.0 if is_last else _QUIET_S):
                    self._hear(key.fileobj)  # type: ignore[arg-type]  # a socket of the dict above

    def _hear(self, conn: socket.socket) -> None:
        """Read everything that waits at one socket."""
        place = self._sockets[conn]
        while True:
            try:
                data = conn.recv(_MOST_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self._found[Change("interface", place, "more changed than could be heard")] = None
                continue
            for words in told(data, self._known[place]):
                self._found[Change("interface", place, words)] = None

    def _of_the_database(self) -> Iterator[Change]:
        size = self._file.stat().st_size
        if size < self._length:
            yield Change("database", "Open vSwitch", "its database was written anew")
            return
        with self._file.open("rb") as file:
            file.seek(self._length)
            added = file.read()
        for words in sorted(set(written(added))):
            yield Change("database", "Open vSwitch", words)


def told(data: bytes, known: set[int]) -> Iterator[str]:
    """Yield in words what a datagram of rtnetlink tells of; of a known interface only its end.

    Args:
        data: The datagram.
        known: Indexes of the interfaces that were there at the beginning.
    """
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        body, data = data[_HEADER.size : length], data[(length + 3) & ~3 :]
        words = _WORDS.get(kind)
        if words is None:
            continue
        if kind > _NEW_LINK + 1:
            yield words
            continue
        _, _, index, _, _ = _LINK.unpack_from(body)
        if kind != _NEW_LINK or index not in known:
            yield f"{words}: {_name(body[_LINK.size :])}"


def written(records: bytes) -> Iterator[str]:
    """Yield what was changed by transactions in the database's file: table and column (ovsdb(5)).

    Columns that tell a state are left out. A record stands on one line behind a line with its
    length and digest.
    """
    for line in records.splitlines()[1::2]:
        for table, rows in json.loads(line).items():
            for row in rows.values() if not table.startswith("_") else ():
                if row is None:
                    yield f"a row of {table} was deleted"
                    continue
                for column in sorted(row.keys() - STATES.get(table, frozenset())):
                    yield f"{table}: {column} was written"


def _listening() -> socket.socket:
    """A socket that the kernel tells of changes in the calling thread's network namespace."""
    conn = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    conn.bind((0, _GROUPS))
    conn.setblocking(False)
    return conn


def _name(data: bytes) -> str:
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if kind == _NAME:
            return data[_ATTRIBUTE.size : length].rstrip(b"\0").decode(errors="replace")
        data = data[max(4, (length + 3) & ~3) :]
    return "without a name"
