"""``sekisho plan relays``: every way through a shared device, and what the plan says of it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from rich.table import Table

from sekisho.closure import How, Way, ways
from sekisho.commands.screen import Screen
from sekisho.model import Label, Relay
from sekisho.plan import load
from sekisho.stores import Store, stores

_HEADS = (
    Label("種別", "kind"),
    Label("送信元", "from"),
    Label("通る機器", "through"),
    Label("宛先", "to"),
    Label("根拠", "rules"),
    Label("申告", "declared"),
)
_KINDS = {How.RELAY: Label("中継", "relay"), How.JOIN: Label("橋渡し", "join")}
_STORE = Label("置き場", "store")
_UNDECLARED = Label("未申告", "UNDECLARED")
_SUMMARY = Label(
    "道 {ways}、置き場 {stores}、申告済み {declared}、うち例外 {exceptions}、未申告 {undeclared}",
    "ways {ways}, stores {stores}, declared {declared}, exceptions among them {exceptions}, "
    "undeclared {undeclared}",
)


def plan_relays(args: Namespace, screen: Screen) -> int:
    """Print the table; return 1 where a way is not declared."""
    plan = load(args.plan)
    found, met = ways(plan), list(stores(plan))
    if found or met:
        table = _table(found, args.lang)
        for store in sorted(met, key=lambda each: each.declared is not None):
            table.add_row(*_row(store, args.lang))
        screen.out.print(table)
    for exception in plan.exceptions:
        label, measures = exception.label.text(args.lang), exception.measures.text(args.lang)
        text = f"{exception.id}  {label}\n  {measures}"
        screen.out.print(text, markup=False, highlight=False)
    said = [*(way.declared for way in found), *(store.declared for store in met)]
    counts = {
        "ways": len(found),
        "stores": len(met),
        "declared": sum(relay is not None for relay in said),
        "exceptions": sum(bool(relay and relay.exception) for relay in said),
        "undeclared": said.count(None),
    }
    text = _SUMMARY.text(args.lang).format(**counts)
    screen.out.print(text, markup=False, highlight=False, soft_wrap=True)
    return 1 if counts["undeclared"] else 0


def _table(found: Iterable[Way], language: str) -> Table:
    """One row for all ways that differ in the device alone; those not declared first."""
    rows: dict[tuple[How, str, str, str], list[Way]] = {}
    for way in found:
        key = (way.how, way.source, way.destination, way.declared.where if way.declared else "")
        rows.setdefault(key, []).append(way)
    out = Table(*(head.text(language) for head in _HEADS))
    ordered = sorted(rows.values(), key=lambda each: each[0].declared is not None)
    for members in ordered:
        first = members[0]
        mark = " ×!" if first.is_must_drop else ""
        out.add_row(
            _KINDS[first.how].text(language),
            first.source,
            " ".join(way.through for way in members),
            first.destination + mark,
            " → ".join(" ".join(clauses) for clauses in first.clauses),
            _words(first.declared, language),
        )
    return out


def _row(store: Store, language: str) -> tuple[str, ...]:
    """A store: both open the device, and neither the other."""
    (a, b), rules = store.classes, " ← ".join(store.rules)
    said = _words(store.declared, language)
    return _STORE.text(language), a, store.device, f"← {b}", rules, said


def _words(relay: Relay | None, language: str) -> str:
    if relay is None:
        return _UNDECLARED.text(language)
    return f"{relay.exception} {relay.label.text(language)}".strip()
