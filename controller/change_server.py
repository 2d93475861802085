"""Where changes are asked for: examined, written down, put into force, and told.

Requests and answers are those of `sekisho.resegment.protocol`, one JSON object a line on a socket
file (``SEKISHO_CHANGES_SOCKET``)::

    {"op": "change", "ports": ["fl1:1"], "to": "tr", "reason": "...", "by": "...", "until": null}
    {"op": "change", "link": "P28", ...}      a planned permission
    {"op": "undo", "number": 3, "by": "..."}
    {"op": "state"}                           the journal, and whether the town is in force: every
                                              switch is read back now; "known": true tells only
                                              what was last heard. "troubles" says what is not
                                              in force, and why

``"dry_run": true`` only examines. ``"pause": true`` asks to be told ``{"stage": "ready"}`` before a
table is touched, ``{"stage": "denied"}`` when all switches deny and before anything is allowed, and
``{"stage": "allowed"}`` when all is allowed and not yet read back; the controller goes on at
``{"go": "ready"}`` and so on: whoever knows the switches' caches can see to them.
``"base_change": n`` says which change was the newest that the asker knew of: a newer one at the
same port is a conflict. One request is worked on at a time.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from controller import framework as fw
from controller.settings import Settings
from controller.switch_io import fail_fast
from controller.transition import Done, Mover, Pause
from sekisho.errors import LabError, SekishoError
from sekisho.model import JST, Plan
from sekisho.model.changes import Change
from sekisho.model.terms import in_force
from sekisho.resegment.journal import Journal
from sekisho.resegment.preview import preview
from sekisho.resegment.protocol import (
    ChangeAnswer,
    ChangeRequest,
    Stage,
    StateRequest,
    UndoRequest,
    request_of,
)
from sekisho.resegment.validation import (
    RefusedError,
    check_conflict,
    links_asked,
    plan_moves,
    undo_refusals,
)
from sekisho.runtime.json_lines import JsonLineConnection
from sekisho.text.trouble import in_words

_TICK_S = 0.2  # how often somebody's time may be over
_PAUSE_S = 2.0  # whoever asked for a pause and says nothing for so long is not waited for


class ChangedPlan:
    """The plan of a town with the changes of its journal, as it holds at this time.

    Args:
        origin: The plan as its file says it.
        settings: Where the journal is, and when rules are judged.

    Raises:
        PlanError: The journal cannot be read.
    """

    def __init__(self, origin: Plan, settings: Settings) -> None:
        self.origin, self._moment = origin, settings.moment
        self.journal = Journal(settings.changes) if settings.changes else None

    @property
    def now(self) -> Plan:
        """The plan with every change laid over it that stands."""
        return self.with_changes(self.journal.standing if self.journal else ())

    def with_changes(self, changes: Iterable[Change]) -> Plan:
        """Return the plan with *changes* laid over it, and what rules hold at this time alone."""
        return in_force(self.origin, changes, self._moment or datetime.now(JST))


class ChangeServer:
    """Takes requests for the controller of one town.

    Args:
        guard: Who changes what is in force.
        plans: The plan, as its file and its journal say it.
        socket: Where changes are asked for; None where nobody may ask.
    """

    def __init__(self, guard: Mover, plans: ChangedPlan, socket: Path | None) -> None:
        self._guard, self._plans, self._socket = guard, plans, socket
        self._journal = plans.journal
        self._turn = fw.hub.Semaphore(1)
        self._late: set[int] = set()  # changes whose end could not be brought about, and told
        self.say, self.blamed = guard.say, guard.blamed

    def open(self) -> None:
        """Begin to take requests, if the settings name a socket and a journal."""
        path = self._socket
        if any(clause.has_times for clause in self._plans.origin.clauses):
            fw.hub.spawn(self._watch_rules)
        if self._journal is None:
            return
        fw.hub.spawn(self._watch_times)
        if path:
            path.unlink(missing_ok=True)
            server = fw.hub.StreamServer((str(path),), self._serve)
            fw.hub.spawn(server.serve_forever)

    @fail_fast
    def _watch_rules(self) -> None:
        """Open and close what rules permit at times; what holds follows from the clock alone."""
        while True:
            fw.hub.sleep(_TICK_S)
            with self._turn:
                plan, now = self._plans.now, self._guard.state.plan
                if plan.clauses != now.clauses:
                    self.say("turned", touched=self._guard.turn(plan))

    @fail_fast
    def _watch_times(self) -> None:
        """Undo what has a time, when it is over; also what ended while nobody was here."""
        while True:
            fw.hub.sleep(_TICK_S)
            assert self._journal is not None
            for change in self._journal.standing[::-1]:
                if change.until is not None and change.until <= time.time():
                    with self._turn:
                        self._undo_in_time(change.number)

    def _undo_in_time(self, number: int) -> None:
        """End a change, whoever has moved its ports since; later, if a switch is away."""
        try:
            self._undo(number, {"by": "sekisho", "why": "until"}, lambda _: None)
        except LabError as error:
            if number not in self._late:
                self._late.add(number)
                self.say("late", number=number, why=str(error))

    def _serve(self, connection: Any, _address: Any) -> None:
        """Answer the requests of one connection, until it is closed."""
        # The client may be gone.
        with JsonLineConnection(connection) as conn, contextlib.suppress(OSError):
            while True:
                try:
                    request = conn.read(None)
                    if request is None:
                        return
                    conn.write(self._answered(request, conn))
                except RefusedError as refused:
                    reasons = [asdict(reason) for reason in refused.refusals]
                    conn.write({"error": str(refused), "refusals": reasons})
                except LabError as error:
                    conn.write({"error": str(error), "lab": True})
                except OSError as error:
                    conn.write({"error": in_words(error, doing="the controller"), "lab": True})
                except (SekishoError, ValueError) as error:
                    conn.write({"error": str(error) or repr(error)})

    def _answered(self, wire: dict[str, Any], conn: JsonLineConnection) -> dict[str, Any]:
        request = request_of(wire)
        if isinstance(request, StateRequest):  # also while a change waits for a switch
            return self._state(is_known_enough=request.is_known_enough)

        def pause(stage: Stage) -> None:
            if request.is_paused:
                with contextlib.suppress(OSError):  # who has gone meanwhile is not waited for
                    conn.write({"stage": stage})
                    while (told := conn.read(_PAUSE_S)) and told.get("go") != stage:
                        pass  # of an earlier stage, and late

        with self._turn:
            if isinstance(request, ChangeRequest):
                return self._change(request, pause)
            return self._undo_asked(request, pause)

    def _state(self, *, is_known_enough: bool) -> dict[str, Any]:
        assert self._journal is not None
        guard = self._guard
        troubles = dict(guard.state.troubles) if is_known_enough else guard.look()
        return {
            "changes": self._journal.history(),
            "in_force": guard.state.is_in_force and not troubles,
            "troubles": dict(sorted(troubles.items())),
        }

    def _change(self, request: ChangeRequest, pause: Pause) -> dict[str, Any]:
        """Examine a change and, unless it is a dry run, make it."""
        assert self._journal is not None
        now = self._guard.state.plan
        standing, link = self._journal.standing, request.link
        moves = () if link else plan_moves(now, request.ports, request.to, standing=standing)
        links = links_asked(now, link) if link else ()
        change = Change(
            self._journal.next_number,
            request.to or "open",
            moves,
            links,
            request.reason,
            request.by,
            time.time(),
            request.until,
        )
        check_conflict(self._journal.changes.values(), change, request.base_change)
        after = self._plans.with_changes((*standing, change))
        if request.is_dry_run:
            shown = preview(now, after, self._guard.state.wanted).as_json()
            return {"preview": shown, "change": change.as_json()}
        move = self._guard.prepare(after)
        self._journal.add(change)
        done = self._guard.put(move, pause)
        return self._told(_answer(change.number, done, change))

    def _told(self, answer: ChangeAnswer) -> dict[str, Any]:
        assert self._journal is not None
        now, number, done = time.time(), answer.number, answer.facts()
        with contextlib.suppress(
            LabError
        ):  # it is in force all the same; nothing rests on the line
            self._journal.write("in-force", must_last=False, number=number, at=now, **done)
        self.say("changed", number=number, **done)
        return answer.to_wire()

    def _undo_asked(self, request: UndoRequest, pause: Pause) -> dict[str, Any]:
        assert self._journal is not None
        number = request.number
        refusals = tuple(undo_refusals(self._journal.standing, number))
        if refusals:
            raise RefusedError(refusals)
        if request.is_dry_run:
            shown = preview(self._guard.state.plan, self._without(number), self._guard.state.wanted)
            return {"preview": shown.as_json(), "number": number}
        return self._undo(number, {"by": request.by, "why": "asked"}, pause)

    def _without(self, number: int) -> Plan:
        assert self._journal is not None
        return self._plans.with_changes(c for c in self._journal.standing if c.number != number)

    def _undo(self, number: int, words: dict[str, Any], pause: Pause) -> dict[str, Any]:
        assert self._journal is not None
        move = self._guard.prepare(self._without(number))
        self._journal.write("undo", number=number, at=time.time(), **words)
        done = self._guard.put(move, pause)
        return self._told(_answer(number, done))


def _answer(number: int, done: Done, change: Change | None = None) -> ChangeAnswer:
    return ChangeAnswer(number, done.touched, done.waiting, done.seconds, change)
