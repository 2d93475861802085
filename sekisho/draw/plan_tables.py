"""A plan in a terminal: its matrix, its hosts and its rules, as `rich` renderables.

This module knows the plan and the matrix that is derived from it, and how wide a terminal is. It
prints nothing and decides nothing; colour only repeats what the signs already say.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sekisho.model import (
    Allow,
    Attachment,
    Basis,
    CellKind,
    Clause,
    Label,
    Plan,
    Service,
    spoken_hours,
)
from sekisho.model.terms import whole
from sekisho.policy.matrix import (
    DENIED,
    MUST_DROP,
    NOT_APPLICABLE,
    Cell,
    counts,
    in_force,
    matrix,
)
from sekisho.text.columns import GAP, LEAST_NAME, blocks, is_upright

ALLOWED = "○"
RESTS = "T"
WIDE = 132  # columns; from here on a host takes one line, and a rule names its basis beside it

_ENDS_WIDTH = 24  # columns of one end of a rule
_LEAST_FOLDED = 10  # of a column that gives way at its words
_INDENT = 4
_NAME_WIDTH = 22  # the least that keeps the name of a row readable beside clause ids
_Signs = dict[tuple[str, str], Text]
_SIGNS = {
    CellKind.NOT_APPLICABLE: NOT_APPLICABLE,
    CellKind.PLANNED: "P",
    CellKind.EXTERNAL: "E",
}
_STYLES = {
    CellKind.ALLOW: "green",
    CellKind.NOT_APPLICABLE: "dim",
    CellKind.PLANNED: "yellow",
    CellKind.EXTERNAL: "cyan",
    CellKind.DENY: "",
}
_BASES = {
    Basis.SEED: Label("事例報告", "case report"),
    Basis.GUIDELINE: Label("ガイドライン", "guideline"),
    Basis.DESIGN: Label("設計", "design"),
}


def show(
    plan: Plan, *, language: str = "ja", width: int = 80, hosts: bool = False, rules: bool = False
) -> RenderableType:
    """Return what to print for *plan*.

    Args:
        plan: The town.
        language: ``ja`` or ``en``.
        width: Columns of the terminal.
        hosts: Whether to add the table of hosts.
        rules: Whether to add the table of rules.
    """
    parts: list[RenderableType] = [
        _title(plan, language),
        matrix_table(plan, language=language, width=width),
        legend(plan, language=language, width=width),
    ]
    if hosts:
        parts += [Text(), _shown_hosts(plan, language=language, width=width)]
    if rules:
        parts += [Text(), _shown_rules(plan, language=language, width=width)]
    return Group(*parts)


def matrix_table(plan: Plan, *, language: str = "ja", width: int = 80) -> Group:
    """Return the matrix; cells show clause ids where *width* has room for them, else ○.

    What opens nothing now stands in brackets, or as T. Columns that have no room stand under the
    others.
    """
    signs = _signs(plan, is_wide=True)
    is_wide = _has_room_for_clauses(plan, signs, width)
    signs = signs if is_wide else _signs(plan, is_wide=False)
    widths, room = _widths(plan, signs, is_wide=is_wide), width - LEAST_NAME - 1
    lies = is_wide or not is_upright([d.id for d in plan.destinations], widths, room)
    widths = _widths(plan, signs, is_wide=lies)
    longest = max(len(source.id) for source in plan.sources)
    tables: list[RenderableType] = []
    for block in blocks(widths, room):
        tables += [Text()] if tables else []
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        names = width - sum(widths[n] + GAP for n in block) - 1
        table.add_column("", no_wrap=True, overflow="ellipsis", max_width=names)
        columns = [plan.destinations[n] for n in block]
        for n, destination in zip(block, columns, strict=True):
            head = destination.id if lies else "\n".join(destination.id)
            table.add_column(head, no_wrap=True, min_width=widths[n], vertical="bottom")
        for source in plan.sources:
            row = [signs[source.id, d.id] for d in columns]
            name = f"{source.id:<{longest}} {source.label.text(language)}"
            table.add_row(Text(name), *row)
        tables.append(table)
    return Group(*tables)


def legend(plan: Plan, *, language: str = "ja", width: int = 80) -> RenderableType:
    """Return what the signs and the columns of the matrix mean, and how many cells bear each."""
    columns = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    names = [Text(f"{d.id:<4}{d.label.text(language)}") for d in plan.destinations]
    across = max(1, width // (max(name.cell_len for name in names) + 2))
    down = -(-len(names) // across)
    for row in range(down):
        columns.add_row(*names[row::down])
    return Group(Text(), Text(_packed(_explained(plan, language), width)), Text(), columns)


def hosts_table(plan: Plan, *, language: str = "ja", width: int = 80) -> Table:
    """Return every attachment with its place, network, addresses and classes, in columns."""
    if width >= WIDE:
        return _filled(_HOST_COLUMNS_WIDE, _wide_hosts(plan, language), language, folded=1)
    return _filled(_HOST_COLUMNS, _hosts(plan, language), language, folded=0)


def _shown_hosts(plan: Plan, *, language: str = "ja", width: int = 80) -> RenderableType:
    """Return the table of hosts; where it has no room, each on lines of its own: none is cut."""
    wide = _wide_hosts(plan, language) if width >= WIDE else []
    if wide and _fits(_HOST_COLUMNS_WIDE, wide, language, folded=1, width=width):
        return hosts_table(plan, language=language, width=width)
    rows = _hosts(plan, language)
    if _fits(_HOST_COLUMNS, rows, language, folded=0, width=width):
        return hosts_table(plan, language=language, width=min(width, WIDE - 1))
    gateway = _HOST_COLUMNS[-1].text(language)
    return _stacked([(*row[:-1], f"{gateway} {row[-1]}") for row in rows], width)


def _hosts(plan: Plan, language: str) -> list[tuple[str, ...]]:
    return [_host(plan, a, language) for a in plan.attachments]


def _wide_hosts(plan: Plan, language: str) -> list[tuple[str, ...]]:
    return [_wide_host(plan, a, language) for a in plan.attachments]


def _host(plan: Plan, a: Attachment, language: str) -> tuple[str, ...]:
    name = plan.device[a.device].label.text(language)
    shared = f"{a.air}{_tag(a, language)}"
    place, zone = f"{a.at}\n{a.site} {shared}", f"{a.zone}\n{_classes(a, language)}"
    addresses = f"{a.ip}/{plan.subnet(a).prefixlen}\n{a.mac}"
    return f"{a.id}\n {name}", place, zone, addresses, str(plan.gateway(a))


def _wide_host(plan: Plan, a: Attachment, language: str) -> tuple[str, ...]:
    name, network = plan.device[a.device].label.text(language), plan.subnet(a).prefixlen
    place = f"{a.at} ({a.air}{_tag(a, language)})" if a.air else str(a.at)
    own = (f"{a.ip}/{network}", a.mac, str(plan.gateway(a)), _classes(a, language))
    return a.id, name, a.site, place, a.zone, *own


def _tag(a: Attachment, language: str) -> str:
    return f" {_TAG.text(language)} {a.tag}" if a.tag else ""


_TAG = Label("タグ", "tag")
_HOST_COLUMNS = (
    Label("接続口・機器", "attachment, device"),
    Label("ポート・拠点", "port, site"),
    Label("系統・区分", "zone, classes"),
    Label("IP・MAC", "IP, MAC"),
    Label("ゲートウェイ", "gateway"),
)
_HOST_COLUMNS_WIDE = (
    Label("接続口", "attachment"),
    Label("機器", "device"),
    Label("拠点", "site"),
    Label("ポート", "port"),
    Label("系統", "zone"),
    Label("IP", "IP"),
    Label("MAC", "MAC"),
    Label("ゲートウェイ", "gateway"),
    Label("区分", "classes"),
)
_RULE_COLUMNS = (
    Label("番号", "no."),
    Label("目的・根拠", "purpose, basis"),
    Label("誰から → どこへ", "from → to"),
    Label("サービス", "services"),
)


def rules_table(plan: Plan, *, language: str = "ja", width: int = 80) -> Table:
    """Return every permitted direction with its purpose, basis, ends and services, in columns."""
    return _filled(_RULE_COLUMNS, _rules(plan, language, width), language, folded=1)


def _shown_rules(plan: Plan, *, language: str = "ja", width: int = 80) -> RenderableType:
    """Return the table of rules; where it has no room, each on lines of its own: none is cut."""
    rows = _rules(plan, language, width)
    if _fits(_RULE_COLUMNS, rows, language, folded=1, width=width):
        return rules_table(plan, language=language, width=width)
    return _stacked(rows, width)


def _rules(plan: Plan, language: str, width: int) -> list[tuple[str, ...]]:
    rows = list[tuple[str, ...]]()
    live = {clause for _, _, clause in in_force(plan)}
    for clause in whole(plan).clauses:
        purpose = _purpose(clause, language, is_wide=width >= WIDE, rests=clause.id not in live)
        said = (clause.id, purpose)
        for allow in clause.allows:
            services = "\n".join(_service(plan.service[s]) for s in allow.services)
            rows.append((*said, _ends(plan, allow), services))
            said = ("", "")
    return rows


def _title(plan: Plan, language: str) -> Text:
    text = Text().append(plan.label.text(language), style="bold")
    text.append(f"  {plan.profile}  {plan.edition}", style="dim")
    sizes = (len(plan.sites), len(plan.switches), len(plan.devices), len(plan.attachments))
    words = Label(
        "拠点{} スイッチ{} 機器{} 接続口{}", "sites {}, switches {}, devices {}, attachments {}"
    )
    return text.append("\n" + words.text(language).format(*sizes) + "\n")


def _has_room_for_clauses(plan: Plan, signs: _Signs, width: int) -> bool:
    widths = _widths(plan, signs, is_wide=True)
    return sum(widths) + len(widths) + _NAME_WIDTH <= width


def _widths(plan: Plan, signs: _Signs, *, is_wide: bool) -> list[int]:
    return [
        max(len(d.id) if is_wide else 1, *(signs[s.id, d.id].cell_len for s in plan.sources))
        for d in plan.destinations
    ]


def _signs(plan: Plan, *, is_wide: bool) -> _Signs:
    """Return what each cell shows; a rule that rests is in its cell as the plan writes it."""
    live = in_force(plan)
    return {
        key: _sign(cell, [c for c in cell.clauses if (*key, c) in live], is_wide=is_wide)
        for key, cell in matrix(whole(plan)).items()
    }


def _sign(cell: Cell, live: list[str], *, is_wide: bool) -> Text:
    if cell.kind is CellKind.ALLOW:
        style = _STYLES[CellKind.ALLOW if live else CellKind.NOT_APPLICABLE]
        names = " ".join(c if c in live else f"[{c}]" for c in cell.clauses)
        return Text(names if is_wide else ALLOWED if live else RESTS, style=style)
    style = "bold red" if cell.is_must_drop else _STYLES[cell.kind]
    if is_wide or cell.kind is CellKind.DENY:
        return Text(cell.mark, style=style)
    return Text(_SIGNS[cell.kind], style=style)


def _packed(texts: Iterable[str], width: int, gap: str = "  ") -> str:
    """Return *texts* side by side on lines of at most *width* columns, none of them broken."""
    lines = [""]
    for text in texts:
        longer = f"{lines[-1]}{gap}{text}" if lines[-1] else text
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(text)
    return "\n".join(lines)


def _explained(plan: Plan, language: str) -> Iterable[str]:
    cells = matrix(whole(plan))
    counted = counts(cells.values())
    grave = sum(cell.is_must_drop for cell in cells.values())
    live = len({(source, destination) for source, destination, _ in in_force(plan)})
    meanings = (
        (ALLOWED, Label("許可(番号)", "allowed (rule)"), live),
        (RESTS, Label("効力なし[番号]", "not in force [rule]"), counted[CellKind.ALLOW] - live),
        (DENIED, Label("拒否", "denied"), counted[CellKind.DENY] - grave),
        (MUST_DROP, Label("拒否・重大", "must drop"), grave),
        (NOT_APPLICABLE, Label("対象外", "not applicable"), counted[CellKind.NOT_APPLICABLE]),
        ("P", Label("計画(今は拒否)", "planned"), counted[CellKind.PLANNED]),
        ("E", Label("庁外", "outside"), counted[CellKind.EXTERNAL]),
    )
    for sign, label, number in meanings:
        if number:
            yield f"{sign} {label.text(language)} {number}"


def _fits(
    columns: tuple[Label, ...], rows: list[tuple[str, ...]], language: str,
    *, folded: int, width: int,
) -> bool:  # fmt: skip
    """Tell whether all columns are whole where only *folded* gives way, and that at its words."""
    used = 0
    for number, column in enumerate(columns):
        texts = [column.text(language), *(row[number] for row in rows)]
        lines = [line for text in texts for line in text.split("\n")]
        if number == folded:  # a line that begins with a space is words, and may be broken
            lines = [line for line in lines[1:] if not line.startswith(" ")] if not number else []
        used += max(_LEAST_FOLDED, *(cell_len(line) for line in lines)) if lines else _LEAST_FOLDED
    return used + GAP * (len(columns) - 1) <= width


def _filled(
    columns: tuple[Label, ...], rows: list[tuple[str, ...]], language: str, *, folded: int
) -> Table:
    """Return a table in which only the column *folded* gives way when room is short."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(
            column.text(language), overflow="fold", no_wrap=number != folded, vertical="top"
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # a bracket in a name is not markup
    return table


