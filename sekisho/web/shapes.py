"""What the interface takes: nothing is accepted that is not named here."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_NAME = r"^[A-Za-z0-9][A-Za-z0-9.:-]*$"
_MOST_PORTS = 200

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=_NAME)]
Words = Annotated[str, Field(max_length=200)]
#: Seconds since 1970, up to the year 2100.
Moment = Annotated[float, Field(ge=0, le=4102444800, allow_inf_nan=False)]
#: Number of a change; far more than a town ever sees, and no more than JSON keeps exactly.
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Strict(BaseModel):
    """A request; unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class NewChange(Strict):
    """Move *ports* to the network *to*, or open the planned permission *link*."""

    ports: Annotated[list[Name], Field(max_length=_MOST_PORTS)] = []
    to: Name | None = None
    link: Name | None = None
    reason: Words = ""
    by: Words = ""
    until: Moment | None = None
    seen: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    dry_run: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> NewChange:
        is_move = bool(self.ports) and self.to is not None
        if self.link is not None and (self.ports or self.to is not None):
            raise ValueError("a planned permission is opened by itself: no ports, no to")
        if self.link is None and not is_move:
            raise ValueError("say ports and to, or link")
        return self


class Undo(Strict):
    """Take a change back."""

    by: Words = ""
    dry_run: bool = False


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
