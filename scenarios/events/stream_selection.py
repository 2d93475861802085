"""Which streams run through an event: chosen by the plan's policy and matrix, never by a name.

A *stream_target* is a target, somebody who may open a service on it, and somebody at the same site
who must never reach it. A plan with several sites gives one stream target of the first and one of a
branch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import cycle

from scenarios.probes.frames import Fields, build, tokens
from sekisho.compiler.routing import next_hops
from sekisho.errors import LabError
from sekisho.model import Attachment, CellKind, Plan, Protocol
from sekisho.packet.packet import TCP_SYN
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import Cell, matrix

_FIRST_SPORT = 20000
_SPORTS = 1000  # a quarter of what one port may begin, `sekisho.model.tracking`
_MOST_TRIOS = 2
_DENIED = (CellKind.DENY, CellKind.PLANNED)
_NUMBER_BITS, _STREAM_BITS = 32, 20  # of a frame: of them its place in its stream


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Somebody who may, somebody who must not, and what they both want.

    Attributes:
        clause: The clause that permits it.
    """

    permitted: Attachment
    forbidden: Attachment
    target: Attachment
    protocol: Protocol
    port: int
    clause: str


@dataclass(frozen=True, slots=True)
class Stream:
    """Frames of one kind from one attachment, sent one after the other.

    Attributes:
        number: Names the stream in the tokens of its frames.
        source: Attachment whose interface sends.
        to: Attachment that must hear them; empty where every frame must die.
        words: What it is, for the record.
        injected: Whether the frames are put on the last cable *to* the source, past every switch.
        asks: Whom each frame in turn asks for, by attachment and port; an empty id stands for an
            address that is nobody's.
    """

    number: int
    source: Attachment
    to: str
    frames: tuple[bytes, ...]
    words: str
    injected: bool = False
    asks: tuple[tuple[str, int], ...] = ()
    proto: str = ""

    @property
    def is_forbidden(self) -> bool:
        """Whether every frame must die."""
        return not self.to


def stream_targets(plan: Plan) -> list[StreamTarget]:
    """Return at most one stream target a site, those whose frames pass between switches first."""
    out: list[StreamTarget] = []
    cells = matrix(plan)
    guarded = Counter(destination for (_, destination), cell in cells.items() if cell.is_must_drop)
    for site in dict.fromkeys(a.site for a in plan.attachments):
        found = list(_at(plan, site, cells))
        if found:
            out.append(min(found, key=lambda one: _rank(plan, one, guarded)))
        if len(out) == _MOST_TRIOS:
            break
    return out


def _rank(
    plan: Plan, stream_target: StreamTarget, guarded: Mapping[str, int]
) -> tuple[int, bool, bool]:
    """Sort the best *guarded* target first, then long ways, then devices with two interfaces."""
    is_short = stream_target.permitted.at.switch == stream_target.target.at.switch
    return (
        -guarded[stream_target.target.destination],
        is_short,
        len(plan.device[stream_target.permitted.device].attachments) < 2,
    )


def _at(plan: Plan, site: str, cells: Mapping[tuple[str, str], Cell]) -> Iterator[StreamTarget]:
    """Yield, for each target, the first who may and the first who may not from *site*.

    Of those who may not, one of whom the plan says so comes before one whom no rule names.
    """
    policy = Policy(plan)
    here = [a for a in plan.attachments if a.site == site and a.registered]
    for target in (a for a in plan.attachments if a.registered):
        denied = [
            (not cell.is_must_drop, n)
            for n, a in enumerate(here)
            if a.is_apart(target) and (cell := cells[a.source, target.destination]).kind in _DENIED
        ]
        if not denied:
            continue
        bad = here[min(denied)[1]]
        for service in plan.on_ports(target):
            port = service.edges()[0]
            for good in here:
                found = policy.permission(good, target, service.protocol, port)
                if found is not None and good.is_apart(target):
                    yield StreamTarget(good, bad, target, service.protocol, port, found[0].id)
                    break


#: Says of two attachments, who asks and who is asked, whether they are wanted.
Between = Callable[[Attachment, Attachment], bool]


#: The same of three: one who may not, one who may, and whom he may open.
Beside = Callable[[Attachment, Attachment, Attachment], bool]


def at_one_site(other: Attachment, source: Attachment, target: Attachment) -> bool:
    """Tell whether one who may not is where the one who may is."""
    return other.site == source.site and other.device != target.device


