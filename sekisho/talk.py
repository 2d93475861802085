"""Lines of JSON to and from a process on the same machine, over a socket file."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from sekisho.errors import LabError

SOCKET = "town.sock"  # in the run folder of a town that is up
_LONGEST = 1 << 24  # bytes of a line
_PIECE = 1 << 16


class Talk:
    """One connection; both sides speak in lines."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._read = connection, b""

    @classmethod
    def to(cls, path: Path) -> Talk:
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

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
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

    def must_read(self, timeout_s: float) -> dict[str, Any]:
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

    Raises:
        LabError: No socket file can be made there, as on a folder of the host in a VM.
    """
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with door:
        with _short(path) as name:
            old = os.umask(0o177)
            try:
                door.bind(name)
            except OSError as error:
                raise LabError(
                    f"{path}: no socket can be made there ({error.strerror})\n"
                    "  hint: --out a folder on a disk of this machine, for example /tmp/runs"
                ) from error
            finally:
                os.umask(old)
        door.listen(16)
        yield door


@contextmanager
def _short(path: Path) -> Iterator[str]:
    """A name for *path* that fits a socket's address, for the time of the block."""
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
