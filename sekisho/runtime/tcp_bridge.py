"""A byte relay between the run's own network and the machine's, for a controller of somebody else.

A run has a network of its own, so its switches cannot reach a controller on the machine. A socket
file in the run folder is seen from both sides: inside, a TCP port leads to it; outside, it leads
to the controller. Only bytes pass.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sekisho.errors import UsageError

_PATH_BYTES = 107  # sun_path, unix(7)
_CHUNK = 1 << 16

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Ends]]


def address(text: str) -> tuple[str, int]:
    """Read ``HOST:PORT``.

    Raises:
        UsageError: It is not that.
    """
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise UsageError(
            f"--controller {text!r} is not HOST:PORT\n  hint: for example 127.0.0.1:6653, or none"
        )
    return host, int(port)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until there are no more, and close the other side."""
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()


def _joined(dial: Dial) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await dial()
        except OSError:
            writer.close()  # the switch will try again
            return
        await asyncio.gather(pump(reader, back), pump(there, writer))

    return join


async def serve_inside(port: int, path: Path) -> None:
    """Listen on 127.0.0.1:*port* and carry every connection to the socket file *path*."""
    server = await asyncio.start_server(
        _joined(lambda: asyncio.open_unix_connection(path)), "127.0.0.1", port
    )
    await server.serve_forever()


@contextmanager
def served_outside(path: Path, host: str, port: int) -> Iterator[None]:
    """Carry every connection to the socket file *path* on to *host*:*port*, in a thread.

    Raises:
        UsageError: The path is too long for a socket.
    """
    if len(bytes(path)) > _PATH_BYTES:
        raise UsageError(f"{path}: too long for a socket\n  hint: use a shorter --out")
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    async def serve() -> None:
        dial = _joined(lambda: asyncio.open_connection(host, port))
        await asyncio.start_unix_server(dial, path)
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        task = loop.create_task(serve())
        loop.run_forever()
        task.cancel()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        path.unlink(missing_ok=True)
