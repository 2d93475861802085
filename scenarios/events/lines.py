"""Lines between switches break and mend: ways go around them, and nothing leaks from either."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import pairwise

from scenarios.events.choose import Trio, path, trios
from scenarios.events.scene import Event, Scene
from sekisho.model import Label, Link, Plan, Role
from sekisho.policy import Policy
from sekisho.wiring import next_hops
from topologies.names import switch_interface
from topologies.services import TLS_KINDS

_CUT_S = 1.0
_RETRY_S = 6.0  # TCP tries again after 0.2, 0.4 ... s, RFC 6298


def has_way_around(plan: Plan, *broken: Link) -> bool:
    """Tell whether all switches still reach each other without the *broken* lines."""
    down = [link.a for link in broken]
    return all(
        len(next_hops(plan, s.id, down=down)) == len(plan.switches) - 1 for s in plan.switches
    )


def used(plan: Plan) -> list[Link]:
    """Return the lines that the trios' permitted streams take."""
    out: dict[str, Link] = {}
    for trio in trios(plan):
        ways = path(plan, trio.permitted, trio.target)
        for ends in pairwise(ways):
            link = next(
                x for x in plan.links
                if {x.a.switch, x.b.switch} == set(ends) and not x.backup
            )  # fmt: skip
            out[name(link)] = link
    return list(out.values())


def name(link: Link) -> str:
    """Return a line's name as the guard states it."""
    return f"{link.a}-{link.b}"


def _set(scene: Scene, link: Link, how: str) -> int:
    return scene.ip("link", "set", switch_interface(link.a), how)


def _told(scene: Scene, link: Link, event: str, before: int) -> float:
    """Wait until the guard states *event* of *link* and all is in force; return when (s)."""
    fact = scene.fact(event, before)
    if fact["line"] != name(link):
        scene.broken(f"the guard speaks of {fact['line']}")
    scene.fact("town-in-force", before)
    return float(fact["at"])


def _cut(scene: Scene, link: Link) -> None:
    before = len(scene.town.facts())
    at = _set(scene, link, "down")
    scene.zero(at, f"{switch_interface(link.a)} is down")
    said = _told(scene, link, "line-down", before)
    scene.note(f"{name(link)}: new rules sent {said * 1e3 - at / 1e6:.1f} ms after the cut")


def _mend(scene: Scene, link: Link) -> None:
    before = len(scene.town.facts())
    _set(scene, link, "up")
    _told(scene, link, "line-up", before)


def _cut_and_restored(*links: Link) -> Callable[[Scene], None]:
    def play(scene: Scene) -> None:
        talker = _talker(scene.plan, links[0]) if links else None
        if talker is None:
            _while_cut(scene, links, lambda: None)
            return
        with scene.conversation(talker) as talk:
            if not talk.answers():
                scene.broken("the conversation never began")
            _while_cut(scene, links, lambda: _note(scene, "on the new way", talk.answers()))
            _note(scene, "when the line was whole again", talk.answers(within_s=_RETRY_S))

    return play


def _note(scene: Scene, when: str, went_on: bool) -> None:
    scene.note(f"an open conversation {'went on' if went_on else 'stood still'} {when}")


def _while_cut(scene: Scene, links: Sequence[Link], meanwhile: Callable[[], None]) -> None:
    """Cut *links* one after the other, and mend them all."""
    whole = list(links)
    try:
        while whole:
            _cut(scene, whole.pop(0))
            time.sleep(_CUT_S)
        meanwhile()
    finally:
        for link in links[: len(links) - len(whole)]:
            _mend(scene, link)


def _talker(plan: Plan, link: Link) -> Trio | None:
    """Return somebody who may open TLS on somebody beyond *link*: a server that waits for more."""
    policy, ends = Policy(plan), {link.a.switch, link.b.switch}
    for b in plan.attachments:
        for service in (plan.service[name] for name in plan.device[b.device].services):
            port = service.edges()[0]
            for a in plan.attachments if service.kind in TLS_KINDS else ():
                found = policy.permission(a, b, service.protocol, port)
                if found and a.registered and b.registered and ends <= set(path(plan, a, b)):
                    return Trio(a, a, b, service.protocol, port, found[0].id)
    return None


def events(plan: Plan) -> list[Event]:
    """Return a cut for each line that the streams take, and one of a line between cores."""
    out = []
    for link in used(plan):
        alone = not has_way_around(plan, link)
        out.append(
            Event(
                f"line-cut:{name(link)}",
                Label(f"主回線の断と復旧 {link.label.ja}", f"Cut and restored: {link.label.en}"),
                "RT-02 CL-02",
                _cut_and_restored(link),
                skip=lambda _, alone=alone: "no other line leads around it" if alone else "",  # type: ignore[misc]  # defaults bind now
            )
        )
    pair = _core_pair(plan)
    play = _cut_and_restored(*pair)
    reason = "" if pair else "no line between cores has a way around it"
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


def _core_pair(plan: Plan) -> list[Link]:
    """A line in use, and then the line between cores that its traffic has moved to."""
    roles = {s.id: s.role for s in plan.switches}
    cores = [x for x in plan.links if roles[x.a.switch] is roles[x.b.switch] is Role.CORE]
    for first in reversed(used(plan)):
        for core in cores:
            if not core.backup and core != first and has_way_around(plan, first, core):
                return [first, core]
    return []
