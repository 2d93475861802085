"""Mininet's own prompt for a town that is already running.

The town forks a child that runs the prompt on the caller's terminal: the caller passes its
standard input, output and error through a socket in the town's private ``/run``. Ctrl-C cannot
reach the child by the terminal, which belongs to another session, so the caller sends it on.

The hosts' shells are the town's: the child borrows them, so that what it leaves running in the
background of a host runs on. A prompt that is cut off takes the shells that it borrowed with it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import wait  # knows files beyond 1,023, unlike select(2)
from pathlib import Path
from typing import Any

from mininet.cli import CLI  # type: ignore[import-untyped]  # Mininet has no types
from mininet.log import output, setLogLevel  # type: ignore[import-untyped]
from mininet.util import quietRun  # type: ignore[import-untyped]

from sekisho.errors import LabError
from sekisho.runtime.namespaces import WORK
from topologies.hosts.interactive import OnDemand

CONTROL = WORK / "control"
_INTERRUPT, _BUSY, _OVER = b"i", b"b", b"o"
_POLL_S = 0.2
_HELLO_S = 2.0
_NAME_BYTES, _KEYS = 256, 1024
_ENDED, _LENT = b"!", b"l"


class Prompt(CLI):  # type: ignore[misc]  # Mininet has no types
    """Mininet's prompt, which knows hosts by their whole name: ``nb-hq-1 ip addr``."""

    def parseline(self, line: str) -> tuple[str | None, str | None, str]:
        """Take the first word whole where a host is called so: Python's own ends at a hyphen."""
        first, _, rest = line.strip().partition(" ")
        if "-" in first and first in self.mn:
            return first, rest.strip(), line.strip()
        found: tuple[str | None, str | None, str] = super().parseline(line)
        return found

    def waitForNode(self, node: Any) -> None:  # noqa: N802  # Mininet's name
        """Show what a command prints and hand it what is typed, until it or its shell ends."""
        if self.isatty():
            quietRun("stty -icanon min 1")  # by character, as a command may want it
        sources = [node.stdout, self.stdin]
        while node.waiting:
            try:
                ready = wait(sources)
                if node.stdout in ready:
                    output(node.monitor())
                elif keys := os.read(self.stdin.fileno(), _KEYS):
                    os.write(node.stdin.fileno(), keys)
                else:
                    sources.remove(self.stdin)
            except KeyboardInterrupt:
                node.sendInt()


def listen(path: Path = CONTROL) -> socket.socket:
    """Open the town's end of the control socket."""
    out = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    out.bind(str(path))
    out.listen(8)
    return out


def serve(net: Any, control: socket.socket, check: Callable[[], None]) -> None:
    """Offer the prompt of *net*, one caller at a time, until *check* raises."""
    while True:
        check()
        if wait([control], _POLL_S):
            caller = control.accept()[0]
            with caller:
                _serve_one(net, control, caller, check)


def _serve_one(
    net: Any, control: socket.socket, caller: socket.socket, check: Callable[[], None]
) -> None:
    terminal = _terminal(caller)
    if not terminal:
        return
    lending, borrowing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        _prompt(net, terminal, borrowing)
    borrowing.close()
    for descriptor in terminal:
        os.close(descriptor)
    lent: set[str] = set()
    with lending:
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            check()
            ready = wait([caller, control, lending], _POLL_S / 4)
            if control in ready:
                with control.accept()[0] as other, suppress(OSError):
                    other.sendall(_BUSY)
            if caller in ready:
                os.kill(child, signal.SIGINT if caller.recv(1) == _INTERRUPT else signal.SIGKILL)
            if lending in ready:
                lent |= _lend(net, lending)
    for name in lent if ended[1] else ():  # it was cut off: who knows what its shells are doing
        net.get(name).leave()
    with suppress(OSError):  # the caller was killed: nobody waits for the answer
        caller.sendall(_OVER)


def _terminal(caller: socket.socket) -> list[int]:
    """Return the caller's input, output and error; nothing if he does not lend them."""
    caller.settimeout(_HELLO_S)
    try:
        found = socket.recv_fds(caller, 1, 3)[1]
    except OSError:
        found = []
    caller.settimeout(None)
    if len(found) == 3:
        return found
    for descriptor in found:
        os.close(descriptor)
    return []


def _lend(net: Any, lending: socket.socket) -> set[str]:
    """Give the child the shell of the host that it names; return the name."""
    asked = lending.recv(_NAME_BYTES)
    if not asked:  # it is about to end
        return set()
    name = asked.removeprefix(_ENDED).decode()
    host = net.get(name)
    if asked.startswith(_ENDED):
        host.leave()
    try:
        host.wake()
        socket.send_fds(lending, [_LENT], [host.stdin.fileno()])
    except LabError as error:
        lending.send(str(error).encode())
    return {name}


def _borrowing(door: socket.socket) -> Callable[[str, bool], int]:
    def borrow(name: str, has_ended: bool) -> int:
        door.send((_ENDED if has_ended else b"") + name.encode())
        said, descriptors, _, _ = socket.recv_fds(door, _NAME_BYTES, 1)
        if not descriptors:
            raise LabError(said.decode())
        return descriptors[0]

    return borrow


def _prompt(net: Any, terminal: list[int], borrowing: socket.socket) -> None:
    """Be the child: run the prompt on *terminal* and vanish without cleaning up the town.

    Its exit status says whether it came to its end.
    """
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number, descriptor in enumerate(terminal):
            os.dup2(descriptor, number)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        setLogLevel("output")
        OnDemand.lender = _borrowing(borrowing)
        for host in net.hosts:
            host.forget()
        Prompt(net)
        status = 0
    finally:
        sys.stdout.flush()
        os._exit(status)


def main() -> int:
    """Be the caller: lend this terminal to the town's prompt until it is over."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as town:
        town.connect(str(CONTROL))
        signal.signal(signal.SIGINT, lambda *_: town.sendall(_INTERRUPT))
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # only the caller would stop, not the prompt
        socket.send_fds(town, [b"t"], [0, 1, 2])
        answer = town.recv(1)
    if answer == _BUSY:
        print("another shell of this town is open", file=sys.stderr)  # noqa: T201  # a command
        return 3
    return 0 if answer == _OVER else 3


if __name__ == "__main__":
    sys.exit(main())
