"""The control server of a running town: moves of ports, trials and faults, on request.

A request is one JSON object a line on ``town.sock`` in the run folder, and so is the answer. What
concerns the policy is handed to the controller, which alone decides; what only the laboratory
knows is added here: the switches' caches are made to follow, and the hosts get their addresses.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sekisho.errors import LabError, SekishoError, UsageError
from sekisho.model import JST, Plan
from sekisho.model.terms import in_force
from sekisho.resegment.journal import Journal
from sekisho.resegment.protocol import (
    JOURNAL_FILE,
    ChangeRequest,
    Stage,
    StateRequest,
    UndoRequest,
)
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection, listening
from sekisho.text.trouble import recorded
from topologies.hosts.addresses import HostAddresses
from topologies.hosts.hosting import is_in_a_host
from topologies.installed_tables import InstalledTables
from topologies.live_actions import LiveActions
from topologies.town import Town
from topologies.traffic_lock import TrafficLock

_TICK_S = 0.2
_ANSWER_S = 60.0
#: Asked many times a second by pages: what the controller knows, not what it would read.
_KNOWN = StateRequest(is_known_enough=True).to_wire()
_STATE_S = 5.0  # a controller that does not say it by then stands still
_SENDS, _COUNTS = frozenset({"try", "view"}), frozenset({"retest", "probe"})
_MOVES = frozenset({ChangeRequest.OP, UndoRequest.OP})
_PATIENCE_S = 30.0  # so long a change waits for somebody's re-test; well below _ANSWER_S
_BUSY = {
    "what": "retest",
    "requirement": "",
    "ja": "再試験の間は、ほかに何も送らない",
    "en": "a re-test is counting packets: nothing else is sent meanwhile",
}

#: Answers one kind of request.
Handler = Callable[[dict[str, Any]], dict[str, Any]]


class ControlServer:
    """Serves the requests of a town that is up.

    Args:
        town: The town.
        handlers: What else can be asked, by the word in ``do``.
    """

    def __init__(self, town: Town, handlers: dict[str, Handler] | None = None) -> None:
        self.town = town
        self._journal = town.folder / JOURNAL_FILE
        self._addresses = HostAddresses(town)
        self._lock = threading.Lock()  # of the addresses
        self._quiet = TrafficLock()
        self._handlers: dict[str, Handler] = {
            ChangeRequest.OP: self._guarded,
            UndoRequest.OP: self._guarded,
            StateRequest.OP: self._state,
            "dumps": InstalledTables(town),
            **LiveActions(town, lambda: self.plan).handlers,
            **(handlers or {}),
        }
        self._is_over = threading.Event()
        self._stack = ExitStack()
        self.failed: SekishoError | None = None

    @property
    def plan(self) -> Plan:
        """The plan that is in force: with every change laid over it that stands, and now."""
        changes = Journal(self._journal).standing
        return in_force(self.town.plan, changes, datetime.now(JST))

    def open(self) -> None:
        """Listen, and begin to serve in threads that end with the process."""
        door = self._stack.enter_context(listening(self.town.folder / SOCKET))
        threading.Thread(target=self._follow, daemon=True).start()
        threading.Thread(target=self._accept, args=(door,), daemon=True).start()

    def _follow(self) -> None:
        """Let the hosts' addresses follow the journal, whoever has written it."""
        seen = 0
        while not self._is_over.wait(_TICK_S):
            size = self._journal.stat().st_size if self._journal.exists() else 0
            if size != seen:
                self._renew()
                seen = size

    def _renew(self) -> None:
        try:
            with self._lock:
                self._addresses.follow(self.plan)
        except Exception as error:  # noqa: BLE001  # the end of a thread would be seen by nobody
            self.failed = LabError(recorded(error, doing="addresses do not follow"))

    def _accept(self, door: socket.socket) -> None:
        while not self._is_over.is_set():
            connection = door.accept()[0]
            if is_in_a_host(connection):  # where the socket lies in /tmp, a host might see it
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        conn = JsonLineConnection(connection)
        with connection, suppress(OSError):
            while (request := conn.read(None)) is not None:
                conn.write(self._answer(request))

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            handler = self._handlers.get(str(request.get("op")))
            if handler is None:
                raise UsageError(f"op: one of {', '.join(sorted(self._handlers))}")
            return self._handled(handler, request)
        except LabError as error:
            return {"error": str(error), "lab": True}
        except SekishoError as error:
            return {"error": str(error)}
        except (KeyError, TypeError, ValueError) as error:
            return {"error": f"not a request: {error!r}"}
        except OSError as error:
            return {"error": recorded(error, doing=str(request["op"])), "lab": True}

    def _handled(self, handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
        what = request["op"]
        if what in _COUNTS:
            with self._quiet.alone(str(request.get("number", what))):
                return handler(request)
        if what in _MOVES and not request.get("dry_run"):
            with self._quiet.after(_PATIENCE_S) as who:
                return self._not_now(who) if who else handler(request)
        if what not in _SENDS:
            return handler(request)
        with self._quiet.together() as may:
            return handler(request) if may else {"error": _BUSY["en"], "refusals": [_BUSY]}

    def _not_now(self, number: str) -> dict[str, Any]:
        """Refuse a change because the re-test of change *number*, or a question, does not end."""
        change = Journal(self._journal).changes.get(int(number)) if number.isdecimal() else None
        by = change.by if change else ""
        reason = {
            "what": "retest",
            "requirement": "",
            "ja": f"変更{number}({by})の再試験中: 何も変えていない。終わってからもう一度",
            "en": f"the re-test of change {number} by {by} goes on: nothing was changed\n"
            "  hint: try again when it has ended",
        }
        return {"error": reason["en"], "refusals": [reason]}

    def _state(self, _request: dict[str, Any]) -> dict[str, Any]:
        """The plan's file, the journal, and whether the controller is there and all is in force."""
        plan = {"plan": str(Path(self.town.plan.path).resolve())}
        try:
            with _to_guard(self.town) as guard:
                return {**plan, **guard.ask(_KNOWN, _STATE_S), "guard": True}
        except LabError:
            history = Journal(self._journal).history()
            none = {"in_force": False, "troubles": {}, "guard": False}
            return {**plan, "changes": history, **none}

    def _guarded(self, request: dict[str, Any]) -> dict[str, Any]:
        """Have the controller do it, and time it until nothing old is remembered."""
        began = time.monotonic()
        answer = guarded(self.town, request)
        if "error" in answer or "in_force" not in answer:
            return answer
        answer["acknowledged_s"] = round(time.monotonic() - began, 6)
        threading.Thread(target=self._renew, daemon=True).start()
        return answer

    def check(self) -> None:
        """Raise what ended the serving, and whatever has ended of the town.

        Raises:
            SekishoError: See there.
        """
        if self.failed is not None:
            raise self.failed
        self.town.check()

    def close(self) -> None:
        """Serve no more."""
        self._is_over.set()
        self._stack.close()


def guarded(town: Town, request: dict[str, Any]) -> dict[str, Any]:
    """Have the controller do *request*; the caches have followed when all deny, and when all allow.

    Raises:
        LabError: There is no controller, or it ended meanwhile.
    """
    if request.get("dry_run"):
        with _to_guard(town) as guard:
            return guard.ask(request, _ANSWER_S)
    with town.ovs.cache.following() as following, _to_guard(town) as guard:
        guard.write({**request, "pause": True})
        following.hold()  # while the controller examines and writes down what is asked
        answer = guard.must_read(_ANSWER_S)
        while stage := answer.get("stage"):
            if stage == Stage.DENIED:
                following.wait_for_round()
                following.hold()
            guard.write({"go": stage})
            if stage == Stage.ALLOWED:  # all is said: they may follow while it is read back
                following.wait_for_round()
            answer = guard.must_read(_ANSWER_S)
        following.wait_for_round()
    return answer


def _to_guard(town: Town) -> JsonLineConnection:
    try:
        return JsonLineConnection.to(town.change_socket)
    except OSError as error:
        raise LabError("the controller is not there: nothing was changed") from error
