"""Which cases a fault concerns: the smallest suite that should notice it.

Reads the names of the rules concerned: whose port, which cell, which permission, whose address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from scenarios.probes.windows import CasePlan
from scenarios.suites.services import Exchange
from sekisho.model import Attachment, Plan
from sekisho.openflow.pipeline import Numbers
from sekisho.openflow.rules import Cookie, Kind
from sekisho.packet.packet import Reason

#: A rule by its switch and its cookie.
Name = tuple[str, int]
Tried = CasePlan | Exchange

#: Rules of a whole switch, and the probes that meet them.
_SHOWN_BY = {
    Kind.ANSWER_ARP: ("arp-ask", "arp-gateway"),
    Kind.DROP_ARP_TARGET: ("arp-ask",),
    Kind.DROP_TTL: ("nobody", "service"),
    Kind.DROP_GROUP: ("group", "service"),
    Kind.DROP_FRAGMENT: ("fragment", "service"),
    Kind.DROP_NEXT_HOP: ("foreign-l2", "group", "service"),
    Kind.DROP_DESTINATION: ("nobody", "tcp-scan", "service"),
}


class AffectedCases:
    """Tells for one plan whether what is tried may fare differently with rules *names* wrong."""

    def __init__(self, plan: Plan, names: Iterable[Name]) -> None:
        self._plan, self._numbers = plan, Numbers(plan)
        self._groups: dict[tuple[str, Kind], set[Cookie]] = defaultdict(set)
        self._is_all = False
        for switch, cookie in names:
            parsed = Cookie.parse(cookie)
            if parsed is None:
                self._is_all = True  # a stranger's rule may concern anything
            else:
                self._groups[switch, parsed.kind].add(parsed)

    def concerns(self, tried: Tried) -> bool:
        """Tell whether *tried* may fare differently."""
        if self._is_all:
            return True
        for (switch, kind), cookies in self._groups.items():
            if self._meets(tried, switch, kind, cookies):
                return True
            if isinstance(tried, Exchange):  # its replies meet rules of their own
                answer = replace(tried, source=tried.target, target=tried.source)
                if self._meets(answer, switch, kind, cookies):
                    return True
        return False

    def _meets(self, tried: Tried, switch: str, kind: Kind, cookies: set[Cookie]) -> bool:
        source, target = tried.source, tried.target
        here = source.at.switch == switch
        if kind.is_admission and self._poses(tried, cookies):
            return True
        if kind.is_of_edge:
            return here and any(source.at.port == cookie.a for cookie in cookies)
        if kind is Kind.DROP_CELL:
            cells = {self._cell(source, target), self._dying(tried)}
            return here and any((cookie.a, cookie.b) in cells for cookie in cookies)
        if kind.is_of_permission:
            there_and_back = (self._cell(source, target), self._cell(target, source))
            return any((cookie.b, cookie.c) in there_and_back for cookie in cookies)
        if kind.is_of_target and all(cookie.b for cookie in cookies):
            return any(self._numbers.attachment[target.id] == cookie.b for cookie in cookies)
        if kind is Kind.ADMIT_TRUNK:
            tag = self._numbers.tag[self._numbers.pair(source)]
            if here:  # a class's tag, from a device's port
                return isinstance(tried, CasePlan) and tried.probe == "tagged"
            return any(tag == cookie.b for cookie in cookies)
        if kind is Kind.TRANSIT:
            home = self._plan.switch[target.at.switch].dpid
            return any(home == cookie.b for cookie in cookies)
        if kind in _SHOWN_BY and isinstance(tried, CasePlan):
            return here and tried.probe in _SHOWN_BY[kind]
        return here or target.at.switch == switch

    def _poses(self, tried: Tried, cookies: set[Cookie]) -> bool:
        posed = self._numbers.attachment.get(tried.spoof) if isinstance(tried, CasePlan) else None
        return posed is not None and any(posed == cookie.b for cookie in cookies)

    def _dying(self, tried: Tried) -> tuple[int, int]:
        """The cell that must drop the case, which for a packet to oneself is one's own."""
        drop = tried.drop if isinstance(tried, CasePlan) else None
        if drop is None or drop.reason != Reason.CELL.value:
            return 0, 0
        row, _, column = drop.key.partition("/")
        return self._numbers.source[row], self._numbers.destination[column]

    def _cell(self, source: Attachment, target: Attachment) -> tuple[int, int]:
        numbers = self._numbers
        return numbers.source[source.source], numbers.destination[target.destination]
