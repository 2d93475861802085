"""``sekisho doctor``: what this machine has for a town, and what brings the rest."""

from __future__ import annotations

from argparse import Namespace

from rich.table import Table

from sekisho.commands.screen import Screen
from sekisho.errors import LabError
from sekisho.model import Label
from sekisho.runtime.doctor import Found, examine

_THERE, _MISSING, _OPTIONAL = "○", "×", "－"
_HEADINGS = (
    Label("", ""),
    Label("必要なもの", "needed"),
    Label("用途", "for"),
    Label("所在、または入手の方法", "where it is, or what brings it"),
)
_READY = Label("判定 環境を起動できます", "verdict: towns can be started here")
_LACKING = Label(
    "判定 環境を起動できません: 不足{}件", "verdict: no town can be started: {} missing"
)


def doctor(args: Namespace, screen: Screen) -> int:
    """Print what was looked for and found; return 0 where a town can be booted, else 3."""
    found = list(examine())
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for heading in _HEADINGS:
        table.add_column(heading.text(args.lang), overflow="fold")
    for each in found:
        table.add_row(
            _sign(each), each.need.name, each.need.part.value.text(args.lang), _said(each)
        )
    screen.out.print(table)
    fatal = sum(each.is_fatal for each in found)
    screen.out.print((_LACKING if fatal else _READY).text(args.lang).format(fatal))
    return LabError.exit_code if fatal else 0


def _sign(found: Found) -> str:
    if found.where:
        return _THERE
    return _MISSING if found.is_fatal else _OPTIONAL


def _said(found: Found) -> str:
    if found.where:
        return found.where
    return f"{found.need.brought_by} ({found.why})" if found.why else found.need.brought_by
