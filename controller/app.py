"""The Ryu application: brings every switch to its wanted tables and says when that is a fact.

Load it as ``ryu-manager controller/app.py`` loads any application, with ``SEKISHO_PLAN`` naming
the plan, or run ``python -m controller PLAN``. It never handles a packet: nothing is sent to it.
What it has done goes, one JSON object a line, to the file that ``SEKISHO_EVENTS`` names:

* ``listening``   the application is loaded (and its OpenFlow port open);
* ``in-force``    a switch's tables are exactly the wanted ones: every barrier answered, no
  error, and read back equal;
* ``town-in-force`` that holds for every switch of the plan;
* ``failed``      why this process ended itself.

The framework's event loop swallows exceptions and would leave a switch half-programmed, so every
handler ends the whole process when it fails (`loudly`).
"""

from __future__ import annotations

import functools
import logging
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from controller import framework as fw
from controller.openflow import add_message, delete_message, rule_from_stats
from controller.reconcile import changes
from sekisho.compiler import compile_town
from sekisho.errors import LabError, SekishoError
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.rules import Rule

_log = logging.getLogger(__name__)
_ANSWER_S = 30.0  # a switch that has not answered a barrier by then has failed
EXIT_FAILED = 70  # EX_SOFTWARE, sysexits(3)


def loudly(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler so that any exception in it is recorded and ends the process."""

    @functools.wraps(method)
    def wrapper(self: Any, *args: Any) -> Any:
        try:
            return method(self, *args)
        except Exception:  # noqa: BLE001  # the one place of this process: record, then end it
            self.say("failed", why=traceback.format_exc())
            os._exit(EXIT_FAILED)

    return wrapper


class Sekisho(fw.App):
    """Guards one town."""

    OFP_VERSIONS = [fw.ofp.OFP_VERSION]  # noqa: RUF012  # the framework reads a class attribute

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._events = os.environ.get("SEKISHO_EVENTS", "")
        try:
            self.plan: Plan = load(Path(os.environ["SEKISHO_PLAN"]))
            self._wanted = compile_town(self.plan)
        except (KeyError, SekishoError) as error:
            self.say("failed", why=f"SEKISHO_PLAN: {error}")
            os._exit(EXIT_FAILED)
        self._names = {s.dpid: s.id for s in self.plan.switches}
        self._waiting: dict[tuple[int, int], Any] = {}
        self._held: dict[tuple[int, int], list[Rule]] = {}
        self._in_force: set[str] = set()
        self.say("listening", framework=fw.NAME, version=fw.VERSION)

    def say(self, event: str, **facts: Any) -> None:
        """Append one fact to the events file, or to the log when there is none."""
        line = orjson.dumps({"event": event, "at": time.time(), **facts})
        if not self._events:
            _log.info("%s", line.decode())
            return
        with Path(self._events).open("ab") as out:
            out.write(line + b"\n")

    @fw.set_ev_cls(fw.ofp_event.EventOFPStateChange, [fw.MAIN_DISPATCHER, fw.DEAD_DISPATCHER])
    @loudly
    def on_state_change(self, event: Any) -> None:
        """Reconcile a switch that has connected; note one that has gone."""
        name = self._names.get(event.datapath.id or 0)
        if event.state == fw.DEAD_DISPATCHER:
            if name:
                self._in_force.discard(name)
                self.say("gone", switch=name)
            return
        if name is None:
            raise LabError(f"a switch with dpid {event.datapath.id} is not in the plan")
        fw.hub.spawn(self.reconcile, event.datapath, name)

    @loudly
    def reconcile(self, datapath: Any, name: str) -> None:
        """Bring one switch to its wanted rules by difference, and prove that they are in force."""
        started = time.monotonic()
        wanted = self._wanted[name]
        todo = changes(wanted, self._read(datapath))
        for step in todo.steps:
            for message in (
                *(delete_message(datapath, rule) for rule in step.delete),
                *(add_message(datapath, rule) for rule in step.add),
            ):
                datapath.send_msg(message)
            self._ask(datapath, fw.parser.OFPBarrierRequest(datapath))
        if todo.steps:
            held = self._read(datapath)
            left = changes(wanted, held)
            if left.steps:
                first = (*left.steps[0].add, *left.steps[0].delete)[0]
                found = next((rule for rule in held if rule.key == first.key), None)
                raise LabError(
                    f"{name}: after the change {left.summary} still differ, e.g. "
                    f"wanted {first}, held {found}"
                )
        self._in_force.add(name)
        self.say(
            "in-force",
            switch=name,
            rules=len(wanted),
            added=todo.added,
            deleted=todo.deleted,
            seconds=round(time.monotonic() - started, 4),
        )
        if len(self._in_force) == len(self._names):
            self.say("town-in-force", rules=sum(len(rules) for rules in self._wanted.values()))

    def _read(self, datapath: Any) -> tuple[Rule, ...]:
        request = fw.parser.OFPFlowStatsRequest(datapath)
        datapath.set_xid(request)
        key = (datapath.id, request.xid)
        self._held[key] = []
        self._ask(datapath, request)
        return tuple(self._held.pop(key))

    def _ask(self, datapath: Any, request: Any) -> None:
        """Send *request* and sleep until the switch has answered it (other switches go on)."""
        if request.xid is None:
            datapath.set_xid(request)
        key = (datapath.id, request.xid)
        self._waiting[key] = fw.hub.Event()
        datapath.send_msg(request)
        if not self._waiting[key].wait(timeout=_ANSWER_S):
            raise LabError(f"switch {self._names[datapath.id]} did not answer in {_ANSWER_S} s")
        del self._waiting[key]

    @fw.set_ev_cls(fw.ofp_event.EventOFPFlowStatsReply, fw.MAIN_DISPATCHER)
    @loudly
    def on_flow_stats(self, event: Any) -> None:
        """Collect one part of a switch's rules."""
        message = event.msg
        key = (message.datapath.id, message.xid)
        self._held[key] += [rule_from_stats(stats) for stats in message.body]
        if not message.flags & fw.ofp.OFPMPF_REPLY_MORE:
            self._waiting[key].set()

    @fw.set_ev_cls(fw.ofp_event.EventOFPBarrierReply, fw.MAIN_DISPATCHER)
    @loudly
    def on_barrier(self, event: Any) -> None:
        """Wake whoever waits for this barrier."""
        self._waiting[(event.msg.datapath.id, event.msg.xid)].set()

    @fw.set_ev_cls(
        fw.ofp_event.EventOFPErrorMsg,
        [fw.HANDSHAKE_DISPATCHER, fw.CONFIG_DISPATCHER, fw.MAIN_DISPATCHER],
    )
    @loudly
    def on_error(self, event: Any) -> None:
        """End the process: a refused rule would be a silent hole or a silent block."""
        message = event.msg
        raise LabError(
            f"switch {self._names.get(message.datapath.id, '?')} refused a message: "
            f"type {message.type}, code {message.code}, data {bytes(message.data).hex()}"
        )
