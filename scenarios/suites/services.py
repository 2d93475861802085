"""Real conversations for every permission: handshakes, pages, print jobs, calls.

A single packet that arrives does not show that a clerk can work. Here a client in the source's
own namespace opens a real socket, bound to the attachment's interface, and talks to the real
server until it has a full answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sekisho.compiler.policy_table import inner_ports
from sekisho.errors import LabError
from sekisho.model import Attachment, CellKind, Clause, Plan, Protocol, Service
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import matrix
from topologies.hosts import echo
from topologies.hosts.replies import ANSWERS, ENQUIRY, listening
from topologies.hosts.services import TLS_KINDS
from topologies.network.netns import in_netns
from topologies.town import Town

_TIMEOUT_S = 8.0
_AT_ONCE = 48
_SIP = (
    "OPTIONS sip:{to} SIP/2.0\r\nVia: SIP/2.0/TCP probe\r\nFrom: <sip:probe>;tag=1\r\n"
    "To: <sip:{to}>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)
_DNS = b"\x12\x34\x01\x00\x00\x01\0\0\0\0\0\0\x04hall\x00\x00\x01\x00\x01"  # RFC 1035, 4.1
_NTP = b"\x23" + bytes(47)  # version 4, client; RFC 5905, 7.3
#: Services that take what is said and answer nothing but the enquiry.
_LISTENING = frozenset(kind for kind, answer in ANSWERS.items() if answer is listening)
_RADIUS = b"\x01\x07\x00\x14" + bytes(range(16))  # Access-Request; RFC 2865, 3


def _hello(to: str) -> bytes:
    return f"HELO {to}\r\n".encode()


#: What a client says, by kind of service.
_REQUESTS: dict[str, Callable[[str], bytes]] = {
    "http": lambda to: f"GET / HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n".encode(),
    "https": lambda to: f"GET / HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n\r\n".encode(),
    "print": lambda to: b"\x1b%-12345X@PJL INFO ID\r\n",
    "sip": lambda to: _SIP.format(to=to).encode(),
    "sips": lambda to: _SIP.format(to=to).encode(),
    "dns": lambda to: _DNS,
    "ntp": lambda to: _NTP,
    "radius": lambda to: _RADIUS,
    **dict.fromkeys(_LISTENING, lambda to: ENQUIRY),
}
#: What its full answer must contain, by kind; the name of the serving host where it says that.
_PROOFS: dict[str, Callable[[str], bytes]] = {
    "http": lambda who: f"<h1>{who}</h1>".encode(),
    "https": lambda who: f"<h1>{who}</h1>".encode(),
    "print": lambda who: f"{who}: ".encode(),
    "sip": lambda who: b"SIP/2.0 200 OK",
    "sips": lambda who: b"SIP/2.0 200 OK",
    "dns": lambda who: b"\x12\x34\x81\x80",
    "ntp": lambda who: b"SEKI",
    "radius": lambda who: b"\x03\x07",
    "smb": lambda who: who.encode(),
    "smtp": lambda who: who.encode(),
    "ssh": lambda who: who.encode(),
    "ldap": lambda who: who.encode(),
    "openflow": lambda who: who.encode(),
    **dict.fromkeys(_LISTENING, lambda who: f"{who} listens".encode()),
}


@dataclass(frozen=True, slots=True)
class Exchange:
    """One permitted conversation to try.

    Attributes:
        is_named: Whether the permission names its initiators, and so has rules for each of them.
    """

    source: Attachment
    target: Attachment
    service: Service
    port: int
    clause: Clause
    where: str
    is_named: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: empty *trouble* when the full answer came."""

    exchange: Exchange
    trouble: str
    seconds: float


def exchanges(plan: Plan) -> Iterator[Exchange]:
    """Yield every permitted (source, target, service, port).

    Of a range of ports both edges, and one port for each rule inside of it.
    """
    policy, cells = Policy(plan), matrix(plan)
    for source in plan.attachments:
        for target in plan.attachments:
            kind = cells[source.source, target.destination].kind
            if kind is CellKind.ALLOW and source.device != target.device:
                yield from _between(plan, policy, source, target)


def _between(
    plan: Plan, policy: Policy, source: Attachment, target: Attachment
) -> Iterator[Exchange]:
    if not (source.registered and target.registered):
        return
    for name in target.services:
        service = plan.service[name]
        inner = (port for ports in service.ports for port in inner_ports(ports))
        for port in dict.fromkeys((*service.edges(), *inner)):
            found = policy.permission(source, target, service.protocol, port)
            if found is not None:
                clause, allow = found
                is_named = bool(allow.only_from)
                yield Exchange(source, target, service, port, clause, allow.where, is_named)


