"""Who tries whom in any town, by facts: what somebody is, stands on, and what his zone protects.

The form of a situation that knows no plan's classes. It has no word on what the plan says.
"""

from __future__ import annotations

from dataclasses import dataclass

from sekisho.model import Attachment, DeviceKind, Label, Plan, Protection
from sekisho.plan.kinds import Key, Kind, Section
from sekisho.plan.record import Record

ANYWHERE = Section(
    "anywhere", "anywhere", "Who tries whom in every plan that `towns` does not name, by facts.", (
    Key("who", Kind.RECORD, "Who tries; everybody when absent.", required=False, section="side"),
    Key("to", Kind.RECORD, "Whom; everybody when absent.", required=False, section="side"),
))  # fmt: skip

SIDE = Section("side", "anywhere.who", "Facts that must all be true of an attachment; likewise of "
    "`anywhere.to`.", (
    Key("medium", Kind.CHOICE, "What it stands on.", required=False, default="",
        choices=("air", "cable")),
    Key("protection", Kind.CHOICES, "What the zone protects that it stands in, any of these.",
        required=False, choices=tuple(p.value for p in Protection)),
    Key("kind", Kind.CHOICES, "What its device is, any of these.", required=False,
        choices=tuple(k.value for k in DeviceKind)),
    Key("unregistered", Kind.BOOL, "True for devices that are not registered, and no others.",
        required=False, default=False),
))  # fmt: skip


_MEDIA = {"air": Label("無線の接続", "on the air"), "cable": Label("有線の接続", "on cables")}


@dataclass(frozen=True, slots=True)
class Side:
    """Facts about those who try, or about those who are tried; none are everybody."""

    medium: str = ""
    protections: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    is_unregistered: bool = False

    def members(self, plan: Plan) -> frozenset[str]:
        """Return the ids of the attachments of *plan* of which all of it is true."""
        return frozenset(a.id for a in plan.attachments if self._holds(plan, a))

    def _holds(self, plan: Plan, a: Attachment) -> bool:
        protection, kind = plan.protection(a), plan.device[a.device].kind
        return (
            (not self.medium or a.medium == self.medium)
            and (not self.protections or (protection and protection.value) in self.protections)
            and (not self.kinds or (kind and kind.value) in self.kinds)
            and not (self.is_unregistered and a.registered)
        )

    @property
    def label(self) -> Label:
        """All of it in words."""
        words = [_MEDIA[self.medium]] if self.medium else []
        words += [word.label for word in Protection if word.value in self.protections]
        words += [word.label for word in DeviceKind if word.value in self.kinds]
        words += [Label("未登録の機器", "unregistered")] if self.is_unregistered else []
        words = words or [Label("すべて", "everybody")]
        return Label("・".join(w.ja for w in words), ", ".join(w.en for w in words))


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Who tries whom."""

    who: Side
    to: Side

    def lacks(self, plan: Plan) -> Label | None:
        """Say of whom *plan* has nobody; None where it has somebody on both sides."""
        for name, side in (("送信元", self.who), ("宛先", self.to)):
            if not side.members(plan):
                en = "source" if side is self.who else "target"
                return Label(
                    f"{plan.id} に該当する{name}がない({side.label.ja})",
                    f"{plan.id} has no such {en}: {side.label.en}",
                )
        return None


def anywhere(r: Record) -> Anywhere:
    """Read the mapping under ``anywhere``."""
    return Anywhere(_side(r.values["who"]), _side(r.values["to"]))


def _side(said: object) -> Side:
    if not isinstance(said, Record):
        return Side()
    return Side(
        said.text("medium"),
        said.words("protection"),
        said.words("kind"),
        said.get("unregistered", bool),
    )
