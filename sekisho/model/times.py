"""When a rule holds: until when, and at which hours of the day.

All times are those of Japan, which has one zone and no summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")


@dataclass(frozen=True, slots=True)
class Term:
    """The end of something.

    Attributes:
        text: As the plan writes it: a day, which is the last one, or a moment.
        end: From then on it is over.
    """

    text: str
    end: datetime

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of every day, in minutes since midnight: from *first* on, and before *last*.

    Where *last* is not after *first* they go on into the next day.
    """

    first: int
    last: int

    def __contains__(self, minute: int) -> bool:
        if self.first < self.last:
            return self.first <= minute < self.last
        return minute >= self.first or minute < self.last

    def __str__(self) -> str:
        return "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self.first, self.last))
