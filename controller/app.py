"""The Ryu application: brings every switch to its wanted tables and says when that is a fact.

Load it as ``ryu-manager controller/app.py`` loads any application, with ``SEKISHO_PLAN`` naming
the plan, or run ``python -m controller PLAN``. It never handles a packet: none is sent to it.
What it has done goes, one JSON object a line, to the file that ``SEKISHO_EVENTS`` names:

* ``listening``   the application is loaded (and its OpenFlow port open);
* ``in-force``    a switch's tables are exactly the wanted ones: every barrier answered, no
  error, and read back equal;
* ``town-in-force`` that holds for every switch of the plan;
* ``drift``       somebody else has changed the tables of a switch that was in force; they are
  brought back at once, and ``in-force`` says with how many rules (not with ``SEKISHO_HEALS=no``);
* ``changed``     a port was moved, or moved back; what was touched, and what is in force now;
* ``turned``      a rule has come to its time, or its time is over: how many rules go and come;
* ``late``        the time of a change is over, and a switch that it concerns is not there;
* ``gone``        a switch is no longer connected; its tables stand;
* ``trouble``     a switch cannot be brought into force just now, and why; it is tried again, others
  are healed meanwhile, and ``in-force`` says when it is over;
* ``wiped``       the tables of a switch could not be read or cleaned entry by entry: all that it
  held was deleted, and is made anew;
* ``line-down``, ``line-up``  a line between switches broke or is whole again: ways go around it,
  the switches concerned have their new rules, and ``in-force`` follows when that is proved;
* ``packet-in``   a switch handed a packet over, which no rule of ours does;
* ``failed``      why this process ended itself: never for one switch.

How switches are asked is in `asking`.
"""

from __future__ import annotations

import gc
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from controller import framework as fw
from controller.change_server import ChangeServer
from controller.flow_monitor import is_pause, watch_bytes
from controller.link_state import Lines
from controller.openflow import add_bytes
from controller.read_back import WIPE, WIPE_GROUPS
from controller.reconcile import changes
from controller.settings import Settings
from controller.switch_io import Held, SwitchDisconnectedError, TroubleError, fail_fast
from controller.transition import Moving, step_bytes
from sekisho.compiler.reroute import rerouted
from sekisho.compiler.tables import compile_town
from sekisho.errors import SekishoError
from sekisho.model import PortRef
from sekisho.openflow.rules import Rule
from sekisho.plan import load

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


