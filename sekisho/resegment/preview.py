"""What a change would do, before it is done: cells of the matrix, rules, and what to think of it.

The one place where both readings of a plan are shown side by side: the cells come from the plan's
meaning, the rules from its tables; neither is derived from the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from sekisho.compiler.incremental import Tables, changed_tables
from sekisho.intent.openings import Permitted, Reach, opened_by, opens, permitted
from sekisho.intent.requirements import bridges, undeclared
from sekisho.intent.sentences import Contradiction, contradictions, unmet
from sekisho.model import Attachment, CellKind, Plan, Protection
from sekisho.model.terms import whole
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import Cell, matrix


@dataclass(frozen=True, slots=True)
class AttachmentState:
    """What one attachment is: before, or after.

    Attributes:
        opens: Destination classes that it may open something on.
        opened_by: Source classes that may open something on it.
    """

    zone: str
    source: str
    destination: str
    ip: str
    registered: bool
    opens: tuple[str, ...]
    opened_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttachmentChange:
    """One attachment before and after.

    Attributes:
        gains: Services that it may open then, and on whom.
        loses: Services that it may open no more, and on whom.
        gained_by: Services that may be opened on it then, and by whom.
        lost_by: Services that may be opened on it no more, and by whom.
    """

    port: str
    attachment: str
    before: AttachmentState
    after: AttachmentState
    gains: tuple[Reach, ...]
    loses: tuple[Reach, ...]
    gained_by: tuple[Reach, ...]
    lost_by: tuple[Reach, ...]


@dataclass(frozen=True, slots=True)
class PreviewWarning:
    """Something that whoever approves must know.

    Attributes:
        severity: ``A``: towards the resident-information systems; else ``B``.
    """

    what: str
    severity: str
    requirement: str
    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Preview:
    """A change, seen before it is made.

    Attributes:
        moved: Attachments before and after.
        cells: (source class, destination class, mark before, mark after) of every cell of the
            town's matrix that changes; a moved port changes its own rights, not a cell.
        rules: Switch to (rules deleted, rules added).
        permits: What each planned permission that is opened lets whom open on whom.
    """

    moved: tuple[AttachmentChange, ...]
    cells: tuple[tuple[str, str, str, str], ...]
    rules: dict[str, tuple[int, int]]
    warnings: tuple[PreviewWarning, ...]
    permits: tuple[Permitted, ...] = ()

    @property
    def touched(self) -> int:
        """How many rules are deleted or added, on all switches together."""
        return sum(sum(both) for both in self.rules.values())

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {**asdict(self), "touched": self.touched}


def preview(before: Plan, after: Plan, rules: Tables) -> Preview:
    """Return what changes from the plan *before*, whose tables are *rules*, to *after*."""
    touched = changed_tables(before, after, rules).counts
    return replace(policy_preview(before, after), rules=touched)


def policy_preview(before: Plan, after: Plan) -> Preview:
    """Return what changes in meaning from the plan *before* to *after*; says nothing of rules."""
    cells_before, cells_after = matrix(before), matrix(after)
    pairs = zip(before.attachments, after.attachments, strict=True)
    moved = tuple(
        AttachmentChange(
            str(new.at),
            new.id,
            _side(before, old, cells_before),
            _side(after, new, cells_after),
            *_differences(opens(before, old), opens(after, new)),
            *_differences(opened_by(before, old), opened_by(after, new)),
        )
        for old, new in pairs
        if old != new
    )
    cells = tuple(
        (*key, _mark(cells_before[key]), _mark(cell))
        for key, cell in cells_after.items()
        if _mark(cell) != _mark(cells_before[key])
    )
    warnings = (*_warnings(after, moved), *_broken(before, after))
    come = [clause for clause in after.clauses if clause not in before.clauses]
    permits = tuple(each for clause in come for each in permitted(after, clause))
    return Preview(moved, cells, {}, warnings, permits)


def _differences(
    before: frozenset[Reach], after: frozenset[Reach]
) -> tuple[tuple[Reach, ...], tuple[Reach, ...]]:
    """Return what comes and what goes, by service and name."""
    return tuple(sorted(after - before)), tuple(sorted(before - after))


def _mark(cell: Cell) -> str:
    """A cell's mark; that of a planned permission says that it is not open yet."""
    return f"× {cell.mark}" if cell.kind is CellKind.PLANNED else cell.mark


def _side(plan: Plan, a: Attachment, cells: dict[tuple[str, str], Cell]) -> AttachmentState:
    may = a.registered
    opens = tuple(
        d.id for d in plan.destinations if may and cells[a.source, d.id].kind is CellKind.ALLOW
    )
    opened_by = tuple(
        s.id for s in plan.sources if may and cells[s.id, a.destination].kind is CellKind.ALLOW
    )
    return AttachmentState(
        a.zone, a.source, a.destination, str(a.ip), a.registered, opens, opened_by
    )


