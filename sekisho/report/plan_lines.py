"""Which lines of the plan a run has exercised, by proof and by wire: a line, and what is left.

Read from ``lines.json`` of the run folder; a run without it says nothing of it.
"""

from __future__ import annotations

from typing import Any, cast

from sekisho.model import Label
from sekisho.report.json_file import json_object, understood
from sekisho.report.markup import Markup, both, join, say, table, tag
from sekisho.report.points import NEEDS
from sekisho.report.reading import RunRecord

#: What the kinds of lines are called; the words of the first page where it has them.
KINDS = {
    "allow": Label("許可", "permission"),
    "cell": Label("拒否", "denial"),
    "must_drop": Label("確認項目", "what must hold"),
    "must_reach": NEEDS,
}
_MOST = 5  # lines that are told in a terminal
_KEYS = ("where", "kind", "id", "proof", "wire")


def _read(record: RunRecord) -> dict[str, Any] | None:
    path = record.folder / "lines.json"
    if not path.exists():
        return None
    found = cast(dict[str, Any], json_object(path))
    with understood(path):
        lines = [{key: line[key] for key in _KEYS} for line in found["lines"]]
        return {"proved": bool(found["proved"]), "lines": lines}


def words(record: RunRecord, language: str) -> list[str]:
    """Return the counts in phrases; none where no line was counted."""
    found = _read(record)
    if found is None or not found["lines"]:
        return []
    lines = found["lines"]
    by_proof, by_wire = (sum(bool(line[key]) for line in lines) for key in ("proof", "wire"))
    proof = f"{by_proof:,}" if found["proved"] else "－"
    said = (
        Label(f"計画の行 {len(lines):,}", f"plan lines {len(lines):,}"),
        Label(f"証明 {proof}", f"by proof {proof}"),
        Label(f"実通信 {by_wire:,}", f"by wire {by_wire:,}"),
    )
    return [label.text(language) for label in said]


def unexercised(record: RunRecord, language: str) -> list[str]:
    """Return the first lines that no case has exercised, a line each."""
    found = _read(record)
    left = [_told(line, language) for line in found["lines"] if not line["wire"]] if found else []
    if not left:
        return []
    head = Label("実通信で試していない行", "lines not exercised by wire").text(language)
    more = ["  …"] if len(left) > _MOST else []
    return [f"{head} {len(left):,}", *(f"  {text}" for text in left[:_MOST]), *more]


def _told(line: dict[str, Any], language: str) -> str:
    return f"{line['where']} {_kind(line).text(language)} {line['id']}"


def _kind(line: dict[str, Any]) -> Label:
    return KINDS.get(line["kind"], Label(line["kind"], line["kind"]))


def chapter(record: RunRecord) -> list[Markup]:
    """Return the chapter of the plan's lines; nothing where none was counted."""
    found = _read(record)
    if found is None or not found["lines"]:
        return []
    heads = (say("計画の行", "line of the plan"), say("証明", "proof"), say("実通信", "wire"))
    rows = [
        (
            join((tag("code", line["where"]), " ", both(_kind(line)), f" {line['id']}")),
            "○" if line["proof"] else "－",
            f"{line['wire']:,}" if line["wire"] else "－",
        )
        for line in found["lines"]
    ]
    parts = [
        tag("h2", say("計画の行の網羅", "Coverage of the plan's lines")),
        tag(
            "p",
            say(
                "証明: その行が決めるパケットがあり、全パケットの証明に含まれる。"
                "実通信: その行が決め、判定できた試験の数。",
                "Proof: there are packets that the line decides, and the proof covers them. "
                "Wire: cases that the line decides and that could be judged.",
            ),
        ),
        table(heads, rows, class_="plain"),
    ]
    return [tag("section", *parts, class_="sheet", id="lines")]