class Sekisho(Moving):
    """Guards one town."""

    def __init__(self, *args: Any, settings: Settings | None = None, **kwargs: Any) -> None:
        own = settings or Settings.from_env(os.environ)
        super().__init__(*args, settings=own, **kwargs)
        try:
            self._client = ChangeServer(self, load(own.plan), own)
            self.plan = self._client.plan
            self._wanted = compile_town(self.plan)
        except SekishoError as error:
            self.say("failed", why=str(error))
            raise
        gc.freeze()  # they stay: the collector would go through them while somebody waits
        self._names = {s.dpid: s.id for s in self.plan.switches}
        self._watched: set[Any] = set()  # connections on which every change is told
        self._done: dict[Any, Done] = {}  # what was changed since the last `in-force`
        self._tries: dict[str, int] = {}  # how often in a row a switch was in trouble
        self._breaks: dict[str, int] = {}  # how often in a row it went away while it was read
        self._lines = Lines(self.plan)
        for rules in self._wanted.values():  # while the town is still being built
            for rule in rules:
                add_bytes(rule)
        self._client.open()
        self.say("listening", framework=fw.NAME, version=fw.VERSION)

    @fw.set_ev_cls(fw.ofp_event.EventOFPStateChange, [fw.MAIN_DISPATCHER, fw.DEAD_DISPATCHER])
    @fail_fast
    def on_state_change(self, event: Any) -> None:
        """Reconcile a switch that has connected; note one that has gone."""
        datapath: Any = event.datapath
        name = self.name_of(datapath)
        if event.state == fw.DEAD_DISPATCHER:
            self._gone(datapath, name)
            return
        self._current[name] = datapath
        self._in_force.discard(name)
        if name not in self._wanted:
            self.trouble(datapath, f"a switch with dpid {datapath.id} is not in the plan")
            return
        for port in datapath.ports.values():
            self._note_port(name, port, is_deleted=False)
        self._bring(name)

    def _gone(self, datapath: Any, name: str) -> None:
        is_planned = name in self._wanted
        if self._current.get(name) is datapath:  # else it is back already, or was never there
            del self._current[name]
            self._in_force.discard(name)
            if not is_planned:
                self._troubles.pop(name, None)
            self.say("gone", switch=name)
        self._watched.discard(datapath)
        self._refused.pop(datapath, None)
        self._told.pop(datapath, None)
        for question in self._waiting.values():
            if question.datapath is datapath:
                question.answered.set()

    def trouble(self, datapath: Any, why: str) -> None:
        """State that a switch is not in force, and why; try it again, ever less often."""
        name = self.name_of(datapath)
        if self._current.get(name) is not datapath:
            return
        self._in_force.discard(name)
        if self._troubles.get(name) != why:
            self._troubles[name] = why
            self.say("trouble", switch=name, why=why)
        if name in self._wanted:
            tries = self._tries.get(name, 0)
            self._tries[name] = tries + 1
            fw.hub.spawn_after(_RETRY_S[min(tries, len(_RETRY_S) - 1)], self._retry, datapath)

    @fail_fast
    def _retry(self, datapath: Any) -> None:
        name = self.name_of(datapath)
        if self._current.get(name) is datapath and name in self._troubles:
            self._bring(name)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPortStatus, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_port_status(self, event: Any) -> None:
        """Send ways around a line that broke, and back over one that is whole again."""
        message, is_deleted = event.msg, event.msg.reason == fw.ofp.OFPPR_DELETE
        self._note_port(self.name_of(message.datapath), message.desc, is_deleted=is_deleted)

    def _note_port(self, name: str, port: Any, *, is_deleted: bool) -> None:
        is_down = is_deleted or bool(
            port.state & fw.ofp.OFPPS_LINK_DOWN or port.config & fw.ofp.OFPPC_PORT_DOWN
        )
        link = self._lines.note(PortRef(name, port.port_no), is_down=is_down)
        if link is None:
            return
        old = self._wanted
        self._wanted = rerouted(self.plan, old, down=self._lines.down)
        changed = sorted(n for n in self._in_force if self._wanted[n] is not old[n])
        for other in changed:  # at once and unread, since proved; `reconcile` reads and proves
            steps = changes(self._wanted[other], old[other]).steps
            told = b"".join(b for s in steps for b in step_bytes(s))
            with suppress(TroubleError):  # then `reconcile` says so
                self._pass(self._current[other], told, within_s=_AT_ONCE_S)
        event = "line-down" if self._lines.is_broken(link) else "line-up"
        self.say(event, line=f"{link.a}-{link.b}", told_by=name, switches=changed)
        for other in changed:
            self._in_force.discard(other)
        for other in self._current:
            if self._wanted.get(other) is not old.get(other):
                self._bring(other)

    def _bring(self, name: str) -> None:
        """Reconcile a switch; once more, if that is happening just now."""
        datapath = self._current[name]
        if datapath in self._busy:
            self._again.add(datapath)
            return
        self._busy.add(datapath)
        fw.hub.spawn(self.reconcile, datapath, name)

    @fail_fast
    def reconcile(self, datapath: Any, name: str) -> None:
        """Bring one switch to its wanted rules by difference, and prove that they are in force."""
        try:
            self._again.add(datapath)
            while datapath in self._again:
                self._again.discard(datapath)
                self._reconcile_once(datapath, name)
        except SwitchDisconnectedError:
            self._done.pop(datapath, None)  # it will be brought up to date when it is back
            self._breaks[name] = self._breaks.get(name, 0) + 1
            if self._breaks[name] >= _BREAKS:
                self._unreadable[name] = "its connection ended while its tables were read"
        finally:
            self._again.discard(datapath)
            self._busy.discard(datapath)

    def _reconcile_once(self, datapath: Any, name: str) -> None:
        wanted = self._wanted[name]
        done = self._done.setdefault(datapath, Done(time.monotonic()))
        done.note(*self._change(datapath, name, wanted))
        if wanted is not self._wanted[name] and wanted != self._wanted[name]:
            return  # a line has broken or mended meanwhile: this is old
        if datapath in self._again:
            return  # somebody has changed a table meanwhile: the next round proves
        del self._done[datapath]
        self._in_force.add(name)
        for ended in (self._troubles, self._tries, self._breaks):
            ended.pop(name, None)
        self.say(
            "in-force",
            switch=name,
            rules=len(wanted),
            added=done.added,
            deleted=done.deleted,
            seconds=round(time.monotonic() - done.since, 4),
        )
        if self.is_in_force:
            self.say("town-in-force", rules=sum(len(rules) for rules in self._wanted.values()))

    def _change(self, datapath: Any, name: str, wanted: tuple[Rule, ...]) -> tuple[int, int]:
        """Send what one switch lacks; return how many rules were added and deleted."""
        unreadable = self._unreadable.get(name, "")
        if unreadable:
            self._send(datapath, [WIPE])
            self.say("wiped", switch=name, why=unreadable)
            self._unreadable.pop(name, None)
        found = self._read(datapath)
        held = found.rules
        todo = changes(wanted, held)
        if found.foreign:
            self._clean(datapath, found)
        for step in todo.steps:
            self._send(datapath, step_bytes(step))
        is_changed = bool(todo.steps or found.foreign)
        if self._heals and datapath not in self._watched:
            self._watched.add(datapath)
            self._pass(datapath, watch_bytes())
            if not is_changed:
                self._again.add(datapath)  # what was read was read unwatched
        if is_changed:
            self._prove(datapath, wanted, self._read(datapath))
        return todo.added, todo.deleted + len(found.strangers)

    def _clean(self, datapath: Any, found: Held) -> None:
        """Delete what no rule of ours can be; where the switch refuses that, all goes next time."""
        messages = [stranger.delete for stranger in found.strangers]
        try:
            self._send(datapath, [*messages, *([WIPE_GROUPS] if found.has_groups else [])])
        except SwitchDisconnectedError:
            raise
        except TroubleError:
            self._unreadable[self.name_of(datapath)] = f"cannot be deleted alone: {found.foreign}"
            raise

    def _prove(self, datapath: Any, wanted: tuple[Rule, ...], found: Held) -> None:
        """Raise unless a switch holds exactly what it should.

        Raises:
            TroubleError: It does not.
        """
        name = self.name_of(datapath)
        if wanted != self._wanted[name] or datapath in self._again:
            return  # a line or a table has changed meanwhile: the next round proves
        if found.foreign:
            self._unreadable[name] = f"cannot be deleted alone: {found.foreign}"
            raise TroubleError(datapath, f"it holds what cannot be deleted: {found.foreign}")
        left = changes(wanted, found.rules)
        if left.steps:
            first = (*left.steps[0].add, *left.steps[0].delete)[0]
            held = next((rule for rule in found.rules if rule.key == first.key), None)
            raise TroubleError(
                datapath,
                f"after the change {left.summary} still differ, e.g. wanted {first}, held {held}",
            )

    @fw.set_ev_cls(fw.ofp_event.EventOFPExperimenter, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_pause(self, event: Any) -> None:
        """Take for changed what a switch does not tell of one by one."""
        if is_pause(event.msg):
            self._drifted(event.msg.datapath, 0)

    def _drifted(self, datapath: Any, changes_told: int) -> None:
        name = self.name_of(datapath)
        if self._current.get(name) is not datapath or name not in self._wanted:
            return
        self._told[datapath] = self._told.get(datapath, 0) + 1
        if name in self._in_force:
            self._in_force.discard(name)
            self.say("drift", switch=name, told=changes_told)
        self._bring(name)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPacketIn, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_packet_in(self, event: Any) -> None:
        """State that somebody's rule sends packets here; never decide about one."""
        self.say("packet-in", switch=self._names.get(event.msg.datapath.id, "?"))
