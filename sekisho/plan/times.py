"""From one YAML scalar to a day, a moment or hours. Knows how times are written, and no clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sekisho.model import FIRST_YEAR, JST, LAST_YEAR, WEEKDAYS, WEEKDAYS_JA, Hours, Term
from sekisho.plan.kinds import Key
from sekisho.plan.nodes import Scalar
from sekisho.plan.scalars import ScalarError, wrong

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")
_DAYS = tuple(f"(?:{'|'.join(names)})" for names in (WEEKDAYS, WEEKDAYS_JA))
#: What hours look like: days in English or in Japanese, or none.
HOURS = (
    f"(?:({'|'.join(f'{day}(?:-{day})?' for day in _DAYS)}) )?"
    "([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})"
)
_LAST_MINUTE = 24 * 60


def read_term(scalar: Scalar, key: Key) -> Term:
    """Return when something ends: after a day, or at a moment."""
    text = scalar.text
    if not _DAY.fullmatch(text) and not _MOMENT.fullmatch(text):
        raise wrong(scalar, "a day or a moment", "write it like 2027-03-31 or 2027-03-31 17:00")
    if text[:4] > str(LAST_YEAR) or text[:4] < str(FIRST_YEAR):
        hint = f"a year from {FIRST_YEAR} to {LAST_YEAR}; leave until out where nothing ends"
        raise ScalarError(f"{text!r} is in no year that can be judged", hint)
    try:
        end = datetime.fromisoformat(text).replace(tzinfo=JST)
        if _DAY.fullmatch(text):
            return Term(text, end + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise ScalarError(f"{text!r} is in no calendar", "is the month or day right?") from error
    return Term(text.replace("T", " "), end)


def read_hours(scalar: Scalar, key: Key) -> Hours:
    """Return hours of the day; those that end before they begin end on the next one."""
    match = re.fullmatch(HOURS, scalar.text)
    if not match:
        hint = "write them like 08:30-17:15, or mon-fri 08:30-17:15"
        raise wrong(scalar, "hours of the day", hint)
    h1, m1, h2, m2 = (int(match[n]) for n in range(2, 6))
    first, last = h1 * 60 + m1, h2 * 60 + m2
    if max(m1, m2) > 59 or first >= _LAST_MINUTE or last > _LAST_MINUTE:
        hint = "a day has 00:00 to 24:00"
        raise ScalarError(f"{scalar.text!r} is on no clock", hint)
    if first == last:
        hint = "leave hours out for all day"
        if match[1]:
            hint = f"write {match[1]} 00:00-24:00 for the whole day"
        raise ScalarError(f"{scalar.text!r} ends when it begins", hint)
    return Hours(first, last, _days(match[1], scalar))


def _days(text: str | None, scalar: Scalar) -> tuple[int, int] | None:
    """Return the first and the last day of a range, or of a single day."""
    if not text:
        return None
    names = text.split("-")
    days = [(WEEKDAYS if name in WEEKDAYS else WEEKDAYS_JA).index(name) for name in names]
    if len(days) > 1 and days[0] == days[1]:
        hint = "name one day once; leave the days out for every day"
        raise ScalarError(f"{scalar.text!r} ends on the day on which it begins", hint)
    return days[0], days[-1]
