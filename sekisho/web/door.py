"""The socket at which the page of a town is served: on loopback, and without waiting."""

from __future__ import annotations

import socket

HOME = "127.0.0.1"


def opened(port: int) -> socket.socket:
    """Return a socket bound to *port* of loopback or, for 0, to any that is free.

    It says that it is TCP's: only then does asyncio set ``TCP_NODELAY`` on what it accepts, and
    without that the second part of an answer waits 40 ms for the acknowledgement of the first.

    Raises:
        OSError: The port is taken.
    """
    door = socket.socket(proto=socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((HOME, port))
    except OSError:
        door.close()
        raise
    return door