def chosen_exchanges(plan: Plan, wanted: list[Exchange]) -> list[Exchange]:
    """Return a part of *wanted* that grows with the attachments, not with their square.

    Each service of each target is used by each class of each switch; everybody uses something of
    each destination class, not all the same; and nothing is left out of what work needs, nor of
    what a rule permits to somebody by name.
    """
    seen = set[tuple[str, ...]]()
    taken, groups = set[int](), dict[tuple[str, str], list[int]]()
    for number, each in enumerate(wanted):
        a, b = each.source, each.target
        key = (a.source, a.at.switch, b.id, each.service.id, str(each.port))
        groups.setdefault((a.id, b.destination), []).append(number)
        if key not in seen or each.is_named or _is_needed(plan, each):
            taken.add(number)
        seen.add(key)
    for turn, group in enumerate(groups.values()):
        if taken.isdisjoint(group):
            taken.add(group[turn % len(group)])
    return [wanted[number] for number in sorted(taken)]


def _is_needed(plan: Plan, each: Exchange) -> bool:
    return any(
        each.service.id in need.services and need.covers(each.source, each.target)
        for need in plan.must_reach
    )


def converse(town: Town, wanted: list[Exchange], *, timeout_s: float = _TIMEOUT_S) -> list[Outcome]:
    """Hold every conversation of *wanted* and return what became of each, in order."""
    return asyncio.run(_all(town, wanted, timeout_s))


async def _all(town: Town, wanted: list[Exchange], timeout_s: float) -> list[Outcome]:
    turn = asyncio.Semaphore(_AT_ONCE)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # the run's own certificate

    async def one(exchange: Exchange) -> Outcome:
        async with turn:
            clock = asyncio.get_running_loop().time
            started = clock()
            try:
                async with asyncio.timeout(timeout_s):
                    answer = await _ask(town, exchange, context)
                trouble = _check(exchange, answer)
            except TimeoutError:
                trouble = f"no answer within {timeout_s:g} s"
            except (OSError, ssl.SSLError, LabError) as error:
                trouble = str(error)
            return Outcome(exchange, trouble, clock() - started)

    return await asyncio.gather(*(one(exchange) for exchange in wanted))


def request(service: Service, to: str) -> bytes:
    """Return what a client says to the host *to* that serves it."""
    said = _REQUESTS.get(service.kind, _hello)(to)
    if service.kind == "dns" and service.protocol is Protocol.TCP:
        return len(said).to_bytes(2, "big") + said  # RFC 1035, 4.2.2
    return said


def proof(service: Service, who: str) -> bytes:
    """Return what a full answer of the host *who* contains."""
    if not service.has_ports:
        return request(service, who)  # an echo gives back what was said
    return _PROOFS[service.kind](who)


def _check(exchange: Exchange, answer: bytes) -> str:
    sign = proof(exchange.service, exchange.target.device)
    return "" if sign in answer else f"the answer lacks {sign!r}: {answer[:60]!r}"


async def _ask(town: Town, exchange: Exchange, context: ssl.SSLContext) -> bytes:
    said = request(exchange.service, exchange.target.device)
    client = _client(town, exchange)
    try:
        loop = asyncio.get_running_loop()
        if not exchange.service.has_ports:
            return await _echoed(client, said, str(exchange.target.ip))
        await loop.sock_connect(client, (str(exchange.target.ip), exchange.port))
        if exchange.service.protocol is Protocol.UDP:
            for _ in range(2):  # the second belongs to a conversation that is open already
                await loop.sock_sendall(client, said)
                answer = await loop.sock_recv(client, 4096)
            return answer
        is_tls = exchange.service.kind in TLS_KINDS
        return await _stream(client, said, context if is_tls else None)
    finally:
        client.close()


async def _echoed(client: socket.socket, said: bytes, ip: str) -> bytes:
    """Ask for two echoes, the second in a conversation that is open already; return the last."""
    loop, identifier = asyncio.get_running_loop(), echo.new_identifier()
    back: bytes | None = None
    for _ in range(2):
        await loop.sock_sendto(client, echo.request(identifier, said), (ip, 0))
        back = None
        while back is None:
            packet, (whose, _) = await loop.sock_recvfrom(client, 4096)
            back = echo.answered(packet, identifier) if whose == ip else None
    return back or b""


async def _stream(client: socket.socket, said: bytes, context: ssl.SSLContext | None) -> bytes:
    reader, writer = await asyncio.open_connection(
        sock=client, ssl=context, server_hostname="sekisho" if context else None
    )
    try:
        writer.write(said)
        await writer.drain()
        return await reader.read()
    finally:
        writer.close()


def _client(town: Town, exchange: Exchange) -> socket.socket:
    """A socket in the source's namespace, on its interface, with its address."""
    stream = exchange.service.protocol is Protocol.TCP
    kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
    with in_netns(town.pid(exchange.source)):
        has_ports = exchange.service.has_ports
        out = socket.socket(socket.AF_INET, kind) if has_ports else echo.echo_socket()
    try:
        name = town.interface(exchange.source).encode()
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        out.bind((str(exchange.source.ip), 0))
        out.setblocking(False)
    except OSError:
        out.close()
        raise
    return out
