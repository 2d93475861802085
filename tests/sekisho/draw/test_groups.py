"""What drawings and tables show of a plan that has no letters of its own."""

from __future__ import annotations

import re
from pathlib import Path

from sekisho.draw.dot import colours
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
