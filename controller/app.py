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
* ``late``        the time of a change is over, and a switch that it concerns is not there;
* ``gone``        a switch is no longer connected; its tables stand;
* ``line-down``, ``line-up``  a line between switches broke or is whole again: ways go around it,
  the switches concerned have their new rules, and ``in-force`` follows when that is proved;
* ``packet-in``   a switch handed a packet over, which no rule of ours does;
* ``failed``      why this process ended itself.

How switches are asked is in `asking`.
"""

from __future__ import annotations

import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller import framework as fw
from controller.asking import EXIT_FAILED, GoneError, loudly
from controller.desk import Desk
from controller.lines import Lines
from controller.moving import Moving, step_bytes
from controller.openflow import Entry, add_bytes
from controller.reconcile import changes
from controller.watch import is_pause, watch_bytes
from sekisho.compiler import compile_town
from sekisho.detour import rerouted
from sekisho.errors import LabError, SekishoError
from sekisho.model import PortRef
from sekisho.plan import load
from sekisho.rules import Rule


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        try:
            plan = load(Path(os.environ["SEKISHO_PLAN"]))
            self._desk = Desk(self, plan)
            self.plan = self._desk.plan
            self._wanted = compile_town(self.plan)
            gc.freeze()  # they stay: the collector would go through them while somebody waits
        except (KeyError, SekishoError) as error:
            self.say("failed", why=f"SEKISHO_PLAN: {error}")
            os._exit(EXIT_FAILED)
        self._names = {s.dpid: s.id for s in self.plan.switches}
        self._heals = os.environ.get("SEKISHO_HEALS") != "no"
        self._watched: set[Any] = set()  # connections on which every change is told
        self._done: dict[Any, Done] = {}  # what was changed since the last `in-force`
        self._lines = Lines(self.plan)
        for rules in self._wanted.values():  # while the town is still being built
            for rule in rules:
                add_bytes(rule)
        self._desk.open()
        self.say("listening", framework=fw.NAME, version=fw.VERSION)

    @fw.set_ev_cls(fw.ofp_event.EventOFPStateChange, [fw.MAIN_DISPATCHER, fw.DEAD_DISPATCHER])
    @loudly
    def on_state_change(self, event: Any) -> None:
        """Reconcile a switch that has connected; note one that has gone."""
        datapath = event.datapath
        name = self._names.get(datapath.id or 0)
        if event.state == fw.DEAD_DISPATCHER:
            if name and self._current.get(name) is datapath:  # else it is back already
                del self._current[name]
                self._in_force.discard(name)
                self.say("gone", switch=name)
            self._watched.discard(datapath)
            for (waiting_for, _), answered in self._waiting.items():
                if waiting_for is datapath:
                    answered.set()
            return
        if name is None:
            raise LabError(f"a switch with dpid {datapath.id} is not in the plan")
        self._current[name] = datapath
        self._in_force.discard(name)
        for port in datapath.ports.values():
            self._note_port(name, port, is_deleted=False)
        self._bring(name)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPortStatus, fw.MAIN_DISPATCHER)
    @loudly
    def on_port_status(self, event: Any) -> None:
        """Send ways around a line that broke, and back over one that is whole again."""
        message, is_deleted = event.msg, event.msg.reason == fw.ofp.OFPPR_DELETE
        self._note_port(self._names[message.datapath.id], message.desc, is_deleted=is_deleted)

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
            self._current[other].send(b"".join(b for s in steps for b in step_bytes(s)))
        event = "line-down" if self._lines.is_broken(link) else "line-up"
        self.say(event, line=f"{link.a}-{link.b}", told_by=name, switches=changed)
        for other in changed:
            self._in_force.discard(other)
        for other in self._current:
            if self._wanted[other] is not old[other]:
                self._bring(other)

    def _bring(self, name: str) -> None:
        """Reconcile a switch; once more, if that is happening just now."""
        datapath = self._current[name]
        if datapath in self._busy:
            self._again.add(datapath)
            return
        self._busy.add(datapath)
        fw.hub.spawn(self.reconcile, datapath, name)

    @loudly
    def reconcile(self, datapath: Any, name: str) -> None:
        """Bring one switch to its wanted rules by difference, and prove that they are in force."""
        try:
            self._again.add(datapath)
            while datapath in self._again:
                self._again.discard(datapath)
                self._reconcile_once(datapath, name)
        except GoneError:
            self._again.discard(datapath)  # it will be brought up to date when it is back
            self._done.pop(datapath, None)
        finally:
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
        self.say(
            "in-force",
            switch=name,
            rules=len(wanted),
            added=done.added,
            deleted=done.deleted,
            seconds=round(time.monotonic() - done.since, 4),
        )
        if len(self._in_force) == len(self._names):
            self.say("town-in-force", rules=sum(len(rules) for rules in self._wanted.values()))

    def _change(self, datapath: Any, name: str, wanted: tuple[Rule, ...]) -> tuple[int, int]:
        """Send what one switch lacks; return how many rules were added and deleted."""
        held, strangers = self._read(datapath)
        todo = changes(wanted, held)
        if strangers:
            self._send(datapath, [stranger.delete for stranger in strangers])
        for step in todo.steps:
            self._send(datapath, step_bytes(step))
        is_changed = bool(todo.steps or strangers)
        if self._heals and datapath not in self._watched:
            self._watched.add(datapath)
            datapath.send(watch_bytes())
            if not is_changed:
                self._again.add(datapath)  # what was read was read unwatched
        if is_changed:
            self._prove(name, wanted, *self._read(datapath))
        return todo.added, todo.deleted + len(strangers)

    def _prove(
        self,
        name: str,
        wanted: tuple[Rule, ...],
        held: tuple[Rule, ...],
        strangers: tuple[Entry, ...],
    ) -> None:
        """Raise unless a switch holds exactly what it should."""
        if wanted != self._wanted[name] or self._current.get(name) in self._again:
            return  # a line or a table has changed meanwhile: the next round proves
        left = changes(wanted, held)
        if strangers:
            raise LabError(f"{name}: a rule cannot be deleted: {strangers[0].foreign}")
        if left.steps:
            first = (*left.steps[0].add, *left.steps[0].delete)[0]
            found = next((rule for rule in held if rule.key == first.key), None)
            raise LabError(
                f"{name}: after the change {left.summary} still differ, e.g. "
                f"wanted {first}, held {found}"
            )

    @fw.set_ev_cls(fw.ofp_event.EventOFPExperimenterStatsReply, fw.MAIN_DISPATCHER)
    @loudly
    def on_update(self, event: Any) -> None:
        """Bring back a switch whose tables somebody else has changed."""
        if event.msg.body.foreign:
            self._drifted(event.msg.datapath, event.msg.body.foreign)

    @fw.set_ev_cls(fw.ofp_event.EventOFPExperimenter, fw.MAIN_DISPATCHER)
    @loudly
    def on_pause(self, event: Any) -> None:
        """Take for changed what a switch does not tell of one by one."""
        if is_pause(event.msg):
            self._drifted(event.msg.datapath, 0)

    def _drifted(self, datapath: Any, changes_told: int) -> None:
        name = self._names[datapath.id]
        if self._current.get(name) is not datapath:
            return
        if name in self._in_force:
            self._in_force.discard(name)
            self.say("drift", switch=name, told=changes_told)
        self._bring(name)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPacketIn, fw.MAIN_DISPATCHER)
    @loudly
    def on_packet_in(self, event: Any) -> None:
        """State that somebody's rule sends packets here; never decide about one."""
        self.say("packet-in", switch=self._names.get(event.msg.datapath.id, "?"))
