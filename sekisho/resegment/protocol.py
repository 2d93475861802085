"""What a town is asked about changes, and what it answers: one JSON object a line, typed here once.

The command line and the page ask the town's control server; that asks the controller, which alone
decides. All three speak in these types; `to_wire` and `from_wire` are the only places that know
keys. A request with a key that is not known, or a value of another type, is refused in words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from sekisho.errors import LabError, UsageError
from sekisho.model.changes import LATEST_MOMENT, Change, change_of
from sekisho.resegment.validation import Refusal, RefusedError
from sekisho.text.printable import said

#: The journal of changes in the run folder of a town.
JOURNAL_FILE = "changes.jsonl"

#: A request or an answer as JSON can hold it.
Json = dict[str, Any]


class Stage(StrEnum):
    """Where a change pauses for its client, in this order.

    `READY`: before a table is touched. `DENIED`: all switches deny, and nothing is allowed yet.
    `ALLOWED`: all is allowed, and not yet read back.
    """

    READY = "ready"
    DENIED = "denied"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """Move ports, or open a planned permission.

    Attributes:
        ports: As ``switch:port``; none where a permission is opened.
        to: A zone, a class, or ``quarantine``.
        link: Id of a planned permission; empty where ports are moved.
        reason: Why.
        by: Who asks.
        until: When it undoes itself, in seconds since 1970; None for never.
        base_change: The newest change that the asker knew of; None where that does not matter.
        is_dry_run: Only examine it.
        is_paused: Report each `Stage`, and wait for the word to go on.
    """

    OP: ClassVar[str] = "change"
    ports: tuple[str, ...] = ()
    to: str = ""
    link: str = ""
    reason: str = ""
    by: str = ""
    until: float | None = None
    base_change: int | None = None
    is_dry_run: bool = False
    is_paused: bool = False

    def to_wire(self) -> Json:
        """Return it as JSON can hold it."""
        what = {"link": self.link} if self.link else {"ports": list(self.ports), "to": self.to}
        times = {"until": self.until, "base_change": self.base_change}
        who = {"reason": self.reason, "by": self.by}
        return {"op": self.OP, **what, **who, **times, **_flags(self)}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> ChangeRequest:
        """Read it.

        Raises:
            UsageError: It is none, or says neither which ports nor which permission.
        """
        take = _Reader(
            wire, _FLAGS | {"ports", "to", "link", "reason", "by", "until", "base_change"}
        )
        link, ports = take.text("link"), take.texts("ports")
        if bool(link) == bool(ports) or (ports and not take.text("to")):
            raise UsageError("a change names ports and where to, or a planned permission")
        return cls(
            ports=ports,
            to=take.text("to"),
            link=link,
            reason=said(take.text("reason"), "reason"),
            by=said(take.text("by"), "by"),
            until=take.moment("until"),
            base_change=take.number("base_change"),
            is_dry_run=take.flag("dry_run"),
            is_paused=take.flag("pause"),
        )


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """Take a change back.

    Attributes:
        number: Of the change.
        by: Who asks.
        is_dry_run, is_paused: As in `ChangeRequest`.
    """

    OP: ClassVar[str] = "undo"
    number: int
    by: str = ""
    is_dry_run: bool = False
    is_paused: bool = False

    def to_wire(self) -> Json:
        """Return it as JSON can hold it."""
        return {"op": self.OP, "number": self.number, "by": self.by, **_flags(self)}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> UndoRequest:
        """Read it.

        Raises:
            UsageError: It is none, or names no change.
        """
        take = _Reader(wire, _FLAGS | {"number", "by"})
        number = take.number("number")
        if number is None:
            raise UsageError("number: which change")
        by = said(take.text("by"), "by")
        return cls(number, by, take.flag("dry_run"), take.flag("pause"))


@dataclass(frozen=True, slots=True)
class StateRequest:
    """Ask for the journal, and whether every table is in force.

    Attributes:
        is_known_enough: Answer what was heard last; else every switch is read back first.
    """

    OP: ClassVar[str] = "state"
    is_known_enough: bool = False

    def to_wire(self) -> Json:
        """Return it as JSON can hold it."""
        return {"op": self.OP, **({"known": True} if self.is_known_enough else {})}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> StateRequest:
        """Read it.

        Raises:
            UsageError: It is none.
        """
        return cls(_Reader(wire, frozenset({"known"})).flag("known"))


Request = ChangeRequest | UndoRequest | StateRequest
_REQUESTS: Mapping[str, type[Request]] = {
    each.OP: each for each in (ChangeRequest, UndoRequest, StateRequest)
}


def request_of(wire: Mapping[str, Any]) -> Request:
    """Read any request to the controller.

    Raises:
        UsageError: It is none; says why.
    """
    kind = _REQUESTS.get(str(wire.get("op")))
    if kind is None:
        raise UsageError(f"op: {wire.get('op')!r} is none of {', '.join(_REQUESTS)}")
    return kind.from_wire(wire)


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """A change, or the end of one, that was made.

    Attributes:
        number: Of the change.
        touched: How many rules went and came, by switch.
        waiting: Switches that are not there, or could not be brought into force.
        seconds: How long the controller took.
        change: What was asked for; None where one was taken back.
        acknowledged_s: How long until nothing old was remembered; None where nobody waited.
    """

    number: int
    touched: Mapping[str, tuple[int, int]]
    waiting: tuple[str, ...]
    seconds: float
    change: Change | None = None
    acknowledged_s: float | None = None

    @property
    def is_in_force(self) -> bool:
        """Whether every switch holds what was asked for."""
        return not self.waiting

    @property
    def is_undo(self) -> bool:
        """Whether a change was taken back."""
        return self.change is None

    @property
    def rules(self) -> int:
        """How many rules went and came, on all switches."""
        return sum(gone + come for gone, come in self.touched.values())

    def facts(self) -> Json:
        """Return what the journal keeps of it."""
        return {"touched": self.touched, "waiting": list(self.waiting), "seconds": self.seconds}

    def to_wire(self) -> Json:
        """Return it as JSON can hold it."""
        what = {"change": self.change.as_json()} if self.change else {"undone": self.number}
        took = {} if self.acknowledged_s is None else {"acknowledged_s": self.acknowledged_s}
        own = {"number": self.number, "in_force": self.is_in_force}
        return {**what, **own, **self.facts(), **took}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> ChangeAnswer:
        """Read it.

        Raises:
            KeyError, TypeError: It is none.
        """
        return cls(
            wire["number"],
            {switch: (gone, come) for switch, (gone, come) in wire["touched"].items()},
            tuple(wire["waiting"]),
            wire["seconds"],
            change_of(wire["change"]) if "change" in wire else None,
            wire.get("acknowledged_s"),
        )


@dataclass(frozen=True, slots=True)
class PreviewAnswer:
    """What a change would do: the answer of a dry run.

    Attributes:
        shown: As `sekisho.resegment.preview.Preview.as_json` gives it.
    """

    shown: Mapping[str, Any]

    @property
    def rules(self) -> int:
        """How many rules would go and come, on all switches."""
        return sum(gone + come for gone, come in self.shown.get("rules", {}).values())


def change_answer_of(wire: Mapping[str, Any]) -> ChangeAnswer | PreviewAnswer:
    """Read the answer to a `ChangeRequest` or an `UndoRequest`.

    Raises:
        RefusedError: It was refused; carries every reason.
        LabError: The town could not do it: nobody asked wrongly.
        UsageError: The request was wrong.
    """
    raise_failure(wire)
    return PreviewAnswer(wire["preview"]) if "preview" in wire else ChangeAnswer.from_wire(wire)


def raise_failure(wire: Mapping[str, Any]) -> None:
    """Raise what an answer of any kind says of a failure; do nothing where it is none.

    Raises:
        RefusedError, LabError, UsageError: As in `change_answer_of`.
    """
    if wire.get("lab"):
        raise LabError(str(wire["error"]))
    if "refusals" in wire:
        raise RefusedError([Refusal(**reason) for reason in wire["refusals"]])
    if "error" in wire:
        raise UsageError(str(wire["error"]))


_FLAGS = frozenset({"dry_run", "pause"})


def _flags(request: ChangeRequest | UndoRequest) -> Json:
    flags = {"dry_run": request.is_dry_run, "pause": request.is_paused}
    return {key: True for key, is_set in flags.items() if is_set}


class _Reader:
    """Takes values out of a request, each of its type."""

    def __init__(self, wire: Mapping[str, Any], keys: frozenset[str]) -> None:
        unknown = sorted(set(wire) - keys - {"op"})
        if unknown:
            raise UsageError(f"{unknown[0]}: a {wire.get('op')} has no such key")
        self._wire = wire

    def text(self, key: str) -> str:
        """Return text; empty where there is none."""
        value = self._wire.get(key)
        if value is not None and not isinstance(value, str):
            raise UsageError(f"{key}: {value!r} is not text")
        return value or ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Return several texts; none where the key is absent."""
        value = self._wire.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise UsageError(f"{key}: {value!r} is not a list of texts")
        return tuple(value)

    def flag(self, key: str) -> bool:
        """Return true or false; false where the key is absent."""
        value = self._wire.get(key, False)
        if not isinstance(value, bool):
            raise UsageError(f"{key}: {value!r} is neither true nor false")
        return value

    def number(self, key: str) -> int | None:
        """Return a whole number, if there is one."""
        value = self._wire.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise UsageError(f"{key}: {value!r} is not a whole number")

    def moment(self, key: str) -> float | None:
        """Return seconds since 1970 that a calendar can show, if there are any."""
        value = self._wire.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise UsageError(f"{key}: {value!r} is not a time in seconds since 1970")
        if not 0 <= value <= LATEST_MOMENT:
            raise UsageError(f"{key}: {value!r} is not a time of this century")
        return float(value)
