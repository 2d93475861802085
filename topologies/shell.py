"""Mininet's own prompt for a town that is already running.

The town forks a child that runs the prompt on the caller's terminal: the caller passes its
standard input, output and error through a socket in the town's private ``/run``. Ctrl-C cannot
reach the child by the terminal, which belongs to another session, so the caller sends it on.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mininet.cli import CLI  # type: ignore[import-untyped]  # Mininet has no types
from mininet.log import setLogLevel  # type: ignore[import-untyped]

from sekisho.launch import WORK

CONTROL = WORK / "control"
_INTERRUPT, _BUSY, _OVER = b"i", b"b", b"o"
_POLL_S = 0.2


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
        if select.select([control], [], [], _POLL_S)[0]:
            caller = control.accept()[0]
            with caller:
                _serve_one(net, control, caller, check)


def _serve_one(
    net: Any, control: socket.socket, caller: socket.socket, check: Callable[[], None]
) -> None:
    _, terminal, _, _ = socket.recv_fds(caller, 1, 3)
    child = os.fork()
    if child == 0:
        _prompt(net, terminal)
    for descriptor in terminal:
        os.close(descriptor)
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        check()
        ready = select.select([caller, control], [], [], _POLL_S / 4)[0]
        if control in ready:
            with control.accept()[0] as other:
                other.sendall(_BUSY)
        if caller in ready:
            os.kill(child, signal.SIGINT if caller.recv(1) == _INTERRUPT else signal.SIGKILL)
    try:
        caller.sendall(_OVER)
    except OSError:  # the caller was killed: nobody waits for the answer
        return


def _prompt(net: Any, terminal: list[int]) -> None:
    """Be the child: run the prompt on *terminal* and vanish without cleaning up the town."""
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        for number, descriptor in enumerate(terminal):
            os.dup2(descriptor, number)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        setLogLevel("output")
        CLI(net)
    finally:
        sys.stdout.flush()
        os._exit(0)


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
