"""Everything that listens in the hosts, served by one process.

``python -m topologies.services PLAN --pids FILE --ready FILE``. A socket keeps the network
namespace that it was made in, so the process visits each host's namespace once, opens the
listeners there and comes back. Each listener is bound to its attachment's interface: a device
with several legs answers on the leg that was asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from sekisho.model import Attachment, Device, Plan, Protocol, Service
from sekisho.permissions import inner_ports
from sekisho.plan import load
from topologies.answers import ANSWERS, STREAM_ANSWERS, Answer
from topologies.inside import inside
from topologies.names import interface

_log = logging.getLogger(__name__)
_NEW_CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
    *("-nodes", "-days", "2", "-subj", "/CN=sekisho"),
)
TLS_KINDS = frozenset({"https", "sips"})


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


def _talk(
    answer: Answer, who: str
) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], asyncio.Future[None]]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            data = await asyncio.wait_for(reader.read(65536), timeout=10)
            if data:
                writer.write(answer(data, who))
                await writer.drain()
        except (OSError, TimeoutError, ssl.SSLError):
            _log.debug("%s: a client went away", who)
        finally:
            writer.close()

    return lambda reader, writer: asyncio.ensure_future(talk(reader, writer))


def _listener(attachment: Attachment, name: str, protocol: Protocol, port: int) -> socket.socket:
    kind = socket.SOCK_STREAM if protocol is Protocol.TCP else socket.SOCK_DGRAM
    out = socket.socket(socket.AF_INET, kind)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
    out.bind((str(attachment.ip), port))
    if protocol is Protocol.TCP:
        out.listen(128)
    out.setblocking(False)
    return out


def _open_all(
    plan: Plan, pids: dict[str, int], device: Device
) -> Iterator[tuple[socket.socket, Service]]:
    services = [plan.service[name] for name in device.services]
    if not services:
        return
    with inside(pids[device.id]):
        for attachment in device.attachments:
            taken: set[tuple[Protocol, int]] = set()
            for service in services:
                inner = (port for ports in service.ports for port in inner_ports(ports))
                for port in (*service.edges(), *inner):  # all that a probe may knock at
                    if (service.protocol, port) in taken:
                        continue
                    taken.add((service.protocol, port))
                    name = interface(attachment, device)
                    yield _listener(attachment, name, service.protocol, port), service


class Servers:
    """Every listener of the town, by device."""

    def __init__(self, plan: Plan, pids: dict[str, int], tls: ssl.SSLContext) -> None:
        self._plan, self._pids, self._tls = plan, pids, tls
        self._open: dict[str, list[asyncio.AbstractServer | asyncio.BaseTransport]] = {}

    async def start(self, name: str) -> int:
        """Open the listeners of one device; return how many."""
        parts = self._open.setdefault(name, [])
        for listener, service in _open_all(self._plan, self._pids, self._plan.device[name]):
            parts.append(await self._served(listener, service, name))
        return len(parts)

    async def stop(self, name: str) -> int:
        """Close the listeners of one device; return how many."""
        parts = self._open.pop(name, [])
        for part in parts:
            part.close()
        await asyncio.sleep(0)  # a transport closes its socket in the next round
        return len(parts)

    async def _served(
        self, listener: socket.socket, service: Service, who: str
    ) -> asyncio.AbstractServer | asyncio.BaseTransport:
        answer = ANSWERS[service.kind]
        if service.protocol is Protocol.UDP:
            loop = asyncio.get_running_loop()
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(answer, who), sock=listener
            )
            return transport
        answer = STREAM_ANSWERS.get(service.kind, answer)
        tls = self._tls if service.kind in TLS_KINDS else None
        return await asyncio.start_server(_talk(answer, who), sock=listener, ssl=tls)

    async def obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do one order, ``start DEVICE`` or ``stop DEVICE``; answer with the number of listeners.

        A captured device runs something else on its ports: its own services must be gone.
        """
        verb, name = (await reader.readline()).decode().split()
        count = await (self.stop(name) if verb == "stop" else self.start(name))
        writer.write(f"{count}\n".encode())
        await writer.drain()
        writer.close()


async def serve(plan: Plan, pids: dict[str, int], ready: Path) -> None:
    """Open every listener, create the file *ready*, and answer for ever.

    Orders are taken at the socket file beside *ready* that is named ``services.sock``.
    """
    with tempfile.TemporaryDirectory(prefix="sekisho-tls-") as folder:
        servers = Servers(plan, pids, tls_context(Path(folder)))
    count = 0
    for device in plan.devices:
        count += await servers.start(device.id)
    await asyncio.start_unix_server(servers.obey, ready.with_name("services.sock"))
    ready.write_text(str(count))
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m topologies.services", description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--pids", type=Path, required=True)
    parser.add_argument("--ready", type=Path, required=True)
    args = parser.parse_args()
    pids = json.loads(args.pids.read_text())
    asyncio.run(serve(load(args.plan), pids, args.ready))


if __name__ == "__main__":
    main()
