"""A town's hosts as namespaces: made while everything else starts, and how a program gets in.

Beside the devices of the plan there is one host more, which no cable leads to: whatever serves for
all hosts lives there, with nothing but the sockets that it is handed.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from sekisho.errors import LabError
from sekisho.runtime.entering import ENTERS, entered, host_environment
from sekisho.runtime.json_lines import JsonLineConnection
from sekisho.runtime.namespaces import first_inside
from topologies.network import kernel

#: The host without a cable; no device of a plan can be called so.
NOWHERE = "(services)"
_MADE_S = 60.0
_CALLER = struct.Struct("3i")  # struct ucred: process, user, group
_PROCESS = "hosts"
_TERMINALS = 0x2 | 0x8  # without rights and programs; terminals are devices


def meant(process: subprocess.Popen[bytes]) -> int:
    """Return the pid of the program that *process* runs: itself, or what it has put in a host."""
    words = process.args
    is_entering = isinstance(words, list) and words[0] == ENTERS
    return (first_inside(process.pid) if is_entering else None) or process.pid


def is_in_a_host(caller: socket.socket) -> bool:
    """Tell whether who calls at a socket file is a program of a host (unix(7), SO_PEERCRED).

    Whoever is outside the run has no number in it; who has one and is not of the run's own
    processes, or is gone, is in a host.
    """
    number, _, _ = _CALLER.unpack(
        caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CALLER.size)
    )
    try:
        own, its = (Path(f"/proc/{who}/ns/pid").readlink() for who in ("self", number))
    except OSError:
        return bool(number)
    return own != its


class Spawn(Protocol):
    """Starts one of the town's own processes."""

    def __call__(
        self,
        name: str,
        command: list[str],
        *,
        door: socket.socket | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Give it *door* as its standard input."""


class Hosting:
    """The namespaces of a town's hosts.

    Args:
        spawn: What starts a process of the town.

    Attributes:
        pids: The first process of each host, by the device's id.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._conn: JsonLineConnection | None = None
        self.pids: dict[str, int] = {}

    def begin(self, devices: Iterable[str], hidden: Iterable[Path]) -> None:
        """Have the hosts made, beside whatever else is going on.

        Args:
            devices: Their ids.
            hidden: Folders of which they shall see nothing, beside ``/run``.
        """
        folders = {str(folder.resolve()) for folder in hidden}
        order = {
            "names": [*devices, NOWHERE],
            "hidden": sorted(f for f in folders if not f.startswith("/run/")),
        }
        ours, its = socket.socketpair()
        with its:
            self._spawn(_PROCESS, [sys.executable, "-m", "topologies.network.namespaces"], door=its)
        self._conn = JsonLineConnection(ours)
        self._conn.write(order)

    def end(self) -> None:
        """Wait until they are made; from now on a terminal that is opened here is none of theirs.

        Raises:
            LabError: They were not.
        """
        assert self._conn is not None
        with self._conn as conn:
            said = conn.must_read(_MADE_S)
        if "error" in said:
            raise LabError(said["error"])
        self.pids = said["pids"]
        kernel.mount("devpts", "/dev/pts", _TERMINALS, "newinstance,ptmxmode=0666,mode=0620")

    def spawn(self, name: str, host: str, command: Sequence[str], door: socket.socket) -> None:
        """Start one of the town's own processes in a host, with *door* as its standard input."""
        words = entered(self.pids[host], command)
        self._spawn(name, words, door=door, environment=host_environment(os.environ))

    def run(
        self, host: str, command: Sequence[str], *, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in a host, and return what it printed.

        Raises:
            subprocess.TimeoutExpired: It did not end in time; it has been ended.
        """
        return subprocess.run(
            entered(self.pids[host], command),
            env=host_environment(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
