"""What the interface takes: nothing is accepted that is not named here."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from sekisho.model.changes import LATEST_MOMENT
from sekisho.resegment.protocol import ChangeRequest, UndoRequest
from sekisho.text.printable import ONE_LINE, fault

_NAME = r"^[A-Za-z0-9][A-Za-z0-9./:_-]*$"
_MOST_PORTS = 200


def _one_line(words: str) -> str:
    """Free words, of a kind that may be shown anywhere."""
    wrong = fault(words)
    if wrong:
        raise ValueError(wrong)
    return words


Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_NAME)]
Words = Annotated[
    str,
    Field(max_length=200, json_schema_extra={"pattern": ONE_LINE}),
    AfterValidator(_one_line),
]
#: Seconds since 1970.
Moment = Annotated[float, Field(ge=0, le=LATEST_MOMENT, allow_inf_nan=False)]
#: Number of a change; far more than a town ever sees, and no more than JSON keeps exactly.
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


def _whole(value: object) -> object:
    """JSON knows one kind of number: 3.0 is 3."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: Number of the newest change that the asker knows of.
BaseChange = Annotated[int, Field(ge=0, le=2**31 - 1), BeforeValidator(_whole)]


class Strict(BaseModel):
    """A request; unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class _New(Strict):
    """What every new change says."""

    reason: Words = ""
    by: Words = ""
    until: Moment | None = None
    base_change: BaseChange | None = None
    dry_run: bool = False

    def common(self) -> ChangeRequest:
        """Return what every new change asks, without what is to be changed."""
        return ChangeRequest(
            reason=self.reason,
            by=self.by,
            until=self.until,
            base_change=self.base_change,
            is_dry_run=self.dry_run,
        )


class Move(_New):
    """Move *ports* to the network *to*: all of them, or none."""

    ports: Annotated[list[Name], Field(min_length=1, max_length=_MOST_PORTS)]
    to: Name

    def request(self) -> ChangeRequest:
        """Return what the town is asked."""
        return replace(self.common(), ports=tuple(self.ports), to=self.to)


class Opening(_New):
    """Open the planned permission *link*."""

    link: Name

    def request(self) -> ChangeRequest:
        """Return what the town is asked."""
        return replace(self.common(), link=self.link)


class Undo(Strict):
    """Take a change back."""

    by: Words = ""
    dry_run: bool = False

    def request(self, number: int) -> UndoRequest:
        """Return what the town is asked about change *number*."""
        return UndoRequest(number, self.by, is_dry_run=self.dry_run)


class Retest(Strict):
    """Try again what a change concerns, or everything that must never arrive."""

    what: Literal["affected", "must-drop"] = "affected"


class Trial(Strict):
    """Open a real conversation from one attachment to a service of another."""

    source: Name
    target: Name
    service: Name


class View(Strict):
    """Open the target's page with a real ``curl``."""

    source: Name
    target: Name


class Fault(Strict):
    """Break something, or mend it."""

    name: Name
    on: bool
