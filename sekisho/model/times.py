"""When a rule holds: until when, and at which hours of which days.

All times are those of Japan, which has one zone and no summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

JST = timezone(timedelta(hours=9), "JST")
#: Years that moments are judged in: a day more or less, and another zone, have room in them.
FIRST_YEAR, LAST_YEAR = 1970, 9998
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAYS_JA = "月火水木金土日"


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
    """Hours of a day, in minutes since midnight: from *first* on, and before *last*.

    Where *last* is not after *first* they go on into the next day, whatever day that is.

    Attributes:
        days: The first and the last weekday on which they begin, 0 for Monday; None: every day.
            The week goes round: (5, 0) is Saturday, Sunday and Monday.
    """

    first: int
    last: int
    days: tuple[int, int] | None = None

    def hold(self, weekday: int, minute: int) -> bool:
        """Tell whether *minute* of *weekday* is among them."""
        if self.first < self.last:
            return self.first <= minute < self.last and self._begin_on(weekday)
        if minute >= self.first and self._begin_on(weekday):
            return True
        return minute < self.last and self._begin_on((weekday - 1) % len(WEEKDAYS))

    def _begin_on(self, weekday: int) -> bool:
        if self.days is None:
            return True
        first, last = self.days
        return (weekday - first) % len(WEEKDAYS) <= (last - first) % len(WEEKDAYS)

    def __str__(self) -> str:
        hours = "-".join(f"{m // 60:02}:{m % 60:02}" for m in (self.first, self.last))
        days = "-".join(WEEKDAYS[day] for day in dict.fromkeys(self.days or ()))
        return f"{days} {hours}".strip()


def spoken_hours(text: str, language: str) -> str:
    """Return hours as they are written, with the names of their days in *language*."""
    days, gap, hours = text.rpartition(" ")
    if language == "ja" and gap:
        names = dict(zip(WEEKDAYS, WEEKDAYS_JA, strict=True))
        days = "-".join(names.get(day, day) for day in days.split("-"))
    return f"{days}{gap}{hours}"
