"""What drawings and tables show of a plan that has no letters of its own."""

from __future__ import annotations

import math
import re
from itertools import combinations
from pathlib import Path

from sekisho.draw.dot import COLOURS, colours
from sekisho.plan import load
from sekisho.policy.matrix import matrix
from tests.small import small

_TINY = Path(__file__).parents[3] / "topologies" / "tiny.yaml"
_LABELS = {"ja": "名前", "en": "Name"}


def test_zones_without_a_layer_are_drawn_by_what_they_protect(tmp_path: Path) -> None:
    """Else everything would stand in one box, and be of one colour."""
    (tmp_path / "t.yaml").write_text(re.sub(r" layer: \w+,", "", _TINY.read_text("utf-8")), "utf-8")

    found = colours(load(tmp_path / "t.yaml"))

    assert [label.en for label in found] == ["resident information", "office work", "visitors"]
    assert len(set(found.values())) == 3


def test_what_is_planned_never_looks_like_a_permission(tmp_path: Path) -> None:
    """Whatever number it has, and where it has none."""
    for name, mark in (("A07", "(A07)"), ("P28", "(P28)"), ("", "(P)")):
        note = {"kind": "planned", "from": ["S2"], "to": ["D2"]}
        cells = [{**note, "label": _LABELS, **({"id": name} if name else {})}]
        plan = load(small(tmp_path, cells=cells, must_drop=[]))
        assert matrix(plan)["S2", "D2"].mark == mark


def _lab(colour: str) -> tuple[float, float, float]:
    """Return a colour's place in CIE 1976 L*a*b*, from sRGB (IEC 61966-2-1) under D65."""
    levels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    r, g, b = (u / 12.92 if u <= 0.04045 else ((u + 0.055) / 1.055) ** 2.4 for u in levels)
    xyz = (
        (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
        0.2126 * r + 0.7152 * g + 0.0722 * b,
        (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def test_no_two_layers_look_alike() -> None:
    """Nor like a hub's grey or the paper; black letters can be read on each."""
    places = [_lab(colour) for colour in (*COLOURS, "#dddddd")]

    assert min(math.dist(a, b) for a, b in combinations(places, 2)) > 12
    assert min(math.dist(place, _lab("#ffffff")) for place in places) > 11
    assert min(light for light, _, _ in places) > 70
