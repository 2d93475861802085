"""Lines between switches break and mend: ways go around them, and nothing leaks from either."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache

from scenarios.events.stream_selection import (
    Between,
    Stream,
    StreamTarget,
    path,
    stream_targets,
    target_between,
)
from scenarios.events.trial import NEVER_BEGAN, Event, EventTrial
from sekisho.compiler.routing import next_hops
from sekisho.model import Attachment, Label, Link, Plan, Role
from sekisho.policy.evaluate import Policy
from topologies.hosts.services import TLS_KINDS
from topologies.network.interface_names import switch_interface

_CUT_S = 1.0
_NEW_WAY = Label("別の経路で", "on the new way")
_WHOLE = Label("回線の復旧後に", "when the line was whole again")
_RETRY_S = 6.0  # TCP tries again after 0.2, 0.4 ... s, RFC 6298


def has_way_around(plan: Plan, *broken: Link) -> bool:
    """Tell whether all switches still reach each other without the *broken* lines."""
    down = [link.a for link in broken]
    return all(
        len(next_hops(plan, s.id, down=down)) == len(plan.switches) - 1 for s in plan.switches
    )


def used(plan: Plan, *, by_both: bool = False) -> list[Link]:
    """Return the lines of the stream targets' permitted streams, or those that *by_both* take."""
    ways, out = _Ways(plan), dict[str, Link]()
    for stream_target in stream_targets(plan):
        target = stream_target.target.at.switch
        forbidden = ways.between(stream_target.forbidden.at.switch, target)
        for link in ways.between(stream_target.permitted.at.switch, target):
            if link in forbidden or not by_both:
                out[name(link)] = link
    return list(out.values())


class _Ways:
    """Which lines lead from switch to switch, with every line whole."""

    def __init__(self, plan: Plan) -> None:
        self._hops = {s.id: next_hops(plan, s.id) for s in plan.switches}
        self._line = {port: link for link in plan.links for port in (link.a, link.b)}

    def between(self, source: str, target: str) -> list[Link]:
        """Return the lines from *source* to *target*; none where no way leads there."""
        out, here = list[Link](), source
        while here != target:
            port = self._hops[here].get(target)
            if port is None:
                return []
            link = self._line[port]
            out.append(link)
            here = link.b.switch if link.a == port else link.a.switch
        return out


def over(plan: Plan, link: Link) -> tuple[StreamTarget, StreamTarget] | None:
    """Return whose permitted and whose forbidden stream go over *link*; None where nobody may.

    Both are of one stream target, if there is one: at the same site, or else anywhere. Else each
    has a target of its own.
    """
    ways, names = _Ways(plan), [s.id for s in plan.switches]
    pairs = ((a, b) for a in names for b in names)
    crossing = {(a, b) for a, b in pairs if link in ways.between(a, b)}

    def beyond(a: Attachment, b: Attachment) -> bool:
        return a.device != b.device and (a.at.switch, b.at.switch) in crossing

    def near(other: Attachment, source: Attachment, target: Attachment) -> bool:
        return other.site == source.site and beyond(other, target)

    def far(other: Attachment, _: Attachment, target: Attachment) -> bool:
        return beyond(other, target)

    both = target_between(plan, beyond, near) or target_between(plan, beyond, far)
    if both is not None:
        return both, both
    permitted = target_between(plan, beyond, lambda *_: True)
    forbidden = _denied(plan, beyond)
    return (permitted, forbidden) if permitted and forbidden else None


def _denied(plan: Plan, beyond: Between) -> StreamTarget | None:
    """The first who may not open a service beyond a line, and that service."""
    policy = Policy(plan)
    for target in plan.attachments:
        for service in plan.on_ports(target):
            port = service.edges()[0]
            for a in plan.attachments:
                is_there = a.registered and beyond(a, target)
                if is_there and not policy.permission(a, target, service.protocol, port):
                    return StreamTarget(a, a, target, service.protocol, port, "")
    return None


def name(link: Link) -> str:
    """Return a line's name as the controller states it."""
    return f"{link.a}-{link.b}"


def _set(trial: EventTrial, link: Link, how: str) -> int:
    return trial.ip("link", "set", switch_interface(link.a), how)


def _told(trial: EventTrial, link: Link, event: str, before: int) -> float:
    """Wait until the controller states *event* of *link* and all is in force; return when (s)."""
    fact = trial.fact(event, before)
    if fact["line"] != name(link):
        line = fact["line"]
        trial.broken(Label(f"制御装置の申告は別の回線 {line}", f"the controller speaks of {line}"))
    trial.fact("town-in-force", before)
    return float(fact["at"])


