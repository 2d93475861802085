"""Situations applied to a run: which cases belong to each, and how its author reads the plan.

What must become of a case stays the policy's word; a situation only says which cases are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scenarios.attacks import Kind, load_families
from scenarios.probes.base import POSING, PROBES
from scenarios.probes.windows import CasePlan
from scenarios.suites.services import Exchange
from sekisho.errors import Fault, PlanError
from sekisho.model import Attachment, Label, Plan
from sekisho.model.states import ACCEPT
from sekisho.plan.places import show, suggestion
from sekisho.scenario.keys import DROPPED, PASSED
from sekisho.scenario.situation import NORMAL, Part, Situation, fault

EXCHANGE = "exchange"
_SENT = (Kind.FRAMES, Kind.STATEFUL)
_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """A situation as it applies to one plan."""

    situation: Situation
    part: Part

    def wants(self, case: CasePlan) -> bool:
        """Tell whether *case* belongs to it."""
        return self.situation.wants(case.probe) and self._between(case.source, case.target)

    def wants_exchange(self, exchange: Exchange) -> bool:
        """Tell whether the conversation *exchange* belongs to it."""
        return self.situation.wants(EXCHANGE) and self._between(exchange.source, exchange.target)

    def _between(self, source: Attachment, target: Attachment) -> bool:
        return self.part.covers(source, target)


def applied(situations: Iterable[Situation], plan: Plan) -> tuple[Chosen, ...]:
    """Return those of *situations* that say something about *plan*."""
    out = []
    for each in situations:
        part = each.part(plan)
        if part is not None and each.not_applicable(plan) is None:
            out.append(Chosen(each, part))
    return tuple(out)


def needs_catalogue(situation: Situation) -> bool:
    """Tell whether it names entries of the catalogue, which only the suite ``full`` sends."""
    ids = {entry.id for entry in load_families()}
    families = {entry.family for entry in load_families()}
    return any(word in ids or word in families for word in situation.what)


def check_words(situations: Iterable[Situation], ids: Sequence[str]) -> None:
    """Refuse a probe that does not exist, or a state that no event of *ids* brings about.

    Raises:
        PlanError: Carries every fault of all files.
    """
    sent = [entry for entry in load_families() if entry.kind in _SENT]
    elsewhere = {entry.id: entry.reason for entry in load_families() if entry.kind not in _SENT}
    probes = [*(probe.id for probe in (*PROBES, *POSING)), EXCHANGE]
    known = [*probes, *dict.fromkeys(e.family for e in sent), *(e.id for e in sent)]
    states = list(dict.fromkeys([NORMAL, *(i.partition(":")[0] for i in ids), *ids]))
    faults = list[Fault]()
    for each in situations:
        for n, word in enumerate(each.what, 1):
            if word not in known:
                hint = elsewhere.get(word, suggestion(word, known))
                faults.append(fault(each, f"what[{n}]", f"{show(word)} is not sent", hint))
        for n, word in enumerate(each.states, 1):
            if word not in states:
                text = f"unknown state {show(word)}"
                faults.append(fault(each, f"state[{n}]", text, suggestion(word, states)))
    if faults:
        raise PlanError(tuple(faults))


def probes_of(suite: str) -> tuple[str, ...]:
    """Return the id of everything that *suite* sends."""
    if suite == "smoke":
        return (*(p.id for p in (*PROBES, *POSING) if p.is_smoke), EXCHANGE)
    out = (*(probe.id for probe in (*PROBES, *POSING)), EXCHANGE)
    sent = [e.id for e in load_families() if e.kind in _SENT] if suite == "full" else []
    return (*out, *sent)


def account(
    situations: Iterable[Situation],
    plan: Plan,
    *,
    suite: str,
    cases: Iterable[CasePlan],
    talks: Iterable[Exchange],
) -> list[dict[str, Any]]:
    """Return the entries of ``manifest.json`` for *situations*, one each, in their order."""
    every = tuple(situations)
    wrong = contradictions(applied(every, plan), plan, cases, talks)
    sent, has_events = probes_of(suite), suite == ACCEPT
    return [
        {
            **_entry(each, plan, sent, has_events=has_events),
            "contradictions": wrong.get(each.id, []),
        }
        for each in every
    ]


def _entry(
    each: Situation, plan: Plan, sent: tuple[str, ...], *, has_events: bool
) -> dict[str, Any]:
    part = each.part(plan) or Part(plan.id)
    probes = [name for name in sent if each.wants(name)]
    untried = [w for w in each.what if w not in sent and not any(_is_of(p, w) for p in probes)]
    reason = each.not_applicable(plan)
    is_played = has_events and bool(each.events)
    if reason is None and NORMAL not in each.states and not is_played:
        reason = Label(
            "通常の状態では試さない。sekisho chaos で試す",
            "not tried in the normal state; sekisho chaos tries it",
        )
    if reason is None and not probes and not is_played:
        reason = Label("この試験一式には含まれない", "nothing of it is in this suite")
    return {
        "id": each.id,
        "ja": each.intent.ja,
        "en": each.intent.en,
        "requirements": list(each.requirements),
        "states": list(each.states),
        "where": each.where,
        "sources": list(part.who),
        "sites": list(part.sites),
        "destinations": list(part.to),
        **_members(part),
        "probes": probes,
        "untried": untried,
        "reading": "" if part.is_by_facts else each.reading,
        "reason_ja": reason.ja if reason else "",
        "reason_en": reason.en if reason else "",
    }


def _members(part: Part) -> dict[str, Any]:
    """Who belongs to it where facts decide."""
    if part.senders is None or part.targets is None:
        return {}
    return {"senders": sorted(part.senders), "targets": sorted(part.targets)}


def _is_of(probe: str, word: str) -> bool:
    return probe.partition("-")[0] == word


def contradictions(
    chosen: Iterable[Chosen], plan: Plan, cases: Iterable[CasePlan], talks: Iterable[Exchange]
) -> dict[str, list[dict[str, str]]]:
    """Compare what the authors read in the plan with the policy; return who is contradicted.

    ``dropped`` is contradicted by each case that the policy lets reach its target, ``passed`` by
    each pair of classes of which it lets nobody reach anybody.
    """
    read = [each for each in chosen if each.situation.reading and not each.part.is_by_facts]
    out: dict[str, list[dict[str, str]]] = {}
    passed = {each.situation.id: set[tuple[str, str]]() for each in read}
    cache: dict[tuple[str, str, str, str], list[Chosen]] = {}
    for case in cases:
        if case.to != case.target.id or case.is_residual:
            continue
        key = (case.source.source, case.source.site, case.target.destination, case.probe)
        if key not in cache:
            cache[key] = [each for each in read if each.wants(case)]
        for each in cache[key]:
            passed[each.situation.id].add(key[0:3:2])
            if each.situation.reading == DROPPED:
                out.setdefault(each.situation.id, []).append(
                    {"case": case.name, "cell": f"{key[0]}/{key[2]}", "where": case.where}
                )
    for number, conn in enumerate(talks, 1):
        for each in read:
            if each.wants_exchange(conn):
                cell = (conn.source.source, conn.target.destination)
                passed[each.situation.id].add(cell)
                if each.situation.reading == DROPPED:
                    fact = {"case": f"X-{number:06d}", "cell": "/".join(cell), "where": conn.where}
                    out.setdefault(each.situation.id, []).append(fact)
    for each in read:
        if each.situation.reading == PASSED:
            out.setdefault(each.situation.id, []).extend(
                _shut(each, plan, passed[each.situation.id])
            )
    return {name: found[:_MOST_TOLD] for name, found in out.items() if found}


def _shut(each: Chosen, plan: Plan, passed: set[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Yield each pair of classes, both inhabited, of which nobody reaches anybody."""
    rows = {c.id: c.where for c in plan.sources}
    pairs = {
        (a.source, b.destination)
        for a in plan.attachments
        for b in plan.attachments
        if a.is_apart(b) and each.part.covers(a, b)
    }
    for source, destination in sorted(pairs - passed):
        yield {"case": "", "cell": f"{source}/{destination}", "where": rows[source]}
