"""Which cases a fault in one rule concerns: the smallest suite that should notice it.

Reads the rule's cookie: whose port, which cell, which permission, whose address.
"""

from __future__ import annotations

from dataclasses import replace

from scenarios.exchange import Exchange
from scenarios.gate import CasePlan
from sekisho.faults import Fault
from sekisho.model import Attachment, Plan
from sekisho.pipeline import Numbers
from sekisho.rules import Cookie, Kind

_OF_A_PORT = frozenset(
    {
        Kind.ADMIT,
        Kind.ADMIT_ARP,
        Kind.DROP_TAGGED,
        Kind.DROP_IPV6,
        Kind.DROP_ETHERTYPE,
        Kind.DROP_IDENTITY,
        Kind.DROP_ARP_CLAIM,
    }
)
_POSED = frozenset({Kind.ADMIT, Kind.ADMIT_ARP})
_OF_A_PERMISSION = frozenset({Kind.OPEN, Kind.CONTINUE, Kind.REPLY})
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
_OF_A_TARGET = frozenset({Kind.DESTINATION, Kind.DELIVER})


def concerns(tried: CasePlan | Exchange, fault: Fault, plan: Plan) -> bool:
    """Tell whether *tried* may fare differently with *fault* in the tables."""
    if isinstance(tried, Exchange) and _concerns(_answer(tried), fault, plan):
        return True  # the replies of a conversation meet rules of their own
    return _concerns(tried, fault, plan)


def _answer(tried: Exchange) -> Exchange:
    return replace(tried, source=tried.target, target=tried.source)


def _concerns(tried: CasePlan | Exchange, fault: Fault, plan: Plan) -> bool:
    cookie = Cookie.parse(fault.rule.cookie)
    if cookie is None:
        return True
    source, target = tried.source, tried.target
    here = source.at.switch == fault.switch
    if cookie.kind in _POSED and _spoofed(tried) == plan.attachments[cookie.b - 1].id:
        return True
    if cookie.kind in _OF_A_PORT:
        return here and source.at.port == cookie.a
    if cookie.kind is Kind.DROP_CELL:
        return here and _cell(plan, source, target) == (cookie.a, cookie.b)
    if cookie.kind in _OF_A_PERMISSION:
        forth, back = _cell(plan, source, target), _cell(plan, target, source)
        return (cookie.b, cookie.c) in (forth, back)
    if cookie.kind in _OF_A_TARGET:
        return plan.attachments[cookie.b - 1].id == target.id
    if cookie.kind is Kind.ADMIT_TRUNK:
        numbers = Numbers(plan)
        return not here and numbers.tag[numbers.pair(source)] == cookie.b
    if cookie.kind is Kind.TRANSIT:
        return plan.switch[target.at.switch].dpid == cookie.b
    if cookie.kind in _SHOWN_BY and isinstance(tried, CasePlan):
        return here and tried.probe in _SHOWN_BY[cookie.kind]
    return here or target.at.switch == fault.switch


def _spoofed(tried: CasePlan | Exchange) -> str:
    return tried.spoof if isinstance(tried, CasePlan) else ""


def _cell(plan: Plan, source: Attachment, target: Attachment) -> tuple[int, int]:
    rows = [c.id for c in plan.sources]
    columns = [c.id for c in plan.destinations]
    return rows.index(source.source) + 1, columns.index(target.destination) + 1
