"""Everything that listens in the hosts, served by one process that sees none of them.

``python -m topologies.hosts.services`` is handed its listeners by the town
(`topologies.hosts.serving`), over the socket on its standard input: ``{"op": "start", "who":
DEVICE, "kinds": [...]}`` with as many descriptors, or ``{"op": "stop", "who": DEVICE}``. It answers
with the number of listeners, and ends with the town.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import cast

from topologies.hosts.replies import ANSWERS, DATAGRAM_ANSWERS, STREAM_ANSWERS, Answer

_log = logging.getLogger(__name__)
_NEW_CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-nodes", "-days", "2", "-subj", "/CN=sekisho"),
)
TLS_KINDS = frozenset({"https", "sips"})
_ORDER_BYTES, _MOST = 1 << 16, 253  # descriptors in one message: SCM_MAX_FD, unix(7)


def tls_context(folder: Path) -> ssl.SSLContext:
    """Make a certificate of this run's own and return a server context with it."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [*_NEW_CERTIFICATE, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
        timeout=30,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, who: str) -> None:
        self._answer, self._who = answer, who
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self._answer(data, self._who)
        if reply and self._transport is not None:
            self._transport.sendto(reply, addr)


def _conn(
    answer: Answer, who: str
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], asyncio.Future[None]]:
    async def conn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            data = await asyncio.wait_for(reader.read(65536), timeout=10)
            if data:
                writer.write(answer(data, who))
                await writer.drain()
        except (OSError, TimeoutError, ssl.SSLError):
            _log.debug("%s: a client went away", who)
        finally:
            writer.close()

    return lambda reader, writer: asyncio.ensure_future(conn(reader, writer))


class Servers:
    """Every listener of the town, by device."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._open: dict[str, list[asyncio.AbstractServer | asyncio.BaseTransport]] = {}

    async def start(self, who: str, listeners: list[tuple[socket.socket, str]]) -> int:
        """Answer on *listeners*, each with the kind of its service, as *who*; return how many."""
        parts = self._open.setdefault(who, [])
        for listener, kind in listeners:
            listener.setblocking(False)
            parts.append(await self._served(listener, kind, who))
        return len(listeners)

    async def stop(self, who: str) -> int:
        """Close the listeners of one device; return how many."""
        parts = self._open.pop(who, [])
        for part in parts:
            part.close()
        await asyncio.sleep(0)  # a transport closes its socket in the next round
        return len(parts)

    async def _served(
        self, listener: socket.socket, kind: str, who: str
    ) -> asyncio.AbstractServer | asyncio.BaseTransport:
        answer = ANSWERS[kind]
        if listener.type == socket.SOCK_DGRAM:
            answer = DATAGRAM_ANSWERS.get(kind, answer)
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(answer, who), sock=listener
            )
            return transport
        answer = STREAM_ANSWERS.get(kind, answer)
        tls = self._tls if kind in TLS_KINDS else None
        return await asyncio.start_server(_conn(answer, who), sock=listener, ssl=tls)

    async def obey(self, text: bytes, descriptors: list[int]) -> int:
        """Do one order; return the number of listeners that it was about.

        Raises:
            ValueError: Not every listener has come.
        """
        order = json.loads(text)
        if order["op"] == "stop":
            return await self.stop(order["who"])
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        return await self.start(order["who"], list(zip(listeners, order["kinds"], strict=True)))


async def serve(door: socket.socket) -> None:
    """Do what is ordered at *door*, and answer, until its other end is closed."""
    with tempfile.TemporaryDirectory(prefix="sekisho-tls-") as folder:
        servers = Servers(tls_context(Path(folder)))
    while True:
        await _readable(door)
        text, descriptors, _, _ = socket.recv_fds(door, _ORDER_BYTES, _MOST)
        if not text:
            return
        door.send(str(await servers.obey(text, descriptors)).encode())


async def _readable(door: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    something = asyncio.Event()
    loop.add_reader(door, something.set)
    await something.wait()
    loop.remove_reader(door)


def main() -> None:
    """Take the door, and serve until the town ends."""
    with socket.socket(fileno=os.dup(0)) as door:
        asyncio.run(serve(door))


if __name__ == "__main__":
    main()