def _cut(trial: EventTrial, link: Link) -> None:
    before = len(trial.town.facts())
    at = _set(trial, link, "down")
    trial.zero(at, f"{switch_interface(link.a)} is down")
    said = _told(trial, link, "line-down", before)
    took_ms = said * 1e3 - at / 1e6
    trial.note(
        f"{name(link)}: 断から{took_ms:.1f}ミリ秒で新しい規則を送った",
        f"{name(link)}: new rules sent {took_ms:.1f} ms after the cut",
    )


def _mend(trial: EventTrial, link: Link) -> None:
    before = len(trial.town.facts())
    _set(trial, link, "up")
    _told(trial, link, "line-up", before)


def _cut_and_restored(*links: Link) -> Callable[[EventTrial], None]:
    def play(trial: EventTrial) -> None:
        talker = _talker(trial.plan, links[0]) if links else None
        if talker is None:
            _while_cut(trial, links, lambda: None)
            return
        with trial.conversation(talker) as conn:
            if not conn.answers():
                trial.broken(NEVER_BEGAN)
            _while_cut(trial, links, lambda: _note(trial, _NEW_WAY, conn.answers()))
            _note(trial, _WHOLE, conn.answers(within_s=_RETRY_S))

    return play


def _note(trial: EventTrial, when: Label, went_on: bool) -> None:
    trial.note(
        f"開いている通信は、{when.ja}{'続いた' if went_on else '止まったままだった'}",
        f"an open conversation {'went on' if went_on else 'stood still'} {when.en}",
    )


def _while_cut(trial: EventTrial, links: Sequence[Link], meanwhile: Callable[[], None]) -> None:
    """Cut *links* one after the other, and mend them all."""
    whole = list(links)
    try:
        while whole:
            _cut(trial, whole.pop(0))
            time.sleep(_CUT_S)
        meanwhile()
    finally:
        for link in links[: len(links) - len(whole)]:
            _mend(trial, link)


def _talker(plan: Plan, link: Link) -> StreamTarget | None:
    """Return somebody who may open TLS on somebody beyond *link*: a server that waits for more."""
    policy, ends = Policy(plan), {link.a.switch, link.b.switch}
    for b in plan.attachments:
        for service in (plan.service[name] for name in b.services):
            port = service.edges()[0]
            for a in plan.attachments if service.kind in TLS_KINDS else ():
                found = policy.permission(a, b, service.protocol, port)
                if found and a.registered and b.registered and ends <= set(path(plan, a, b)):
                    return StreamTarget(a, a, b, service.protocol, port, found[0].id)
    return None


def events(plan: Plan) -> list[Event]:
    """Return a cut for each main line, and one of a line between cores."""
    own = {name(link) for link in used(plan, by_both=True)}
    main = sorted((x for x in plan.links if not x.backup), key=lambda x: name(x) not in own)
    out = [_cut_of(plan, link, is_used=name(link) in own) for link in main]
    pair = _core_pair(plan)
    play = _cut_and_restored(*pair)
    none = Label("迂回できるコア間の回線がない", "no line between cores has a way around it")
    reason = None if pair else none
    out.append(
        Event(
            "core-link-cut",
            Label("副回線運転中のコア間断", "Core link cut while a branch is on its backup line"),
            "RT-02",
            play,
            skip=lambda _: reason,
        )
    )
    return out


def _cut_of(plan: Plan, link: Link, *, is_used: bool) -> Event:
    """The cut of one line, with streams over it where those of every event do not take it."""

    @cache
    def own() -> tuple[StreamTarget, StreamTarget] | None:
        return None if is_used else over(plan, link)

    def skip(_: Plan) -> Label | None:
        if not has_way_around(plan, link):
            return Label("迂回できる回線がない", "no other line leads around it")
        if not is_used and own() is None:
            return Label(
                "この回線を通る許可の通信か禁止の通信がない",
                "nobody may open anything over it, or everybody everything",
            )
        return None

    def extra(trial: EventTrial) -> list[Stream]:
        if (found := own()) is None:
            return []
        may, must_not = found
        permitted = trial.maker.opening(may.permitted, may, to=may.target.id)
        return [permitted, trial.maker.opening(must_not.forbidden, must_not)]

    return Event(
        f"line-cut:{name(link)}",
        Label(f"主回線の断と復旧 {link.label.ja}", f"Cut and restored: {link.label.en}"),
        "RT-02 CL-02",
        _cut_and_restored(link),
        extra,
        skip=skip,
    )


def _core_pair(plan: Plan) -> list[Link]:
    """A line in use, and then the line between cores that its traffic has moved to."""
    roles = {s.id: s.role for s in plan.switches}
    cores = [x for x in plan.links if roles[x.a.switch] is roles[x.b.switch] is Role.CORE]
    for first in reversed(used(plan)):
        for core in cores:
            if not core.backup and core != first and has_way_around(plan, first, core):
                return [first, core]
    return []
