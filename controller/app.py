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

What it does about all this is in `reconciler`, `transition` and `change_server`; how switches are
asked is in `switch_io`.
"""

from __future__ import annotations

import gc
import os
from typing import Any

from controller import framework as fw
from controller.change_server import ChangedPlan, ChangeServer
from controller.event_log import EventLog
from controller.flow_monitor import is_pause
from controller.openflow import add_bytes
from controller.reconciler import Reconciler
from controller.settings import Settings
from controller.switch_io import Switches, fail_fast
from controller.town_state import TownState
from controller.transition import Mover
from sekisho.compiler.tables import compile_town
from sekisho.errors import SekishoError
from sekisho.plan import load


class Sekisho(fw.App):
    """Hands what the framework tells to whoever guards the town."""

    OFP_VERSIONS = [fw.ofp.OFP_VERSION]  # noqa: RUF012  # the framework reads a class attribute

    def __init__(self, *args: Any, settings: Settings | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = settings or Settings.from_env(os.environ)
        self.say = EventLog(own.events).say
        try:
            plans = ChangedPlan(load(own.plan), own)
            state = TownState(plans.now, {})
            state.wanted = compile_town(state.plan)
        except SekishoError as error:
            self.say("failed", why=str(error))
            raise
        gc.freeze()  # they stay: the collector would go through them while somebody waits
        self._switches = Switches({s.dpid: s.id for s in state.plan.switches}, self.say)
        self.blamed = self._switches.blamed
        self._guard = Reconciler(state, self._switches, heals=own.heals, say=self.say)
        mover = Mover(state, self._switches, self._guard, heals=own.heals)
        for rules in state.wanted.values():  # while the town is still being built
            for rule in rules:
                add_bytes(rule)
        self._switches.open(self._guard)
        ChangeServer(mover, plans, own.changes_socket).open()
        self.say("listening", framework=fw.NAME, version=fw.VERSION)

    @fw.set_ev_cls(fw.ofp_event.EventOFPStateChange, [fw.MAIN_DISPATCHER, fw.DEAD_DISPATCHER])
    @fail_fast
    def on_state_change(self, event: Any) -> None:
        """Reconcile a switch that has connected; note one that has gone."""
        name = self._switches.name_of(event.datapath)
        if event.state == fw.DEAD_DISPATCHER:
            self._guard.gone(event.datapath, name)
        else:
            self._guard.connected(event.datapath, name)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPortStatus, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_port_status(self, event: Any) -> None:
        """Send ways around a line that broke, and back over one that is whole again."""
        message, is_deleted = event.msg, event.msg.reason == fw.ofp.OFPPR_DELETE
        name = self._switches.name_of(message.datapath)
        self._guard.note_port(name, message.desc, is_deleted=is_deleted)

    @fw.set_ev_cls(fw.ofp_event.EventOFPBarrierReply, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_barrier(self, event: Any) -> None:
        """Wake whoever waits for this barrier."""
        self._switches.barrier(event)

    @fw.set_ev_cls(
        fw.ofp_event.EventOFPErrorMsg,
        [fw.HANDSHAKE_DISPATCHER, fw.CONFIG_DISPATCHER, fw.MAIN_DISPATCHER],
    )
    @fail_fast
    def on_error(self, event: Any) -> None:
        """Note that a switch refused something."""
        self._switches.refusal(event)

    @fw.set_ev_cls(fw.ofp_event.EventOFPExperimenter, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_pause(self, event: Any) -> None:
        """Take for changed what a switch does not tell of one by one."""
        if is_pause(event.msg):
            self._guard.drifted(event.msg.datapath, 0)

    @fw.set_ev_cls(fw.ofp_event.EventOFPPacketIn, fw.MAIN_DISPATCHER)
    @fail_fast
    def on_packet_in(self, event: Any) -> None:
        """State that somebody's rule sends packets here; never decide about one."""
        self.say("packet-in", switch=self._switches.names.get(event.msg.datapath.id, "?"))
