"""Why a rule cannot be met in a town as it stands: the plan's own reasons, never a guess.

Every switch carries the whole policy, so most rules of most switches wait for somebody who stands
elsewhere. A rule without a reason here should have been met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network

from sekisho.coverage.paths import ways
from sekisho.evidence.unmet import UnmetReason
from sekisho.lint.shadows import Grant, grants
from sekisho.model import ECHO, Attachment, CellKind, Plan, PortRange, Protocol
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.pipeline import Numbers
from sekisho.openflow.rules import Cookie, Kind
from sekisho.policy.matrix import matrix

_OF_TERMINALS = frozenset(
    {Kind.DROP_FRAGMENT, Kind.DROP_TTL, Kind.DROP_GROUP, Kind.DROP_NEXT_HOP,
     Kind.DROP_DESTINATION, Kind.DROP_ARP_TARGET}
)  # fmt: skip


class UnreachableReasons:
    """Knows who stands where in *plan*, and which ways are used."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._numbers, self._ways = plan, Numbers(plan), ways(plan)
        self._here: dict[str, list[Attachment]] = {s.id: [] for s in plan.switches}
        for attachment in plan.attachments:
            self._here[attachment.at.switch].append(attachment)
        self._columns, self._grants = self._tried(), grants(plan)
        self._by_kind: dict[Kind, Callable[[str, Cookie, FlowLine], UnmetReason | None]] = {
            Kind.ADMIT_TRUNK: self._trunk,
            Kind.TRANSIT: self._transit,
            Kind.DESTINATION: self._destination,
            Kind.DROP_CELL: self._cell,
            Kind.DELIVER: self._deliver,
            Kind.DROP_FORWARD: self._forward,
            Kind.ANSWER_ARP: self._answer,
            Kind.SHARE: self._opening,
            Kind.COUNTED: self._opening,
            Kind.DROP_SHARE: lambda s, c, line: UnmetReason.FLOOD,
            Kind.DROP_TRUNK: lambda s, c, line: UnmetReason.ONLY_SWITCHES,
            Kind.DROP_QUARANTINE: lambda s, c, line: UnmetReason.NOTHING_PLUGGED,
            **dict.fromkeys((k for k in Kind if k.is_of_permission), self._conversation),
            **dict.fromkeys(_OF_TERMINALS, self._terminals),
            **dict.fromkeys((Kind.ROUTER, Kind.TRACK), self._used),
        }

    def why(self, switch: str, line: FlowLine) -> UnmetReason | None:
        """Return why *line* of *switch* cannot be met; empty where nothing says so."""
        cookie = Cookie.parse(line.cookie)
        if cookie is None or cookie.kind not in self._by_kind or not self._is_planned(cookie):
            return None
        return self._by_kind[cookie.kind](switch, cookie, line)

    def _is_planned(self, cookie: Cookie) -> bool:
        """Tell whether the numbers of *cookie* are of the plan: anybody may write any of them."""
        plan, everybody = self._plan, len(self._plan.attachments)
        if cookie.kind.is_of_permission:
            numbers = (
                (cookie.a, plan.clauses),
                (cookie.b, plan.sources),
                (cookie.c, plan.destinations),
            )
            return all(0 < number <= len(ids) for number, ids in numbers)
        if cookie.kind is Kind.DELIVER:
            return 0 < cookie.b <= everybody
        if cookie.kind is Kind.DESTINATION:
            return cookie.b <= everybody
        return cookie.kind is not Kind.DROP_FORWARD or cookie.c <= everybody

    def _tried(self) -> dict[str, set[tuple[int, int]]]:
        """The cells that somebody at each switch can try on somebody else."""
        cells, out = matrix(self._plan), {}
        untried = (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL)
        for switch, here in self._here.items():
            out[switch] = {
                (self._numbers.source[a.source], self._numbers.destination[b.destination])
                for a in here
                for b in self._plan.attachments
                if a.device != b.device
                and a.registered
                and b.registered
                and cells[a.source, b.destination].kind not in untried
            }
        return out

    def _trunk(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del line
        return None if (switch, cookie.a, cookie.b) in self._ways.enters else UnmetReason.NO_WAY

    def _transit(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del line
        return None if (switch, cookie.b) in self._ways.towards else UnmetReason.NO_WAY

    def _opening(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        """A port where conversations begin, or, where none is named, any port with devices."""
        del line
        devices = {a.at.port for a in self._here[switch]}
        ports = {cookie.a} if cookie.a else devices
        return (
            None
            if any((switch, port) in self._ways.opens for port in ports)
            else UnmetReason.NO_OPENING
        )

    def _destination(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del line
        if not cookie.b:  # a block of vacant addresses, which anybody may try
            return None if any(a.registered for a in self._here[switch]) else UnmetReason.KEPT
        target = self._plan.attachments[cookie.b - 1]
        column = self._numbers.destination[target.destination]
        if any(
            a.device != target.device
            and (self._numbers.source[a.source], column) in self._columns[switch]
            for a in self._here[switch]
        ):
            return None
        return None if switch in self._ways.reached.get(target.id, ()) else UnmetReason.NO_WAY

    def _cell(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del line
        if (cookie.a, cookie.b) in self._columns[switch]:
            return None
        rows = {self._numbers.source[a.source] for a in self._here[switch] if a.registered}
        return UnmetReason.NO_TARGET if cookie.a in rows else UnmetReason.NOBODY_HERE

    def _deliver(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del switch
        target = self._plan.attachments[cookie.b - 1]
        if target.id not in self._ways.reached:
            return UnmetReason.UNTOUCHED
        siblings = [a for a in self._plan.attachments if a.at == target.at and a != target]
        is_back = line.priority > 100  # to another station of the same SSID
        return UnmetReason.NO_WAY if is_back and not self._may_open(siblings, target) else None

    def _may_open(self, those: list[Attachment], target: Attachment) -> bool:
        pairs = {(s, d) for _, s, d in self._ways.passes}
        return any(
            (self._numbers.source[a.source], self._numbers.destination[b.destination]) in pairs
            for x in those
            for a, b in ((x, target), (target, x))
        )

    def _forward(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del switch, line
        if not cookie.c:
            return UnmetReason.NEVER
        own = self._plan.attachments[cookie.c - 1]
        allows = (allow for clause in self._plan.clauses for allow in clause.allows)
        is_met = any(allow.lets(own) and allow.reaches(own) for allow in allows)
        return None if is_met else UnmetReason.OWN_CELL

    def _answer(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del cookie
        network = IPv4Network(line.match["arp_spa"])
        return None if any(a.ip in network for a in self._here[switch]) else UnmetReason.KEPT

    def _conversation(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        fields = line.match
        ends = fields.get("nw_src", ""), fields.get("nw_dst", "")
        asks, asked = ends[::-1] if cookie.kind is Kind.REPLY else ends
        passes = self._ways.passes.get((cookie.a, cookie.b, cookie.c), set())
        if not any(
            there == switch and asks in ("", a) and asked in ("", b) for there, a, b in passes
        ):
            return UnmetReason.NO_PASSAGE
        return self._unoffered(cookie, fields)

    def _unoffered(self, cookie: Cookie, fields: Mapping[str, str]) -> UnmetReason | None:
        """A permission for a service that nobody there offers."""
        column = self._plan.destinations[cookie.c - 1].id
        asked = fields.get("protocol")
        protocol = next(each for each in Protocol if asked == f"ip {each.word}")
        port = int(_port(fields).partition("/")[0], 0)
        allows = self._plan.clauses[cookie.a - 1].allows
        names = {n for x in allows if x.destination == column for n in x.services}
        is_offered = any(
            self._plan.service[name].covers(protocol, port)
            for a in self._plan.attachments
            if a.destination == column
            for name in a.services
            if name in names
        )
        if not is_offered:
            return UnmetReason.NOT_OFFERED
        return UnmetReason.SHADOWED if self._is_shadowed(cookie, protocol, fields) else None

    def _is_shadowed(self, cookie: Cookie, protocol: Protocol, fields: Mapping[str, str]) -> bool:
        """Whether another clause lets on all that the rule does: either may count a packet."""
        plan, ends = self._plan, [fields.get("nw_src", ""), fields.get("nw_dst", "")]
        asks, asked = ends[::-1] if cookie.kind is Kind.REPLY else ends
        value, _, mask = _port(fields).partition("/")
        first = int(value, 0)
        last = first | ~int(mask or "0xffff", 0) & 0xFFFF
        ids = {str(a.ip): a.id for a in plan.attachments}
        own = Grant(
            order=-1,
            clause=plan.clauses[cookie.a - 1].id,
            service="",
            source=plan.sources[cookie.b - 1].id,
            destination=plan.destinations[cookie.c - 1].id,
            protocol=protocol,
            ports=PortRange(first, last),
            only_from=frozenset(ids[ip] for ip in (asks,) if ip in ids),
            only_to=frozenset(ids[ip] for ip in (asked,) if ip in ids),
            where="",
        )
        return any(g.clause != own.clause and g.covers(own) for g in self._grants)

    def _terminals(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del cookie, line
        return None if any(a.registered for a in self._here[switch]) else UnmetReason.NO_TERMINAL

    def _used(self, switch: str, cookie: Cookie, line: FlowLine) -> UnmetReason | None:
        del cookie, line
        return None if self._here[switch] or switch in self._ways.busy else UnmetReason.NO_TERMINAL


def _port(fields: Mapping[str, str]) -> str:
    """Return the port of a service that a dumped permission is for."""
    return (
        str(ECHO)
        if fields.get("protocol") == "ip icmp"
        else fields.get("tp_dst", fields.get("tp_src", "0"))
    )
