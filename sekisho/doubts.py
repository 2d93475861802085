"""What is odd about a plan that is no mistake: each is said with its line and a way out.

Pure. A doubt is a warning of `sekisho plan check`, and with ``--strict`` an error. What can never
be meant is refused when the plan is read, and is not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.errors import Fault
from sekisho.model import Label, Plan
from sekisho.shadows import shadows

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something odd.

    Attributes:
        where: ``file:line``.
        label: What is odd, with the value.
        hint: What to do, or empty in both languages.
    """

    where: str
    label: Label
    hint: Label

    def fault(self, language: str) -> Fault:
        """Return it as a mistake, in *language*."""
        file, _, line = self.where.rpartition(":")
        return Fault(file, int(line), self.label.text(language), self.hint.text(language))


def doubts(plan: Plan) -> Iterator[Doubt]:
    """Yield everything that is odd, by subject and in the order of the plan."""
    for shadow in shadows(plan):
        yield Doubt(shadow.where, shadow.label, Label("", ""))
    yield from _mixed_classes(plan)


def _mixed_classes(plan: Plan) -> Iterator[Doubt]:
    """Yield each source class with members on cables and on the air that is not said to have."""
    for row in plan.sources:
        own = [a for a in plan.attachments if a.source == row.id]
        air = [a.id for a in own if a.air]
        cable = [a.id for a in own if not a.air]
        if air and cable and not row.medium:
            yield Doubt(
                row.where,
                Label(
                    f"区分 {row.id} には無線の接続({_some(air)})と有線の接続({_some(cable)})がある",
                    f"class {row.id} has members on the air ({_some(air)}) and on cables "
                    f"({_some(cable)})",
                ),
                Label(
                    "無線と有線で許可が違うなら区分を分ける。意図したものなら medium: both と書く",
                    "give them classes of their own, or write medium: both where it is meant",
                ),
            )


def _some(names: list[str]) -> str:
    """Name the first of *names*, and say how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" +{more}" if more > 0 else "")
