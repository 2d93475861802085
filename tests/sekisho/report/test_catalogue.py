"""The catalogue of attacks in the reports: every id is told, with its reason or its verdict."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import orjson
from rich.console import Console

from scenarios.attacks import Kind, load_families
from sekisho.evidence.case_file import CASES, write_cases
from sekisho.evidence.seal import seal
from sekisho.evidence.verdict import Verdict
from sekisho.report.catalogue import FAMILIES, KINDS
from sekisho.report.html import render as page
from sekisho.report.reading import read
from sekisho.report.terminal import render
from tests.sekisho.report.dom import by_id, parse, text
from tests.sekisho.report.fake_run import cases, write_run

_LINES = [
    {"id": "TU-01", "name": "GRE", "kind": "frames", "reason": "", "cases": 1, "frames": 7},
    {"id": "TU-02", "name": "IPIP", "kind": "stateful", "reason": "", "cases": 1, "frames": 5},
    {"id": "TM-01", "name": "boot", "kind": "elsewhere", "reason": "events: boot", "cases": 0,
     "frames": 0},
    {"id": "CC-06", "name": "time", "kind": "residual", "reason": "nobody can tell", "cases": 0,
     "frames": 0},
]  # fmt: skip


def catalogued(folder: Path) -> Path:
    """Write a run with a small catalogue: TU-01 passed, and one case of TU-02 is inconclusive."""
    write_run(folder, number=4, verdicts={2: Verdict.INCONCLUSIVE})
    made = list(cases(4, {2: Verdict.INCONCLUSIVE}))
    made[1:3] = [
        replace(made[1], probe="TU-01", item=0),
        replace(made[2], probe="TU-02", item=0),
    ]
    write_cases(folder / CASES, made)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["catalogue"] = _LINES
    seal(folder, manifest)
    return folder


def shown(folder: Path, language: str) -> str:
    """Return what a pipe would get."""
    console = Console(file=io.StringIO(), width=80)
    console.print(render(read(folder), language=language, width=80))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_terminal_counts_the_ids_by_kind(tmp_path: Path) -> None:
    """Both kinds that are sent are one number."""
    folder = catalogued(tmp_path)

    assert "攻撃の型 4  送信 2  別の試験で 1  残存リスク 1  未実施 0" in shown(folder, "ja")
    assert "catalogue ids 4  sent 2  run elsewhere 1  residual 1  skipped 0" in shown(folder, "en")


def test_the_page_tells_each_id_with_its_worst_verdict_or_its_reason(tmp_path: Path) -> None:
    """Nothing is absent in silence."""
    chapter = by_id(parse(page(read(catalogued(tmp_path)))), "catalogue")
    for english in chapter.iterfind(".//*[@lang='en']"):
        english.text = ""
    rows = [" ".join(text(cell) for cell in row) for row in chapter.findall(".//tbody/tr")]

    assert rows == [
        "TU-01 GRE 送信 7 ○ 計画どおり",
        "TU-02 IPIP 送信(状態を残す) 5 ◇ 判定不能",
        "TM-01 boot 別の試験で: events: boot 0 －",
        "CC-06 time 残存リスク: nobody can tell 0 －",
    ]


def test_a_suite_without_catalogue_has_no_chapter(tmp_path: Path) -> None:
    """An empty table would look like something that was tested."""
    folder = write_run(tmp_path)

    assert 'id="catalogue"' not in page(read(folder))
    assert "攻撃の型" not in shown(folder, "ja")


def test_every_kind_and_family_has_its_words() -> None:
    """The reports cannot ask the catalogue: they know the run folder alone."""
    assert {kind.value for kind in Kind} == set(KINDS)
    assert {entry.family for entry in load_families()} <= set(FAMILIES)
