"""Build HTML as values: every plain string is escaped, only what was built here is not.

Knows HTML's grammar and the two languages of a report, nothing of runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from sekisho.model import Label

_WITHOUT_END = frozenset({"br", "input", "meta"})  # HTML, 13.1.2: elements without an end tag


class Markup(str):
    """Text that already is HTML."""

    __slots__ = ()


def tag(name: str, /, *children: str, **attributes: str | int | None) -> Markup:
    """Return one element.

    Args:
        name: Element name.
        children: Content; plain strings are escaped.
        attributes: ``class_`` stands for ``class``, ``data_x`` for ``data-x``; None is left out.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _WITHOUT_END:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{join(children)}</{name}>")


def join(children: Iterable[str]) -> Markup:
    """Put *children* one after another; plain strings are escaped."""
    return Markup("".join(c if isinstance(c, Markup) else escape(c) for c in children))


def both(label: Label) -> Markup:
    """Return *label* in both languages; the page shows the one that is switched on."""
    if label.ja == label.en:
        return join((label.ja,))
    return join((tag("span", label.ja, lang="ja"), tag("span", label.en, lang="en")))


def say(ja: str, en: str) -> Markup:
    """Return a phrase in both languages."""
    return both(Label(ja, en))


def table(heads: Iterable[str], rows: Iterable[Iterable[str]], **attributes: str) -> Markup:
    """Return a table whose first cell in each row is the row's header."""
    head = tag("tr", *(tag("th", cell, scope="col") for cell in heads))
    body = [_row(list(cells)) for cells in rows]
    return tag("table", tag("thead", head), tag("tbody", *body), **attributes)


def _row(cells: list[str]) -> Markup:
    first = tag("th", cells[0], scope="row")
    return tag("tr", first, *(tag("td", cell) for cell in cells[1:]))
