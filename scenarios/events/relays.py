"""Who is tried through a captured device: real clients at its users, towards everybody beyond.

A *try* is a user, the device's service that he may open, and a target that he may not open
himself. What must become of it is the policy's and the plan's word: where the device may open the
target and the plan declares the way, it must work, which proves the relay alive; anything else
must die.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from sekisho.model import Attachment, Device, Label, Plan, Protocol, Service
from sekisho.policy.evaluate import Policy
from sekisho.policy.relay_paths import declared
from topologies.hosts.services import TLS_KINDS
from topologies.network.netns import in_netns
from topologies.town import Town

_ASK_S = 4.0
_AT_ONCE = 64
_JOB = b"\x1b%-12345X@PJL JOB\r\n"
_ANSWER = b"(the target said who it is)"
_GET = b"GET / HTTP/1.0\r\n\r\n"
_TELLS = frozenset({"http", "https", "print", "smb", "smtp", "ssh", "ldap"})  # who answers


#: How something is relayed, in Japanese.
_METHODS = {"proxy": "中継(プロキシ)", "print relay": "印刷の中継"}
#: How far a user came through a relay.
NOTHING, JOINED, ANSWERED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Door:
    """A TCP service of a captured device that somebody may open, one user a class."""

    user: Attachment
    leg: Attachment
    port: int
    is_print: bool


@dataclass(frozen=True, slots=True)
class Try:
    """One user, one door, one target beyond.

    Attributes:
        way: What the plan declares of it; empty where the device may not open the target.
        is_open: Whether the policy lets the device open the target.
        is_known: Whether the user may open the target himself, by another port: no new way.
    """

    door: Door
    target: Attachment
    service: Service
    port: int
    is_open: bool
    is_known: bool
    way: str

    @property
    def must_work(self) -> bool:
        """Whether the plan declares it."""
        return self.is_open and bool(self.way) and not self.is_known

    @property
    def way_words(self) -> str:
        """The way from class to class."""
        return f"{self.door.user.source} -> {self.door.leg.device} -> {self.target.destination}"

    @property
    def words(self) -> str:
        """Who through whom to whom."""
        door = self.door
        return f"{door.user.id} -> {door.leg.device} -> {self.target.id} tcp/{self.port}"


def doors(plan: Plan, device: Device) -> list[Door]:
    """Return the TCP services of *device* that somebody may open, one user a class and kind."""
    policy, found = Policy(plan), dict[tuple[str, bool], Door]()
    for leg in device.attachments:
        for a in plan.attachments:
            if a.device == device.id or not (a.registered and leg.registered):
                continue
            for service in _tcp(plan, leg.services):
                port = service.edges()[0]
                if policy.permission(a, leg, service.protocol, port):
                    key = (a.source, service.kind == "print")
                    found.setdefault(key, Door(a, leg, port, key[1]))
    return list(found.values())


def tries(plan: Plan, device: Device, door: Door) -> Iterator[Try]:
    """Yield one target a class that the device may open, and one that it may not."""
    policy, seen = Policy(plan), set[tuple[str, bool, bool]]()
    for b in plan.attachments:
        if b.device in (device.id, door.user.device) or not b.registered:
            continue
        for service in _tcp(plan, b.services):
            port = service.edges()[0]
            if policy.permission(door.user, b, service.protocol, port):
                continue
            legs = device.attachments
            is_open = any(policy.permission(leg, b, service.protocol, port) for leg in legs)
            key = (b.destination, is_open, service.kind == "print")
            if key not in seen:
                seen.add(key)
                said = declared(plan, device.id, door.user.source, b.destination)
                way = said.label.en if said is not None else ""
                is_known = _is_known(policy, door.user, b)
                yield Try(door, b, service, port, is_open, is_known, way)


def _is_known(policy: Policy, user: Attachment, b: Attachment) -> bool:
    plan = policy.plan
    services = (plan.service[name] for name in b.services)
    return any(policy.permission(user, b, s.protocol, s.edges()[0]) for s in services)


def ports(plan: Plan, device: Device) -> list[int]:
    """Return every TCP port that a service of *device* has a listener on."""
    return sorted({port for service in _tcp(plan, device.services) for port in service.edges()})


def printers(plan: Plan, device: Device) -> list[tuple[Attachment, int]]:
    """Return every other device's print service, as attachment and port."""
    out = []
    for b in plan.attachments:
        kinds = {s.kind: s for s in _tcp(plan, b.services)}
        if "print" in kinds and b.device != device.id and b.registered:
            out.append((b, kinds["print"].edges()[0]))
    return out


