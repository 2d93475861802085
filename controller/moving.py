"""From one plan to the next while the town runs: deny first, then allow, and nothing between.

Of the switches that a change concerns, first every one stops admitting who is moved; only when all
have said so does any begin to admit what he is from now on. So at no instant stands a port in two
networks, nor is a packet judged by half a change, on whichever switches it meets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from controller import framework as fw
from controller.asking import Asking, GoneError, loudly
from controller.lines import Lines
from controller.openflow import add_bytes, delete_bytes, wire_match
from controller.reconcile import Step, changes
from sekisho.delta import Tables, changed_tables, difference
from sekisho.errors import LabError
from sekisho.model import Plan
from sekisho.preview import counts
from sekisho.rules import Cookie, Kind, Rule

_EXACT = 3  # so many terminals at most are read back one by one; else whole tables
_OWN = 0xFF << 56 | 0xFFFF << 16  # a cookie's mark of ours, and its number of a terminal

#: Called before any table is touched, with ``ready``; and between deny and allow, with ``denied``,
#: when every switch has said that it denies.
Pause = Callable[[str], None]


def _steps(old: tuple[Rule, ...], new: tuple[Rule, ...]) -> tuple[Step, ...]:
    gone, come = difference(old, new)
    return changes(come, gone).steps


def step_bytes(step: Step) -> list[bytes]:
    """Return the messages of one step, deletions first."""
    delete = [delete_bytes(r.table, r.priority, wire_match(r.match)) for r in step.delete]
    return [*delete, *map(add_bytes, step.add)]


class Moving(Asking):
    """Knows the plan that is in force and its tables; changes both together."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan: Plan
        self._wanted: Tables = {}
        self._lines: Lines
        self._in_force: set[str] = set()
        self._busy: set[Any] = set()  # connections that are being reconciled or changed
        self._again: set[Any] = set()  # and of those, that must be looked at once more

    @property
    def tables(self) -> Tables:
        """The tables that are wanted now, by switch."""
        return self._wanted

    @property
    def is_in_force(self) -> bool:
        """True while every switch of the town is known to hold what is wanted."""
        return len(self._in_force) == len(self._names)

    def _bring(self, name: str) -> None:
        raise NotImplementedError

    def prepare(self, plan: Plan) -> Tables:
        """Return the tables that *plan* wants.

        Raises:
            LabError: A switch that they concern is not in force just now: nothing can be changed.
        """
        new = changed_tables(self.plan, plan, self._wanted)
        late = [name for name, rules in new.items() if rules is not self._wanted[name]]
        late = [name for name in late if name not in self._in_force]
        if late:
            raise LabError(
                f"{', '.join(late)}: not in force just now; nothing was changed\n"
                "  hint: wait until the guard says town-in-force"
            )
        return new

    @loudly
    def put(self, plan: Plan, new: Tables, pause: Pause) -> dict[str, Any]:
        """Bring *plan*, whose tables `prepare` has returned as *new*, into force.

        Returns:
            What was touched, which switches are not there, and how long it took.
        """
        began, old, before = time.monotonic(), self._wanted, self.plan
        self.plan, self._wanted = plan, new
        moved = [n for n in new if new[n] is not old[n]]
        links = {name: self._current[name] for name in moved if name in self._in_force}
        self._busy |= set(links.values())
        self._in_force -= set(links)
        try:
            steps = {name: _steps(old[name], new[name]) for name in links}
            denying = {n: s[:1] for n, s in steps.items() if s and s[0].delete}
            if any(steps.values()):
                pause("ready")
            if denying:
                self._do(links, denying)
                pause("denied")
            self._do(links, {n: s[n in denying :] for n, s in steps.items()})
            self._read_back(before, plan, links)
            self._in_force |= set(links)
        except GoneError:
            pass  # the switch will be brought to the journal's state when it is back
        finally:
            self._busy -= set(links.values())
            waiting = {n for n, d in links.items() if d in self._again or n not in self._in_force}
            for name in waiting & set(self._current):
                self._again.discard(links[name])
                self._in_force.discard(name)
                self._bring(name)
        touched = counts(old, new)
        return {
            "touched": touched,
            "waiting": sorted(waiting),
            "seconds": round(time.monotonic() - began, 6),
        }

    def _do(self, links: dict[str, Any], steps: dict[str, tuple[Step, ...]]) -> None:
        """Send each switch its steps, a barrier after each, and sleep until all are done."""
        keys = []
        for name, own in steps.items():
            for step in own:
                links[name].send(b"".join(step_bytes(step)))
                keys.append(self._begin(links[name], fw.parser.OFPBarrierRequest(links[name])))
        self._finish(keys)

    def _read_back(self, before: Plan, after: Plan, links: dict[str, Any]) -> None:
        """Raise unless every switch holds exactly what it should of what was changed."""
        pairs = zip(before.attachments, after.attachments, strict=True)
        moved = [n for n, (old, new) in enumerate(pairs, 1) if old != new]
        is_few = len(moved) <= _EXACT and before.clauses == after.clauses
        asked = (
            [(int(Cookie(Kind.ADMIT, 0, n)) & _OWN, _OWN) for n in moved] if is_few else [(0, 0)]
        )
        places = [(name, cookie, mask) for name in links for cookie, mask in asked]
        read = self._read_all([(links[name], cookie, mask) for name, cookie, mask in places])
        for (name, cookie, mask), (held, strangers) in zip(places, read, strict=True):
            want = {r for r in self._wanted[name] if r.cookie & mask == cookie}
            if (set(held) != want or strangers) and links[name] not in self._again:
                wrong: set[Rule] = set(held) ^ want
                raise LabError(f"{name}: after the change {len(wrong)} rules differ: {wrong}")
