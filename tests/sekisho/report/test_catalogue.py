"""The catalogue of attacks in the reports: every id is told, with its reason or its verdict."""

from __future__ import annotations

import io
import re
from collections import Counter
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
from sekisho.spoken import japanese
from sekisho.spoken.attacks import attack_name, known_attacks
from tests.sekisho.report.dom import by_id, parse, text
from tests.sekisho.report.fake_run import cases, write_run

#: Latin words with a small letter, which are no mere initials.
_LATIN = re.compile(r"[A-Za-z]*[a-z][A-Za-z]*")
_PRODUCTS = """in wpad NetBIOS on Wake LAN MACsec PPPoE InARP IPv IPsec Teredo Geneve EtherIP
    WireGuard OpenVPN UDP Lite DHCPv MAC rd to"""

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
        "TU-01 宛先へのGRE 送信 7 ○ 計画どおり",
        "TU-02 開いた終端へのGREとIP in IP 送信(状態を残す) 5 ◇ 判定不能",
        "TM-01 制御装置より先に上がる回線 別の試験で: 事象の試験で行う(起動) 0 －",
        "CC-06 パケットの間隔に隠す 残存リスク: nobody can tell 0 －",
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


def test_every_entry_has_a_japanese_name_and_reason() -> None:
    """And no name is left of an entry that is gone; no two are called alike."""
    entries = list(load_families())
    names = [attack_name(one.id, "") for one in entries]

    assert set(known_attacks()) == {one.id for one in entries}
    assert len(set(names)) == len(names)
    assert [one.id for one in entries if one.reason and japanese(one.reason) == one.reason] == []


def test_an_entry_of_a_later_version_goes_by_its_english_name() -> None:
    """Its run folder may be read by this one."""
    assert attack_name("ZZ-01", "something new") == "something new"


def test_a_japanese_name_has_no_english_word() -> None:
    """But for protocols, standards and products, which nobody translates."""
    words = Counter(
        word for one in load_families() for word in _LATIN.findall(attack_name(one.id, ""))
    )

    assert set(words) <= set(_PRODUCTS.split())