def _tcp(plan: Plan, names: tuple[str, ...]) -> list[Service]:
    every = (plan.service[name] for name in names)
    return [service for service in every if service.protocol is Protocol.TCP]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the tries by one method."""

    method: str
    worked: tuple[str, ...]
    leaked: tuple[str, ...]
    broken: tuple[str, ...]
    known: tuple[str, ...]
    died: int

    @property
    def label(self) -> Label:
        """The same in words."""
        shown = f" ({', '.join(dict.fromkeys(self.worked))})" if self.worked else ""
        known, leaked = len(set(self.known)), len(self.leaked)
        return Label(
            f"{_METHODS[self.method]}: 遮断{self.died}件、"
            f"申告済みで通過{len(self.worked)}件{shown}、漏れ{leaked}件、利用者自身が開けるもの{known}件",
            f"{self.method}: {self.died} died, {len(self.worked)} declared worked{shown}, "
            f"{leaked} leaked, {known} to whom the user may open himself",
        )


def told(method: str, outcomes: dict[Try, int]) -> Told:
    """Compare what was reached with what must be: a joint alone is a leak, and no proof."""
    worked = [t for t, far in outcomes.items() if far == ANSWERED and t.must_work]
    dead = [t for t, far in outcomes.items() if far != ANSWERED and t.must_work]
    odd = [t for t, far in outcomes.items() if far != NOTHING and not t.must_work]
    known = [t for t in odd if t.is_open and t.is_known]
    leaked = [t for t in odd if t not in known]
    return Told(
        method,
        tuple(t.way_words for t in worked),
        tuple(f"{t.words} ({'undeclared' if t.is_open else 'forbidden'})" for t in leaked),
        tuple(t.words for t in dead),
        tuple(t.way_words for t in known),
        len(outcomes) - len(worked) - len(odd) - len(dead),
    )


def proxied(town: Town, wanted: list[Try]) -> dict[Try, int]:
    """Let each user ask the proxy for each target; tell how far he came."""
    return asyncio.run(_all(town, wanted))


async def _all(town: Town, wanted: list[Try]) -> dict[Try, int]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Try) -> int:
        async with gate:
            where = f"{each.target.ip}:{each.port}"
            words = f"CONNECT {where} HTTP/1.1\r\n\r\n".encode()
            said = await _asked(town, each.door, words, each)
        return ANSWERED if _ANSWER in said else JOINED if b" 200 joined" in said else NOTHING

    return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))


def is_alive(town: Town, door: Door) -> bool:
    """Tell whether the proxy answers a user for itself."""
    return b" 200 alive" in asyncio.run(_asked(town, door, b"CONNECT self:0 HTTP/1.1\r\n\r\n"))


def printed(town: Town, door: Door) -> bytes:
    """Print a job at the door; return what the printers answered that it was passed on to."""
    return asyncio.run(_asked(town, door, _JOB))


async def _asked(town: Town, door: Door, words: bytes, each: Try | None = None) -> bytes:
    """Say *words* at a door from the user's own interface; go on with a target's own words."""
    with in_netns(town.pid(door.user)):
        client = socket.socket()
    client.setblocking(False)
    name = town.interface(door.user).encode()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
    owner: socket.socket | asyncio.StreamWriter = client
    try:
        async with asyncio.timeout(_ASK_S):
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, (str(door.leg.ip), door.port))
            reader, writer = await asyncio.open_connection(sock=client)
            owner = writer
            writer.write(words)
            said = await reader.read(65536)
            if each is not None and b" 200 joined" in said:
                said += await _banner(each, reader, writer)
            return said
    except (OSError, TimeoutError):
        return b""
    finally:
        owner.close()


async def _banner(each: Try, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Talk to the target through the proxy as its kind of service wants it."""
    if each.service.kind not in _TELLS:
        return _ANSWER
    with suppress(OSError, TimeoutError, ssl.SSLError):
        if each.service.kind in TLS_KINDS:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            await writer.start_tls(context)
        writer.write(_GET)
        said = await reader.read(65536)
        return _ANSWER if each.target.device.encode() in said else b""
    return b""


def passed_on(plan: Plan, device: Device, door: Door, answers: bytes) -> dict[Try, int]:
    """Return, for every printer that the user may not open, whether it took the job."""
    policy, out = Policy(plan), dict[Try, int]()
    took = Counter(line.split(b":")[0].decode() for line in answers.splitlines())
    for b, port in printers(plan, device):
        is_own = b.device == door.user.device
        if is_own or policy.permission(door.user, b, Protocol.TCP, port):
            continue
        service = next(s for s in _tcp(plan, b.services) if s.kind == "print")
        is_open = any(policy.permission(leg, b, Protocol.TCP, port) for leg in device.attachments)
        said = declared(plan, device.id, door.user.source, b.destination)
        way = said.label.en if said is not None else ""
        each = Try(door, b, service, port, is_open, _is_known(policy, door.user, b), way)
        out[each] = ANSWERED if took[b.device] else NOTHING
    return out
