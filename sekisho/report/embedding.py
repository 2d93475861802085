"""Put all cases of a run into a page: dictionary-encoded, compressed, decoded when needed.

Most keys of a case follow from another one (a MAC address from its attachment), so such a column is
kept once for each value of the other. The rest is numbers into tables. What is left is compressed
(zlib, RFC 1950), which every browser of today undoes by itself (``DecompressionStream``).
"""

from __future__ import annotations

import base64
import zlib
from array import array

import orjson

from sekisho.evidence.case import CASE_KEYS
from sekisho.evidence.verdict import Verdict
from sekisho.report.reading import RunRecord
from sekisho.report.table import CaseTable, Column

KEYS = ("src", "dst", "cell", "item")  # the columns that others may follow from

# Key, Japanese, English; a row that has no key opens a group of the full record.
FIELDS: tuple[tuple[str, str, str], ...] = (
    ("", "判定", "Verdict"),
    ("case", "試験番号", "case"), ("verdict", "判定", "verdict"), ("mark", "記号", "mark"),
    ("reason", "理由", "reason"), ("cell", "表のマス", "cell"), ("clause", "要件番号", "clause"),
    ("requirement", "要求事項", "requirement"), ("severity", "重大度", "severity"),
    ("edition", "ガイドライン版", "guideline edition"), ("state", "状態", "state"),
    ("plan_line", "計画書の行", "plan line"), ("run", "実行番号", "run"),
    ("", "送信元", "Source"),
    ("src", "接続", "attachment"), ("src_class", "区分", "class"), ("src_host", "機器", "device"),
    ("src_site", "拠点", "site"), ("src_switch", "スイッチ", "switch"),
    ("src_port", "ポート", "port"), ("src_zone", "系統", "zone"), ("src_vlan", "VLAN", "VLAN"),
    ("src_mac", "MACアドレス", "MAC address"), ("src_ip", "IPアドレス", "IP address"),
    ("", "宛先", "Destination"),
    ("dst", "接続", "attachment"), ("dst_class", "区分", "class"), ("dst_host", "機器", "device"),
    ("dst_site", "拠点", "site"), ("dst_switch", "スイッチ", "switch"),
    ("dst_port", "ポート", "port"), ("dst_zone", "系統", "zone"), ("dst_vlan", "VLAN", "VLAN"),
    ("dst_mac", "MACアドレス", "MAC address"), ("dst_ip", "IPアドレス", "IP address"),
    ("", "送った内容", "What was sent"),
    ("probe", "試験の種類", "probe"), ("item", "試験項目", "probe item"),
    ("proto", "プロトコル", "protocol"), ("ports", "宛先ポート", "destination ports"),
    ("spoof", "なりすました相手", "identity claimed"), ("expect", "期待", "expected"),
    ("start", "開始", "start"), ("end", "終了", "end"),
    ("", "観測した内容", "What was seen"),
    ("sent", "送信数", "frames sent"), ("sent_seen", "送信を確認した数", "seen leaving"),
    ("arrived", "到達数", "arrived"), ("elsewhere", "他の場所での観測", "seen elsewhere"),
    ("answered", "応答数", "answers"),
    ("", "遮断した箇所", "Where it was dropped"),
    ("drop_switch", "スイッチ", "switch"), ("drop_table", "テーブル", "table"),
    ("drop_cookie", "規則の番号", "cookie"), ("drop_priority", "優先度", "priority"),
    ("drop_rule", "規則", "rule"), ("drop_expected", "数えるべき数", "copies to count"),
    ("drop_counted", "数えた数", "copies counted"),
    ("", "陽性対照(同じ形で通るはずの通信)", "Positive control"),
    ("control", "試験番号", "case"), ("control_arrived", "到達数", "arrived"),
    ("control_gap_ms", "時間差(ミリ秒)", "gap (ms)"),
    ("", "証跡", "Evidence"),
    ("pcap", "記録ファイル", "capture"), ("pcap_sha256", "SHA-256", "SHA-256"),
    ("tester", "試験者", "tester"), ("witness", "立会者", "witness"),
)  # fmt: skip


def payload(record: RunRecord) -> str:
    """Return all cases of *record* and the words to show them with, as base64 of zlib of JSON."""
    plan = record.manifest.plan
    ranked = sorted(Verdict, key=lambda verdict: -verdict.badness)
    content = {
        "rows": len(record.cases),
        "columns": _columns(record.cases),
        "fields": FIELDS,
        "verdicts": {v.value: [v.mark, v.label.ja, v.label.en] for v in ranked},
        "classes": {n.id: [n.label.ja, n.label.en] for n in (*plan.sources, *plan.destinations)},
        "cells": {
            key: {
                "mark": cell.mark,
                "kind": cell.kind.value,
                "severity": cell.severity,
                "requirements": cell.requirements,
                "where": cell.where,
            }
            for key, cell in plan.cells.items()
        },
        "clauses": {key: [c.label.ja, c.label.en, c.where] for key, c in plan.clauses.items()},
        "findings": [finding.case for finding in record.findings],
    }
    return base64.b64encode(zlib.compress(orjson.dumps(content), 9)).decode("ascii")


def _columns(cases: CaseTable) -> dict[str, dict[str, object]]:
    return {key: _column(cases, key) for key in CASE_KEYS}


def _column(cases: CaseTable, key: str) -> dict[str, object]:
    column = cases.columns[key]
    if len(column.values) <= 1:
        return {"values": column.values}
    for other in KEYS:
        if other != key and (found := _following(column, cases.columns[other])) is not None:
            return {"values": column.values, "of": other, "codes": found}
    if len(column.values) == len(column.codes):  # all different, so each code is its row
        return {"values": column.values, "codes": None}
    return {"values": column.values, "codes": column.codes.tolist()}


def _following(column: Column, other: Column) -> list[int] | None:
    """Return the code of *column* for each code of *other*, or None where it does not follow."""
    found: array[int] = array("l", [-1]) * len(other.values)
    for code, known in zip(column.codes, other.codes, strict=True):
        if found[known] != code:
            if found[known] != -1:
                return None
            found[known] = code
    return found.tolist()
