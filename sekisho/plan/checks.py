"""The rules of a town."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.errors import Fault
from sekisho.model import Plan
from sekisho.plan.places import Places


def check_town(plan: Plan, places: Places) -> Iterator[Fault]:
    """Yield a fault for every rule of a town that the plan breaks."""
    yield from ()
