"""From one YAML scalar to a day, a moment or hours. Knows how times are written, and no clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sekisho.model import JST, Hours, Term
from sekisho.plan.kinds import Key
from sekisho.plan.nodes import Scalar
from sekisho.plan.scalars import ScalarError, wrong

_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}")
_HOURS = re.compile("([0-9]{1,2}):([0-9]{2})-([0-9]{1,2}):([0-9]{2})")
_LAST_MINUTE = 24 * 60


def read_term(scalar: Scalar, key: Key) -> Term:
    """Return when something ends: after a day, or at a moment."""
    text = scalar.text
    if not _DAY.fullmatch(text) and not _MOMENT.fullmatch(text):
        raise wrong(scalar, "a day or a moment", "write it like 2027-03-31 or 2027-03-31 17:00")
    try:
        end = datetime.fromisoformat(text).replace(tzinfo=JST)
        if _DAY.fullmatch(text):
            return Term(text, end + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise ScalarError(f"{text!r} is in no calendar", "is the month or day right?") from error
    return Term(text.replace("T", " "), end)


def read_hours(scalar: Scalar, key: Key) -> Hours:
    """Return hours of the day; those that end before they begin end on the next one."""
    match = _HOURS.fullmatch(scalar.text)
    if not match:
        raise wrong(scalar, "hours of the day", "write them like 08:30-17:15")
    (h1, m1), (h2, m2) = (int(match[1]), int(match[2])), (int(match[3]), int(match[4]))
    first, last = h1 * 60 + m1, h2 * 60 + m2
    if max(m1, m2) > 59 or first >= _LAST_MINUTE or last > _LAST_MINUTE:
        hint = "a day has 00:00 to 24:00"
        raise ScalarError(f"{scalar.text!r} is on no clock", hint)
    if first == last:
        hint = "leave hours out for all day"
        raise ScalarError(f"{scalar.text!r} ends when it begins", hint)
    return Hours(first, last)
