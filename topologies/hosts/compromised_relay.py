"""What runs on a captured device: a proxy for its users, and a relay for their print jobs.

``python -m topologies.hosts.compromised_relay`` runs in the device's own host, as any program of
his, and reads one line of JSON from the socket on its standard input: where to listen and how to go
on. A client that begins with ``CONNECT host:port`` (RFC 9110, 9.3.6) is joined to that host, by the
first leg that leads there; ``CONNECT self:0`` is answered by the proxy itself. Whatever else a
client sends is a print job: it is passed on to every printer of the order, and their answers are
handed back.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from sekisho.runtime.json_lines import JsonLineConnection
from sekisho.runtime.tcp_bridge import pump

_TRY_S, _ANSWER_S = 1.5, 1.0
_JOB_BYTES = 65536

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Order:
    """What the process is to do.

    Attributes:
        legs: Interface and address of every leg of the device.
        ports: TCP ports to listen at, on every leg.
        printers: Address and port of every printer that jobs are passed on to.
    """

    legs: list[tuple[str, str]]
    ports: list[int]
    printers: list[tuple[str, int]]


class Forwarder:
    """Serve every connection that comes."""

    def __init__(self, order: Order) -> None:
        self._order = order

    async def run(self, conn: JsonLineConnection) -> None:
        """Listen, say so, and serve for ever."""
        sockets = [
            self._socket(leg, port) for leg in self._order.legs for port in self._order.ports
        ]
        for listener in sockets:
            listener.listen(512)
            await asyncio.start_server(self._serve, sock=listener)
        conn.write({"listeners": len(sockets)})
        await asyncio.Event().wait()

    def _socket(self, leg: tuple[str, str], port: int) -> socket.socket:
        out = socket.socket()
        out.setblocking(False)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, leg[0].encode())
        out.bind((leg[1], port))
        return out

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError):
            said = await asyncio.wait_for(reader.read(_JOB_BYTES), _ANSWER_S * 4)
            if said.startswith(b"CONNECT "):
                await self._proxy(said, reader, writer)
            elif said:
                writer.write(await self._passed_on(said))
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async def _proxy(
        self, said: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        host, _, port = said.split()[1].decode().rpartition(":")
        if host == "self":
            writer.write(b"HTTP/1.1 200 alive\r\n\r\n")
            return
        ends = await self._first([self._by(leg, host, int(port)) for leg in self._order.legs])
        if ends is None:
            writer.write(b"HTTP/1.1 502 no way\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 joined\r\n\r\n")
        await asyncio.gather(pump(reader, ends[1]), pump(ends[0], writer))

    def _by(self, leg: tuple[str, str], host: str, port: int) -> Callable[[], Awaitable[Ends]]:
        async def dial() -> Ends:
            client = self._socket(leg, 0)
            try:
                await asyncio.get_running_loop().sock_connect(client, (host, port))
            except BaseException:
                client.close()
                raise
            return await asyncio.open_connection(sock=client)

        return dial

    async def _first(self, dials: list[Callable[[], Awaitable[Ends]]]) -> Ends | None:
        """Try all ways at once; return the first that leads there, if any does in time."""
        tasks = [asyncio.ensure_future(dial()) for dial in dials]
        found = None
        with suppress(TimeoutError):
            for done in asyncio.as_completed(tasks, timeout=_TRY_S):
                with suppress(OSError):
                    found = await done
                    break
        for task in tasks:
            task.cancel()
        return found

    async def _passed_on(self, job: bytes) -> bytes:
        """Hand a job to every printer; return what those answered that took it."""
        return b"".join(await asyncio.gather(*(self._print(job, *p) for p in self._order.printers)))

    async def _print(self, job: bytes, host: str, port: int) -> bytes:
        ends = await self._first([self._by(leg, host, port) for leg in self._order.legs])
        if ends is None:
            return b""
        with suppress(OSError, TimeoutError):
            ends[1].write(job)
            answer = await asyncio.wait_for(ends[0].read(_JOB_BYTES), _ANSWER_S)
            ends[1].close()
            return answer
        return b""


def main() -> None:
    """Read the order and serve until ended."""
    conn = JsonLineConnection(socket.socket(fileno=os.dup(0)))
    given = conn.must_read(None)
    given["legs"] = [tuple(leg) for leg in given["legs"]]
    given["printers"] = [tuple(printer) for printer in given["printers"]]
    asyncio.run(Forwarder(Order(**given)).run(conn))


if __name__ == "__main__":
    main()
