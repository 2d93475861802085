"""Lines of JSON to and from a process on the same machine, over a socket file."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson

from sekisho.errors import LabError

SOCKET = "town.sock"  # in the run folder of a town that is up
_LONGEST = 1 << 24  # bytes of a line
_PIECE = 1 << 16
_ELSEWHERE = "/tmp"  # not $TMPDIR: a run's own is hidden from those who want to talk to it


class JsonLineConnection:
    """One connection; both sides speak in lines."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._read = connection, b""

    @classmethod
    def to(cls, path: Path) -> JsonLineConnection:
        """Connect to the socket file *path*, however long its name is (unix(7): 107 bytes).

        Raises:
            OSError: Nobody listens there.
        """
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with _short(path) as name:
                connection.connect(name)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def __enter__(self) -> JsonLineConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Talk no more."""
        self._connection.close()

    def write(self, line: dict[str, Any]) -> None:
        """Send one line."""
        self._connection.sendall(orjson.dumps(line) + b"\n")

    def read(self, timeout_s: float | None) -> dict[str, Any] | None:
        """Return the next line; None where the other side has closed, or sends none in time.

        Raises:
            ValueError: It is not a JSON object.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while b"\n" not in self._read:
            left = None if deadline is None else max(0.001, deadline - time.monotonic())
            self._connection.settimeout(left)
            try:
                more = self._connection.recv(_PIECE)
            except (TimeoutError, ConnectionError):
                return None
            if not more or len(self._read) > _LONGEST:
                return None
            self._read += more
        line, _, self._read = self._read.partition(b"\n")
        found = orjson.loads(line)
        if not isinstance(found, dict):
            raise ValueError("not a JSON object")
        return found

    def must_read(self, timeout_s: float | None) -> dict[str, Any]:
        """Return the next line.

        Raises:
            LabError: There is none.
        """
        found = self.read(timeout_s)
        if found is None:
            raise LabError("the other side has ended without an answer; see the run folder's log")
        return found

    def ask(self, request: dict[str, Any], timeout_s: float = 60.0) -> dict[str, Any]:
        """Send one line and return the answer.

        Raises:
            LabError: There is none.
        """
        self.write(request)
        return self.must_read(timeout_s)


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """Listen on the socket file *path*, for this user alone.

    Where the file system of *path* holds no sockets, as a folder of the host in a VM (9p), the
    socket lies in a folder of its own in ``/tmp``, and *path* is a symbolic link to it.

    Raises:
        LabError: No socket file can be made in either place.
    """
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with door, ExitStack() as stack:
        try:
            _bind(door, path)
        except OSError as error:
            try:
                _bind_elsewhere(door, path, stack)
            except OSError:
                raise LabError(
                    f"{path}: no socket can be made there ({error.strerror})\n"
                    "  hint: --out a folder on a disk of this machine, for example /tmp/runs"
                ) from error
        stack.callback(path.unlink, missing_ok=True)
        door.listen(16)
        yield door


def _bind(door: socket.socket, path: Path) -> None:
    with _short(path) as name:
        old = os.umask(0o177)
        try:
            door.bind(name)
        finally:
            os.umask(old)


def _bind_elsewhere(door: socket.socket, path: Path, stack: ExitStack) -> None:
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="sekisho-", dir=_ELSEWHERE)))
    _bind(door, folder / path.name)
    path.symlink_to(folder / path.name)


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for *path* that fits a socket's address, for the time of the block."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
