"""A plan, and what a running town has laid over it: which changes, by whom, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sekisho.commands import standing
from sekisho.commands.changed import clock
from sekisho.commands.runs import RUNS
from sekisho.errors import LabError, UsageError
from sekisho.model import Label, Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.resegment.journal import Journal
from sekisho.resegment.preview import AttachmentState, policy_preview
from sekisho.resegment.protocol import JOURNAL_FILE, StateRequest
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection

_TITLE = Label("この上に有効な変更 ({})", "Changes that stand over it ({})")
_NONE = Label("この上に有効な変更はない ({})", "No change stands over it ({})")
_QUARANTINE = Label("隔離", "quarantine")
_OPENED = Label("計画中の通信を開けた", "planned permission, opened")
_HEADS = (
    Label("番号", "no."),
    Label("日時", "when"),
    Label("申請者", "by"),
    Label("理由", "reason"),
    Label("期限", "until"),
    Label("何を", "what"),
)


def find_journal(plan: Plan, run: Path | None) -> Path | None:
    """Return the journal of *run*, else that of the newest running town of this very plan.

    Raises:
        UsageError: *run* has none, or its changes are those of another plan.
    """
    if run is None:
        return _living(plan)
    path = run / JOURNAL_FILE
    if not path.exists():
        raise UsageError(
            f"{path}: there is no journal of changes\n  hint: the run folder of sekisho up"
        )
    for move in (m for c in Journal(path).changes.values() for m in c.moves):
        here = plan.attachment.get(move.attachment)
        if here is None or str(here.at) != move.port:
            raise UsageError(
                f"{run}: {move.attachment} at {move.port} is not of {plan.path}\n"
                "  hint: name the plan that the town was started with"
            )
    return path


def _living(plan: Plan) -> Path | None:
    try:
        folder = Path(standing.find(RUNS, None).folder)
        with JsonLineConnection.to(folder / SOCKET) as town_client:
            of = town_client.ask(StateRequest().to_wire()).get("plan", "")
    except (UsageError, LabError, OSError):
        return None  # nobody is asked for by name: there is none
    path = folder / JOURNAL_FILE
    return path if path.exists() and Path(of) == Path(plan.path).resolve() else None


def overlay(plan: Plan, journal: Path, language: str) -> RenderableType:
    """Return every change that stands, in its order, with what each port was and is."""
    changes = Journal(journal).standing
    if not changes:
        return Text("\n" + _NONE.text(language).format(journal.parent))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for head in _HEADS:
        table.add_column(head.text(language), overflow="fold", vertical="top")
    for number, change in enumerate(changes):
        before = apply_changes(plan, changes[:number])
        until = clock(change.until) if change.until else ""
        what = "\n".join(
            _whats(before, apply_changes(plan, changes[: number + 1]), change, language)
        )
        words = (str(change.number), clock(change.at), change.by, change.reason, until, what)
        table.add_row(*map(Text, words))
    title = Text("\n" + _TITLE.text(language).format(journal.parent), style="bold")
    return Group(title, table)


def _whats(before: Plan, after: Plan, change: Change, language: str) -> Iterator[str]:
    shown = policy_preview(before, after)
    for moved in shown.moved:
        yield f"{moved.port} {moved.attachment}"
        yield f"  {_side(moved.before, language)} → {_side(moved.after, language)}"
    for link in change.links:
        yield f"{link} {_OPENED.text(language)}"
    for source, destination, was, now in shown.cells:
        yield f"  {source} → {destination}: {was} → {now}"


def _side(side: AttachmentState, language: str) -> str:
    return f"{side.zone}/{side.source} {side.ip}" if side.registered else _QUARANTINE.text(language)