def target_between(
    plan: Plan, speaks: Between, beside: Beside = at_one_site
) -> StreamTarget | None:
    """Return somebody who may and whom he may open, and one who may not; None where nobody may.

    Args:
        plan: The town.
        speaks: Whether somebody who may, and whom he may open, are wanted.
        beside: Whether one who may not is wanted with them.
    """
    policy = Policy(plan)
    pairs = (
        (source, target)
        for target in plan.attachments
        for source in plan.attachments
        if source.device != target.device and source.registered and speaks(source, target)
    )
    for source, target in pairs:
        for service in plan.on_ports(target):
            protocol, port = service.protocol, service.edges()[0]
            found = policy.permission(source, target, protocol, port)
            near = (a for a in plan.attachments if found and a.registered)
            other = next(
                (
                    a
                    for a in near
                    if beside(a, source, target)
                    and policy.permission(a, target, protocol, port) is None
                ),
                None,
            )
            if found is not None and other is not None:
                return StreamTarget(source, other, target, protocol, port, found[0].id)
    return None


def path(plan: Plan, source: Attachment, target: Attachment) -> list[str]:
    """Return the switches between *source* and *target*, with every line whole."""
    out = [source.at.switch]
    while out[-1] != target.at.switch:
        port = next_hops(plan, out[-1])[target.at.switch]
        link = next(x for x in plan.links if port in (x.a, x.b))
        out.append(link.b.switch if link.a == port else link.a.switch)
    return out


class StreamBuilder:
    """Makes streams whose tokens nobody else of this run uses."""

    def __init__(self, plan: Plan, *, run: int, length: int) -> None:
        self._plan, self._run, self._length = plan, run, length
        self._next = 1
        self._whose = {a.ip: a.id for a in plan.attachments}

    def of_target(self, stream_target: StreamTarget) -> list[Stream]:
        """Return the permitted and the forbidden stream of a stream target, of the same shape."""
        return [
            self.opening(stream_target.permitted, stream_target, to=stream_target.target.id),
            self.opening(stream_target.forbidden, stream_target),
        ]

    def opening(
        self,
        source: Attachment,
        stream_target: StreamTarget,
        *,
        posing: Attachment | None = None,
        flags: int = TCP_SYN,
        to: str = "",
    ) -> Stream:
        """Return frames that ask for the stream target's service, from *source*'s interface.

        Args:
            source: Whose interface sends.
            stream_target: Whose target and service they ask for.
            posing: Whose MAC and IP address the frames carry, if not the source's own.
            flags: TCP flags.
            to: Attachment that must hear them.
        """
        who = posing or source
        fields = Fields(
            self._plan.router_mac,
            who.mac,
            who.ip,
            stream_target.target.ip,
            0,
            stream_target.port,
            flags,
        )
        shape = stream_target.protocol.word
        as_whom = f" as {who.id}" if posing else ""
        words = f"{source.id}{as_whom} to {stream_target.target.id} {shape}/{stream_target.port}"
        return self.raw(source, shape, fields, words=words, to=to)

    def raw(
        self, source: Attachment, shape: str, fields: Fields, *, words: str, to: str = ""
    ) -> Stream:
        """Return frames of *shape*; a source port of 0 stands for an ever changing one."""
        return self.mixed(source, shape, [fields], words=words, to=to)

    def mixed(
        self, source: Attachment, shape: str, each: list[Fields], *, words: str, to: str = ""
    ) -> Stream:
        """Return frames of *shape* that take the fields of *each* in turn.

        Raises:
            LabError: So many streams, or so long ones, have no numbers of their own.
        """
        most = 1 << _NUMBER_BITS - _STREAM_BITS
        if self._next >= most or self._length > 1 << _STREAM_BITS:
            raise LabError(f"{self._next} streams of {self._length} frames cannot be told apart")
        number, self._next = self._next, self._next + 1
        first = number << _STREAM_BITS
        rows = [
            fields._replace(sport=fields.sport or _FIRST_SPORT + n % _SPORTS)
            for n, fields in zip(range(self._length), cycle(each), strict=False)
        ]
        marks = tokens(self._run, range(first, first + self._length))
        asks = tuple((self._whose.get(fields.ip_dst, ""), fields.dport) for fields in each)
        frames, proto = tuple(build(shape, rows, marks)), shape.partition("-")[0]
        return Stream(number, source, to, frames, words, asks=asks, proto=proto)


def stream_of(token: int) -> int:
    """Return the number of the stream that a token's number belongs to."""
    return token >> _STREAM_BITS


def turn_of(token: int) -> int:
    """Return the place of a token's frame in its stream."""
    return token & (1 << _STREAM_BITS) - 1


def twin(plan: Plan, stream_target: StreamTarget) -> Attachment:
    """Return another interface of the permitted one's own device, or the forbidden one."""
    device = plan.device[stream_target.permitted.device]
    return next(
        (a for a in device.attachments if a != stream_target.permitted), stream_target.forbidden
    )


def spoofed(own: Attachment, other: Attachment, *, what: str) -> Attachment:
    """Return *own* with the other's ``mac``, ``ip`` or ``both``."""
    if what == "both":
        return replace(own, mac=other.mac, ip=other.ip)
    return replace(own, mac=other.mac) if what == "mac" else replace(own, ip=other.ip)