def _warnings(after: Plan, moved: tuple[AttachmentChange, ...]) -> tuple[PreviewWarning, ...]:
    out = []
    policy = Policy(after)
    resident = [
        b for b in after.attachments if after.protection(b) is Protection.RESIDENT and b.registered
    ]
    for each in moved:
        gained = set(each.after.opens) - set(each.before.opens)
        opened = [b for b in resident if _opens(policy, after.attachment[each.attachment], b)]
        found = {b.destination for b in opened} & gained
        there = [d.id for d in after.destinations if d.id in found]
        if there:
            ja = f"利用事務系({'、'.join(there)})を開けるようになる"
            en = f"will open the resident-information systems ({', '.join(there)})"
            out.append(PreviewWarning(each.port, "A", "MN-02", ja, en))
        if not each.before.registered and each.after.registered:
            ja, en = "隔離していた機器を受け入れる", "a device in quarantine will be admitted"
            out.append(PreviewWarning(each.port, "B", "WL-05", ja, en))
        out += _crossed(after, each)
        out += _unsaid(after, each)
    out += _elsewhere(after, moved)
    for wrong in contradictions(after):
        what = f"must_drop {wrong.sentence.number}"
        out.append(PreviewWarning(what, "A", "", *_contradicted(wrong)))
    for lost in unmet(whole(after)):
        out.append(
            PreviewWarning(f"must_reach {lost.need.number}", "B", "", lost.label.ja, lost.label.en)
        )
    return tuple(out)


def _broken(before: Plan, after: Plan) -> Iterator[PreviewWarning]:
    """Yield each requirement that a rule breaks after the change, and did not before."""
    known = {(b.requirement.id, b.clause.id) for b in undeclared(before)}
    for found in undeclared(after):
        wanted = found.requirement
        if (wanted.id, found.clause.id) not in known:
            ja, en = found.label.ja, found.label.en
            yield PreviewWarning(found.clause.id, wanted.severity, wanted.id, ja, en)
    joined = {bridge.device.id for bridge in bridges(before)}
    for bridge in bridges(after):
        if bridge.device.id not in joined:
            yield PreviewWarning(bridge.device.id, "A", "MN-04", bridge.label.ja, bridge.label.en)


#: Moves to where more is protected, or of who should be nowhere, are the town's to think about.
_KEPT = {Protection.RESIDENT: "MN-01", Protection.LGWAN: "LG-01"}
_STRANGERS = {
    Protection.VISITOR: "WL-04",
    Protection.VENDOR: "MG-02",
    Protection.TENANT: "CL-01",
    Protection.OUTSIDE: "IN-02",
}


def _crossed(after: Plan, each: AttachmentChange) -> Iterator[PreviewWarning]:
    """Yield that a moved port comes to where something else is protected."""
    old, new = (after.zone[side.zone].protection for side in (each.before, each.after))
    if old is None or new is None or old is new or not each.after.registered:
        return
    there, was = new.label, old.label
    ja = f"{was.ja}から{there.ja}へ移る(開けるようになる区分 {{}})"
    en = f"moves from {was.en} to {there.en} (destination classes that it gains: {{}})"
    gained = [d for d in each.after.opens if d not in each.before.opens]
    words = (ja.format(len(gained)), en.format(len(gained)))
    if new in _KEPT:
        yield PreviewWarning(each.port, "A", _KEPT[new], *words)
    elif old in _STRANGERS and each.before.registered:
        yield PreviewWarning(each.port, "B", _STRANGERS[old], *words)


def _unsaid(after: Plan, each: AttachmentChange) -> Iterator[PreviewWarning]:
    """Yield that a moved port gains rights of which nobody can tell what they open."""
    gained = set(each.after.opens) - set(each.before.opens)
    zones = dict.fromkeys(
        b.zone
        for b in after.attachments
        if b.registered and b.destination in gained and after.protection(b) is None
    )
    if zones:
        names = ", ".join(zones)
        ja = f"開けるようになる系統({names})の protection が計画書に書かれていない"
        en = f"will open zones of which the plan does not say what they protect ({names})"
        yield PreviewWarning(each.port, "B", "", ja, en)


def _elsewhere(after: Plan, moved: tuple[AttachmentChange, ...]) -> Iterator[PreviewWarning]:
    """Yield each moved port whose new class says that its members stand elsewhere."""
    medium = {row.id: row.medium for row in after.sources}
    for each in moved:
        said, here = medium[each.after.source], after.attachment[each.attachment].medium
        if said not in ("", "both", here):
            ja = f"区分 {each.after.source} は {said} だが、ここは {here}(保存すると断られる)"
            en = f"class {each.after.source} says medium: {said}, and this is {here}: a plan "
            yield PreviewWarning(each.port, "B", "", ja, en + "that is saved so is refused")


def _contradicted(found: Contradiction) -> tuple[str, str]:
    """Both languages of what is to be said of a sentence that would no longer be true."""
    said, told = found.sentence.label, found.label
    return f"{told.ja}: 「{said.ja}」と言えなくなる", f"{told.en}: no longer true: {said.en!r}"


def _opens(policy: Policy, source: Attachment, target: Attachment) -> bool:
    """Tell whether *source* may open anything that *target* offers."""
    services = [policy.plan.service[name] for name in target.services]
    return any(
        policy.permission(source, target, service.protocol, edge)
        for service in services
        for edge in service.edges()
    )
