"""DOT text in small pieces: quoting, tables, colours, the head of a diagram.

Knows Graphviz's language and the layers of a plan; what a diagram shows is decided by its caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from sekisho.model import Label, Plan

FONT = "Noto Sans CJK JP"

# Layers take these in the order of the plan; light enough for black letters on any printer, no grey
# (a hub's), and any two at least 12 apart (CIE 1976 L*a*b*): a step that is seen at a glance.
COLOURS = (
    "#f6c9c1", "#fbe3b0", "#c9e0f5", "#d3ebcb", "#e3d6f0", "#e6f28c", "#a8e8e0", "#ffb07a",
    "#f7b8e4", "#9ec4f0", "#a5d69a", "#bcae98", "#bda6ee", "#f09a9a",
)  # fmt: skip
_NAMED = 3  # zones that a layer's entry in the legend names
_ENTRIES = 3  # entries on a line of the legend


def quoted(text: str) -> str:
    """Return *text* as a DOT string."""
    backslashed = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{backslashed}"'


def cell(text: str, **attributes: str | int) -> str:
    """Return a cell of plain *text*, aligned left unless told otherwise."""
    return raw_cell(escape(text), **{"ALIGN": "LEFT", **attributes})


def raw_cell(markup: str, **attributes: str | int) -> str:
    """Return a cell of Graphviz markup; a line of text in it ends with ``<BR/>``."""
    words = "".join(f' {name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<TD{words}>{markup}</TD>"


def lines(text: str) -> str:
    """Return markup of *text*, whose line ends stay line ends, aligned left."""
    return "".join(f'{escape(line)}<BR ALIGN="LEFT"/>' for line in text.splitlines())


def wrapped(words: Iterable[str], across: int) -> str:
    """Return *words* side by side, *across* of them on a line."""
    given = list(words)
    return "\n".join(" ".join(given[n : n + across]) for n in range(0, len(given), across))


def table(rows: Iterable[str], **attributes: str | int) -> str:
    """Return a table of *rows*, each a string of cells."""
    given = {"BORDER": 0, "CELLBORDER": 0, "CELLSPACING": 1, "CELLPADDING": 2, **attributes}
    words = "".join(f' {name}="{escape(str(value))}"' for name, value in given.items())
    return f"<TABLE{words}>{''.join(f'<TR>{row}</TR>' for row in rows)}</TABLE>"


def font(markup: str, **attributes: str | int) -> str:
    """Return *markup* in another colour or size."""
    words = "".join(f' {name}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<FONT{words}>{markup}</FONT>"


def colours(plan: Plan) -> dict[Label, str]:
    """Return the colour of each layer of *plan*."""
    layers = dict.fromkeys(zone.group for zone in plan.zones)
    return {layer: COLOURS[n % len(COLOURS)] for n, layer in enumerate(layers)}


def head(plan: Plan, title: Label, note: Label, language: str) -> Iterator[str]:
    """Yield the lines that every diagram begins with: fonts, title and legend."""
    name = f"{plan.label.text(language)}  {title.text(language)}"
    top = raw_cell(font(f"<B>{escape(name)}</B>", **{"POINT-SIZE": 18}), ALIGN="LEFT")
    entries = [_layer(plan, layer, language) for layer in colours(plan)]
    legend = table("".join(entries[n : n + _ENTRIES]) for n in range(0, len(entries), _ENTRIES))
    rows = [top, raw_cell(legend, ALIGN="LEFT"), cell(note.text(language))]
    yield f"graph [fontname={quoted(FONT)}, fontsize=10, labelloc=t, labeljust=l, pad=0.3];"
    yield f"node [fontname={quoted(FONT)}, fontsize=9, shape=plain];"
    yield f"edge [fontname={quoted(FONT)}, fontsize=9];"
    yield f"label=<{table(rows)}>;"


def _layer(plan: Plan, layer: Label, language: str) -> str:
    zones = [zone.label.text(language) for zone in plan.zones if zone.group == layer]
    more = len(zones) - _NAMED
    if more > 0:
        zones[_NAMED:] = [Label(f"ほか{more}", f"{more} more").text(language)]
    square = cell(layer.text(language), BGCOLOR=colours(plan)[layer], ALIGN="CENTER", WIDTH=24)
    return square + cell(", ".join(zones) + "    ")
