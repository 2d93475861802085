"""``sekisho plan paths``: every way through a shared device, and what the plan says of it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Collection, Iterable, Iterator

from rich.console import RenderableType
from rich.table import Table

from sekisho.commands.screen import Screen
from sekisho.lint.stores import Store, stores
from sekisho.model import Label, Plan, Relay
from sekisho.plan import load
from sekisho.policy.relay_paths import How, RelayPath, ways

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
_MEANINGS = (
    (_KINDS[How.RELAY], Label(
        "送信元が機器に渡したものを、機器が自分の許可で宛先へ渡しうる",
        "what the first gives to the device, it could hand on by a permission of its own")),
    (_KINDS[How.JOIN], Label(
        "機器が両方とのやりとりを自分から始め、一方から取ったものを他方へ渡しうる",
        "the device begins with both, and could fetch from the one what it gives to the other")),
    (_STORE, Label(
        "互いに届いてはならない両方が同じ機器を開き、一方が置いたものを他方が取りうる",
        "both open the device and may not open each other; one could fetch what the other left")),
)  # fmt: skip
_GRAVE = Label(
    "直接の通信は計画が最も重く禁じている", "the plan denies the direct way most gravely"
)
_UNDECLARED = Label("未申告", "UNDECLARED")
_SUMMARY = Label(
    "経路 {ways}、置き場 {stores}、申告済み {declared}、うち例外 {exceptions}、未申告 {undeclared}",
    "ways {ways}, stores {stores}, declared {declared}, exceptions among them {exceptions}, "
    "undeclared {undeclared}",
)


def plan_paths(args: Namespace, screen: Screen) -> int:
    """Print the table; return 1 where a way is not declared."""
    plan = load(args.plan)
    found, met = ways(plan), list(stores(plan))
    if found or met:
        table = _table(plan, found, args.lang)
        for store in sorted(met, key=lambda each: each.declared is not None):
            table.add_row(*_row(plan, store, args.lang))
        screen.out.print(table)
        kinds = {*(_KINDS[way.how] for way in found), *((_STORE,) if met else ())}
        screen.out.print(*_notes(plan, kinds, args.lang), sep="\n")
    for exception in plan.exceptions:
        screen.out.print(_hung(f"{exception.id}  ", exception.label.text(args.lang)))
        screen.out.print(_hung("  ", exception.measures.text(args.lang)))
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


def _notes(plan: Plan, kinds: Collection[Label], language: str) -> Iterator[RenderableType]:
    """What each kind of way is, and each entry of ``relays`` whole, by its number."""
    for kind, meaning in _MEANINGS:
        if kind in kinds:
            yield _hung(f"{kind.text(language)}: ", meaning.text(language))
    yield _hung("×!: ", _GRAVE.text(language))
    yield ""
    for number, relay in enumerate(plan.relays, 1):
        words = f"{relay.exception} {relay.label.text(language)}".strip()
        yield _hung(f"{number:>3}  ", f"{words} ({relay.where})")
    yield ""


def _hung(head: str, text: str) -> Table:
    """A paragraph whose lines begin behind its head."""
    out = Table.grid()
    out.add_column(no_wrap=True)
    out.add_column(overflow="fold")
    out.add_row(head, text)
    return out


def _table(plan: Plan, found: Iterable[RelayPath], language: str) -> Table:
    """One row for all ways that differ in the device alone; those not declared first."""
    rows: dict[tuple[How, str, str, str], list[RelayPath]] = {}
    for way in found:
        key = (way.how, way.source, way.destination, way.declared.where if way.declared else "")
        rows.setdefault(key, []).append(way)
    out = Table()
    for head in _HEADS:
        out.add_column(head.text(language), overflow="fold")
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
            _words(plan, first.declared, language),
        )
    return out


def _row(plan: Plan, store: Store, language: str) -> tuple[str, ...]:
    """A store: both open the device, and neither the other."""
    (a, b), rules = store.classes, " ← ".join(store.rules)
    said = _words(plan, store.declared, language)
    return _STORE.text(language), a, store.device, f"← {b}", rules, said


def _words(plan: Plan, relay: Relay | None, language: str) -> str:
    """Return the number of the entry of ``relays``, counted as in an error, and its exception."""
    if relay is None:
        return _UNDECLARED.text(language)
    return f"{plan.relays.index(relay) + 1} {relay.exception}".strip()