def _stacked(rows: list[tuple[str, ...]], width: int) -> Group:
    """Return each of *rows* as lines of its own, the first at the edge."""
    shown = list[RenderableType]()
    for row in rows:
        first, *rest = [line.strip() for cell in row for line in cell.split("\n") if line.strip()]
        shown.append(Text(first, overflow="fold"))
        packed = Text(_packed(rest, width - _INDENT), overflow="fold")
        shown.append(Padding(packed, (0, 0, 0, _INDENT)))
    return Group(*shown)


def _classes(attachment: Attachment, language: str) -> str:
    classes = f"{attachment.source}/{attachment.destination}"
    if attachment.registered:
        return classes
    return f"{classes} {Label('未登録', 'unregistered').text(language)}"


def _purpose(clause: Clause, language: str, *, is_wide: bool, rests: bool) -> str:
    purpose = clause.purpose.text(language)
    if rests:
        purpose += f" [{Label('効力なし', 'not in force').text(language)}]"
    if clause.special is not None:
        purpose += f" [{Label('特定通信', 'designated').text(language)}]"
    if clause.until is not None:
        purpose += f" [{Label('{}まで', 'until {}').text(language).format(clause.until)}]"
    if clause.hours:
        purpose += f" [{', '.join(spoken_hours(str(h), language) for h in clause.hours)}]"
    basis = _BASES[clause.basis].text(language)
    note = f":{clause.basis_note}" if clause.basis_note and is_wide else ""
    return f"{purpose}\n {basis}{note}"


def _ends(plan: Plan, allow: Allow) -> str:
    begin = [*allow.sources, *_only(plan, allow.only_from)]
    reach = [f"→ {allow.destination}", *_only(plan, allow.only_to)]
    return "\n".join(_packed(words, _ENDS_WIDTH, gap=" ") for words in (begin, reach))


def _only(plan: Plan, attachments: tuple[str, ...]) -> list[str]:
    """Return *attachments* in brackets, each by its device where that has no other."""
    names = []
    for name in attachments:
        device = plan.device[plan.attachment[name].device]
        names.append(device.id if len(device.attachments) == 1 else name)
    return f"({', '.join(names)})".split(" ") if names else []


def _service(service: Service) -> str:
    if not service.has_ports:
        return f"{service.id} {service.protocol.word} echo"
    first, *rest = map(str, service.ports)
    words = [service.id, f"{service.protocol.word}/{first}", *rest]
    return _packed(words, _ENDS_WIDTH, gap=" ")
