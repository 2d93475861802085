"""The logical diagram: which zone may open which layer, by which clause, and what must never.

Zones that only begin stand on the left, zones that are reached on the right, each layer in a box.
An arrow is every permission from one zone to one box, labelled with its clauses; what stays within
a box is not drawn. Its last row, in red, lists who must never arrive there; a red arrow is the
face of a device that is shut out where its other face may enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import product

from sekisho.draw.dot import cell, colours, font, head, lines, quoted, raw_cell, table, wrapped
from sekisho.model import Allow, Attachment, CellKind, Label, Plan, Zone
from sekisho.model.terms import lasting, resting, whole
from sekisho.policy.matrix import MUST_DROP, matrix

_ACROSS = 8  # class ids on a line of a box
_CLAUSES = 4  # clause ids on a line of a label
_FORBIDDEN = "#c62828"
_NOTE = Label(
    "左の系統から右の層へ、矢印の番号の許可だけが通る。書いてないものは通らない。"
    "→ はその系統から始められるもの。赤字の ×! の送信元は、そこへ届いてはならない。",
    "Only the numbered permissions lead from a zone to a layer; nothing else passes. "
    "An arrow in a row is what that zone may begin. Red, after ×!: sources that must never arrive.",
)
_RESTS = Label(
    "[ ] の番号の許可は、この時点では効力がない。",
    "A number in brackets is not in force at this moment.",
)
# Ink of the arrows, one a zone that they start from, in the order of the plan.
_INKS = ("#1b5e9b", "#2e7d32", "#8e44ad", "#b8641a", "#00796b", "#5d4037", "#455a64", "#6d6d00")


@dataclass(frozen=True)
class _Picture:
    """A plan with what the diagram asks of it, worked out once."""

    plan: Plan
    rest: frozenset[str] = frozenset()  # ids of clauses that do not hold at the moment drawn

    def _name(self, clause: str) -> str:
        return f"[{clause}]" if clause in self.rest else clause

    @cached_property
    def flows(self) -> dict[tuple[str, str], dict[str, None]]:
        """Clause ids by (zone that begins, zone that is reached), in brackets where they rest."""
        found: dict[tuple[str, str], dict[str, None]] = {}
        for clause in self.plan.clauses:
            for allow in clause.allows:
                for a, b in product(self._begin(allow), self._reach(allow)):
                    found.setdefault((a.zone, b.zone), {})[self._name(clause.id)] = None
        return found

    @cached_property
    def classes(self) -> dict[str, dict[str, None]]:
        """Destination classes that some clause reaches, by zone."""
        found: dict[str, dict[str, None]] = {}
        for clause in self.plan.clauses:
            for allow in clause.allows:
                for attachment in self._reach(allow):
                    found.setdefault(attachment.zone, {})[allow.destination] = None
        return found

    @property
    def layers(self) -> dict[Label, list[Zone]]:
        """Zones that are reached, by layer."""
        found: dict[Label, list[Zone]] = {}
        for zone in self.plan.zones:
            if zone.id in self.classes:
                found.setdefault(zone.group, []).append(zone)
        return found

    @property
    def begins(self) -> dict[str, dict[Label, dict[str, None]]]:
        """Clause ids by layer reached, by zone that begins."""
        found: dict[str, dict[Label, dict[str, None]]] = {}
        for (begin, reach), clauses in self.flows.items():
            layer = self.plan.zone[reach].group
            found.setdefault(begin, {}).setdefault(layer, {}).update(clauses)
        return found

    def sources(self, zone: Zone) -> list[str]:
        """Return the source classes of *zone*, in the order of the plan."""
        here = {a.source for a in self.plan.attachments if a.zone == zone.id}
        return [source.id for source in self.plan.sources if source.id in here]

    def _begin(self, allow: Allow) -> list[Attachment]:
        return [a for a in self.plan.attachments if allow.lets(a)]

    def _reach(self, allow: Allow) -> list[Attachment]:
        return [a for a in self.plan.attachments if allow.reaches(a)]


def logical(plan: Plan, language: str) -> Iterator[str]:
    """Yield the lines of the logical diagram.

    A rule that does not hold at the plan's moment is drawn, in brackets; one that is over is not.
    """
    picture = _picture(plan)
    note = _NOTE if not picture.rest else Label(_NOTE.ja + _RESTS.ja, f"{_NOTE.en} {_RESTS.en}")
    yield from head(plan, Label("論理構成図", "Logical diagram"), note, language)
    yield "rankdir=LR; ranksep=4.2; nodesep=0.22;"
    begins = picture.begins
    callers = [z for z in plan.zones if z.id in begins and z.id not in picture.classes]
    idle = [z for z in plan.zones if z.id not in begins and z.id not in picture.classes]
    for zone in callers:
        head_cell = cell(zone.group.text(language), BGCOLOR=colours(plan)[zone.group])
        row = head_cell + _zone(picture, [zone], language)
        yield f"{_caller(zone.id)} [label=<{table([row], BORDER=1)}>];"
    if idle:
        yield f'"idle" [label=<{_idle(picture, idle, language)}>];'
    for layer in picture.layers:
        yield f"{_layer(layer)} [label=<{_box(picture, layer, language)}>];"
    left = [*(_caller(zone.id) for zone in callers), *(['"idle"'] if idle else [])]
    for names in (left, [_layer(layer) for layer in picture.layers]):
        yield f"{{ rank=same; {' '.join(names)} }}"
    for number, zone in enumerate(callers):
        yield from _arrows(zone.id, begins[zone.id], _INKS[number % len(_INKS)])
    yield from _walls(picture)


def _picture(plan: Plan) -> _Picture:
    if plan.moment is None:
        return _Picture(plan)
    drawn = lasting(whole(plan), plan.moment)
    rest = {clause.id for clause in resting(plan)}
    return _Picture(drawn, frozenset(c.id for c in drawn.clauses if c.allows and c.id in rest))


def _caller(zone: str) -> str:
    return quoted(f"from {zone}")


def _layer(layer: Label) -> str:
    return quoted(f"to {layer.ja}")


def _zone(picture: _Picture, zones: list[Zone], language: str) -> str:
    """Return the cells of one zone, or of *zones* that are alike."""
    more = len(zones) - 1
    rest = Label(f" ほか{more}", f" and {more} more").text(language) if more else ""
    vlan = "" if more else f"VLAN {zones[0].vlan}"
    words = (zones[0].label.text(language) + rest, vlan, " ".join(picture.sources(zones[0])))
    return "".join(cell(word) for word in words)


def _idle(picture: _Picture, zones: list[Zone], language: str) -> str:
    """Return the box of the zones that may begin nothing; those of the same classes share a row."""
    alike: dict[tuple[str, ...], list[Zone]] = {}
    for zone in zones:
        alike.setdefault((zone.group.ja, *picture.sources(zone)), []).append(zone)
    rows = [cell(Label("許可なし", "No permission").text(language), COLSPAN=4, ALIGN="CENTER")]
    for same in alike.values():
        group = same[0].group
        first = cell(group.text(language), BGCOLOR=colours(picture.plan)[group])
        rows.append(first + _zone(picture, same, language))
    return table(rows, BORDER=1, STYLE="DASHED")


def _box(picture: _Picture, layer: Label, language: str) -> str:
    """Return the box of a layer: its zones, what is reached there, and what they may begin."""
    title = font(f"<B>{escape(layer.text(language))}</B>", **{"POINT-SIZE": 14})
    rows = [raw_cell(title, COLSPAN=4, BGCOLOR=colours(picture.plan)[layer], PORT="layer")]
    for zone in picture.layers[layer]:
        onward = picture.begins.get(zone.id, {})
        words = "\n".join(
            f"→ {to.text(language)}: {' '.join(clauses)}" for to, clauses in onward.items()
        )
        reached = [d.id for d in picture.plan.destinations if d.id in picture.classes[zone.id]]
        rows.append(
            cell(zone.label.text(language))
            + cell(f"VLAN {zone.vlan}")
            + cell(" ".join(reached))
            + raw_cell(lines(words), ALIGN="LEFT")
        )
    if barred := _barred(picture, layer):
        text = f"{MUST_DROP} " + wrapped(barred, _ACROSS)
        rows.append(raw_cell(font(lines(text), COLOR=_FORBIDDEN), COLSPAN=4, ALIGN="LEFT"))
    return table(rows, BORDER=1)


def _barred(picture: _Picture, layer: Label) -> list[str]:
    """Return the source classes that must not reach what the zones of *layer* offer."""
    offered = {d for zone in picture.layers[layer] for d in picture.classes[zone.id]}
    cells = matrix(picture.plan)
    return [
        source.id
        for source in picture.plan.sources
        if any(cells[source.id, destination].is_must_drop for destination in offered)
    ]


def _arrows(zone: str, clauses: dict[Label, dict[str, None]], ink: str) -> Iterator[str]:
    for layer, ids in clauses.items():
        text = quoted(wrapped(ids, _CLAUSES))
        yield (
            f"{_caller(zone)}:e -> {_layer(layer)}:layer:w [label={text}, "
            f"color={quoted(ink)}, fontcolor={quoted(ink)}];"
        )


def _walls(picture: _Picture) -> Iterator[str]:
    """Yield an arrow for each face of a device that is barred where another face may enter."""
    cells = matrix(picture.plan)
    walls: dict[tuple[str, Label], dict[str, None]] = {}
    for device in picture.plan.devices:
        for shut, free in product(device.attachments, repeat=2):
            for zone, destinations in picture.classes.items():
                for destination in destinations:
                    cell_shut = cells[shut.source, destination]
                    is_free = cells[free.source, destination].kind is CellKind.ALLOW
                    if cell_shut.is_must_drop and is_free:
                        wall = walls.setdefault((shut.zone, picture.plan.zone[zone].group), {})
                        wall.update(dict.fromkeys(cell_shut.requirements))
    for (begin, layer), requirements in walls.items():
        text = quoted(f"{MUST_DROP} {' '.join(requirements)}")
        yield (
            f"{_caller(begin)}:e -> {_layer(layer)}:layer:w [label={text}, style=dashed, "
            f"penwidth=2, arrowhead=tee, color={quoted(_FORBIDDEN)}, "
            f"fontcolor={quoted(_FORBIDDEN)}];"
        )
