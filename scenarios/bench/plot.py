"""A small plot as SVG: curves beside each other over one axis, each with what is in proportion.

Pure: numbers to text. A dashed line from nothing through the first point shows proportion: a curve
above it grows faster than what it is drawn over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDE, _HIGH, _LEFT, _BELOW, _TOP = 260, 180, 64, 44, 34
_STEPS = 4
_TEXT = 'font-family="sans-serif" font-size="11" fill="#222"'


@dataclass(frozen=True, slots=True)
class Curve:
    """A name with its unit, and a value for each place on the axis."""

    name: str
    values: Sequence[float]


def plot(axis: str, at: Sequence[float], curves: Sequence[Curve]) -> str:
    """Return an SVG of *curves*, side by side, over the places *at* of *axis*.

    Raises:
        ValueError: A curve has another number of values than there are places, or there are none.
    """
    if not at or any(len(curve.values) != len(at) for curve in curves):
        raise ValueError("every place of the axis has one value of each curve")
    width = len(curves) * (_LEFT + _WIDE) + _LEFT // 2
    height = _TOP + _HIGH + _BELOW
    body = [
        part
        for number, curve in enumerate(curves)
        for part in _panel(number * (_LEFT + _WIDE) + _LEFT, axis, at, curve)
    ]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}">',
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            *body,
            "</svg>\n",
        )
    )


def round_up(value: float) -> float:
    """Return the next of 1, 2, 2.5, 5 and 10 times a power of ten.

    >>> round_up(130), round_up(0.3), round_up(2500)
    (200.0, 0.5, 2500.0)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if value <= step * power * (1 + 1e-9))


def _panel(left: float, axis: str, at: Sequence[float], curve: Curve) -> Iterator[str]:
    most_x, most_y = round_up(max(at)), round_up(max(curve.values))
    bottom = _TOP + _HIGH

    def point(x: float, y: float) -> str:
        return f"{left + x / most_x * _WIDE:.1f},{bottom - y / most_y * _HIGH:.1f}"

    for step in range(_STEPS + 1):
        share = step / _STEPS
        y, x = bottom - share * _HIGH, left + share * _WIDE
        yield f'<path d="M{left},{y:.1f}h{_WIDE}" stroke="#ddd"/>'
        yield _text(left - 6, y + 4, f"{most_y * share:,.4g}", "end")
        yield _text(x, bottom + 16, f"{most_x * share:,.4g}", "middle")
    yield _text(left + _WIDE / 2, bottom + 34, axis, "middle")
    yield _text(left, _TOP - 14, curve.name, "start")
    slope = curve.values[0] / at[0] if at[0] else 0.0
    end = min(max(at), most_y / slope) if slope else max(at)
    yield _line([point(0, 0), point(end, end * slope)], ' stroke="#999" stroke-dasharray="4 4"')
    marks = [point(x, y) for x, y in zip(at, curve.values, strict=True)]
    yield _line(marks, ' stroke="#1d4f91" stroke-width="2"')
    for mark in marks:
        x_text, _, y_text = mark.partition(",")
        yield f'<circle cx="{x_text}" cy="{y_text}" r="3.5" fill="#1d4f91"/>'


def _line(points: Sequence[str], style: str) -> str:
    return f'<polyline points="{" ".join(points)}" fill="none"{style}/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_TEXT}>{escape(words)}</text>'
