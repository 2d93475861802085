"""Brings each switch to its wanted tables, by difference, and proves that they are in force.

A switch in trouble is tried again, ever less often, while others are healed; what was changed by
somebody else is brought back, and ways go around a line that is broken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller import framework as fw
from controller.flow_monitor import watch_bytes
from controller.link_state import Lines
from controller.openflow import step_bytes
from controller.read_back import WIPE, WIPE_GROUPS
from controller.reconcile import changes
from controller.switch_io import (
    Held,
    SwitchDisconnectedError,
    Switches,
    TroubleError,
    fail_fast,
)
from controller.town_state import TownState
from sekisho.compiler.reroute import rerouted
from sekisho.model import PortRef
from sekisho.openflow.rules import Rule

_RETRY_S = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # how long after a trouble a switch is tried again
_AT_ONCE_S = 0.2  # a switch that takes nothing for so long does not keep others waiting
_BREAKS = 2  # so often a connection may end while it is being read; then its tables are wiped


@dataclass(slots=True)
class Done:
    """What was changed on one switch, in one round or in several, until it is in force."""

    since: float
    added: int = 0
    deleted: int = 0

    def note(self, added: int, deleted: int) -> None:
        """Add what one round has changed."""
        self.added, self.deleted = self.added + added, self.deleted + deleted


class Reconciler:
    """Guards the tables of one town.

    Args:
        state: The town as it is known.
        switches: Its connections.
        heals: Whether what others change is brought back at once.
        say: Writes a fact down.
    """

    def __init__(
        self, state: TownState, switches: Switches, *, heals: bool, say: Callable[..., None]
    ) -> None:
        self.state, self._switches, self._heals, self.say = state, switches, heals, say
        self.blamed = switches.blamed
        self._watched: set[Any] = set()  # connections on which every change is told
        self._done: dict[Any, Done] = {}  # what was changed since the last `in-force`
        self._tries: dict[str, int] = {}  # how often in a row a switch was in trouble
        self._breaks: dict[str, int] = {}  # how often in a row it went away while it was read
        self._lines = Lines(state.plan)

    def connected(self, datapath: Any, name: str) -> None:
        """Take note of a new connection, and bring its switch into force."""
        self._switches.current[name] = datapath
        self.state.in_force.discard(name)
        if name not in self.state.wanted:
            self.trouble(datapath, f"a switch with dpid {datapath.id} is not in the plan")
            return
        for port in datapath.ports.values():
            self.note_port(name, port, is_deleted=False)
        self.bring(name)

    def gone(self, datapath: Any, name: str) -> None:
        """Take note that a connection has ended."""
        is_planned = name in self.state.wanted
        if self._switches.current.get(name) is datapath:  # else it is back, or was never there
            del self._switches.current[name]
            self.state.in_force.discard(name)
            if not is_planned:
                self.state.troubles.pop(name, None)
            self.say("gone", switch=name)
        self._watched.discard(datapath)
        self._switches.forget(datapath)

    def trouble(self, datapath: Any, why: str) -> None:
        """State that a switch is not in force, and why; try it again, ever less often."""
        name = self._switches.name_of(datapath)
        if self._switches.current.get(name) is not datapath:
            return
        self.state.in_force.discard(name)
        if self.state.troubles.get(name) != why:
            self.state.troubles[name] = why
            self.say("trouble", switch=name, why=why)
        if name in self.state.wanted:
            tries = self._tries.get(name, 0)
            self._tries[name] = tries + 1
            fw.hub.spawn_after(_RETRY_S[min(tries, len(_RETRY_S) - 1)], self._retry, datapath)

    @fail_fast
    def _retry(self, datapath: Any) -> None:
        name = self._switches.name_of(datapath)
        if self._switches.current.get(name) is datapath and name in self.state.troubles:
            self.bring(name)

    def note_port(self, name: str, port: Any, *, is_deleted: bool) -> None:
        """Send ways around a line that broke, and back over one that is whole again."""
        is_down = is_deleted or bool(
            port.state & fw.ofp.OFPPS_LINK_DOWN or port.config & fw.ofp.OFPPC_PORT_DOWN
        )
        link = self._lines.note(PortRef(name, port.port_no), is_down=is_down)
        if link is None:
            return
        old = self.state.wanted
        self.state.wanted = rerouted(self.state.plan, old, down=self._lines.down)
        changed = sorted(n for n in self.state.in_force if self.state.wanted[n] is not old[n])
        for other in changed:  # at once and unread, since proved; `reconcile` reads and proves
            steps = changes(self.state.wanted[other], old[other]).steps
            told = b"".join(b for s in steps for b in step_bytes(s))
            with suppress(TroubleError):  # then `reconcile` says so
                self._switches.push(self._switches.current[other], told, within_s=_AT_ONCE_S)
        event = "line-down" if self._lines.is_broken(link) else "line-up"
        self.say(event, line=f"{link.a}-{link.b}", told_by=name, switches=changed)
        for other in changed:
            self.state.in_force.discard(other)
        for other in self._switches.current:
            if self.state.wanted.get(other) is not old.get(other):
                self.bring(other)

    def bring(self, name: str) -> None:
        """Reconcile a switch; once more, if that is happening just now."""
        datapath = self._switches.current[name]
        if datapath in self.state.busy:
            self.state.again.add(datapath)
            return
        self.state.busy.add(datapath)
        fw.hub.spawn(self.reconcile, datapath, name)

    @fail_fast
    def reconcile(self, datapath: Any, name: str) -> None:
        """Bring one switch to its wanted rules by difference, and prove that they are in force."""
        try:
            self.state.again.add(datapath)
            while datapath in self.state.again:
                self.state.again.discard(datapath)
                self._reconcile_once(datapath, name)
        except SwitchDisconnectedError:
            self._done.pop(datapath, None)  # it will be brought up to date when it is back
            self._breaks[name] = self._breaks.get(name, 0) + 1
            if self._breaks[name] >= _BREAKS:
                self._switches.unreadable[name] = "its connection ended while its tables were read"
        finally:
            self.state.again.discard(datapath)
            self.state.busy.discard(datapath)

    def _reconcile_once(self, datapath: Any, name: str) -> None:
        wanted = self.state.wanted[name]
        done = self._done.setdefault(datapath, Done(time.monotonic()))
        done.note(*self._change(datapath, name, wanted))
        if wanted is not self.state.wanted[name] and wanted != self.state.wanted[name]:
            return  # a line has broken or mended meanwhile: this is old
        if datapath in self.state.again:
            return  # somebody has changed a table meanwhile: the next round proves
        del self._done[datapath]
        self.state.in_force.add(name)
        for ended in (self.state.troubles, self._tries, self._breaks):
            ended.pop(name, None)
        self.say(
            "in-force",
            switch=name,
            rules=len(wanted),
            added=done.added,
            deleted=done.deleted,
            seconds=round(time.monotonic() - done.since, 4),
        )
        if self.state.is_in_force:
            self.say("town-in-force", rules=sum(len(rules) for rules in self.state.wanted.values()))

    def _change(self, datapath: Any, name: str, wanted: tuple[Rule, ...]) -> tuple[int, int]:
        """Send what one switch lacks; return how many rules were added and deleted."""
        unreadable = self._switches.unreadable.get(name, "")
        if unreadable:
            self._switches.send(datapath, [WIPE])
            self.say("wiped", switch=name, why=unreadable)
            self._switches.unreadable.pop(name, None)
        found = self._switches.read(datapath)
        held = found.rules
        todo = changes(wanted, held)
        if found.foreign:
            self._clean(datapath, found)
        for step in todo.steps:
            self._switches.send(datapath, step_bytes(step))
        is_changed = bool(todo.steps or found.foreign)
        if self._heals and datapath not in self._watched:
            self._watched.add(datapath)
            self._switches.push(datapath, watch_bytes())
            if not is_changed:
                self.state.again.add(datapath)  # what was read was read unwatched
        if is_changed:
            self._prove(datapath, wanted, self._switches.read(datapath))
        return todo.added, todo.deleted + len(found.strangers)

    def _clean(self, datapath: Any, found: Held) -> None:
        """Delete what no rule of ours can be; where the switch refuses that, all goes next time."""
        messages = [stranger.delete for stranger in found.strangers]
        try:
            self._switches.send(datapath, [*messages, *([WIPE_GROUPS] if found.has_groups else [])])
        except SwitchDisconnectedError:
            raise
        except TroubleError:
            self._switches.unreadable[self._switches.name_of(datapath)] = (
                f"cannot be deleted alone: {found.foreign}"
            )
            raise

    def _prove(self, datapath: Any, wanted: tuple[Rule, ...], found: Held) -> None:
        """Raise unless a switch holds exactly what it should.

        Raises:
            TroubleError: It does not.
        """
        name = self._switches.name_of(datapath)
        if wanted != self.state.wanted[name] or datapath in self.state.again:
            return  # a line or a table has changed meanwhile: the next round proves
        if found.foreign:
            self._switches.unreadable[name] = f"cannot be deleted alone: {found.foreign}"
            raise TroubleError(datapath, f"it holds what cannot be deleted: {found.foreign}")
        left = changes(wanted, found.rules)
        if left.steps:
            first = (*left.steps[0].add, *left.steps[0].delete)[0]
            held = next((rule for rule in found.rules if rule.key == first.key), None)
            raise TroubleError(
                datapath,
                f"after the change {left.summary} still differ, e.g. wanted {first}, held {held}",
            )

    def drifted(self, datapath: Any, changes_told: int) -> None:
        """Bring back a switch that somebody else has changed, and say so."""
        name = self._switches.name_of(datapath)
        if self._switches.current.get(name) is not datapath or name not in self.state.wanted:
            return
        self._switches.changes_told[datapath] = self._switches.changes_told.get(datapath, 0) + 1
        if name in self.state.in_force:
            self.state.in_force.discard(name)
            self.say("drift", switch=name, told=changes_told)
        self.bring(name)
