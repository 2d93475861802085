"""The terminal report: legible without colour, honest about what was not tested."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.report.points import POINTS
from sekisho.report.reading import read
from sekisho.report.tally import by_line
from sekisho.report.terminal import render
from tests.sekisho.report.fake_run import put_cases, raw_cases, write_run


def shown(folder: Path, *, language: str = "ja", width: int = 80) -> list[str]:
    """Return the lines that a pipe would get."""
    console = Console(file=io.StringIO(), width=width)
    console.print(render(read(folder), language=language, width=width))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_last_line_is_the_verdict(tmp_path: Path) -> None:
    """What remains on the screen is the answer."""
    folder = write_run(tmp_path, number=400, whole=True)

    assert shown(folder)[-1] == "判定 合格: 試験400件、漏れ0件"
    assert shown(folder, language="en")[-1] == "verdict PASS: 400 cases, 0 leaks"


def test_a_leak_fails_the_run_and_is_named_whole(tmp_path: Path) -> None:
    """Source, destination, switch, port, rule and plan line: enough to go and look."""
    lines = shown(write_run(tmp_path, verdicts={3: Verdict.LEAK}))
    at = lines.index("× T-000004 漏れ  S2/D17  pc-2-1.lan → srv-17.lan  tcp-scan 443 8080")

    assert lines[-1] == "判定 不合格: 漏れ1件 (200件中)"
    assert lines[at + 1 : at + 5] == [
        "    場所 fl3:1",
        "    規則 cookie=0x0211, table=5, priority=100",
        "    計画 topologies/matsuno.yaml:306",
        "    理由 2 copies arrived at a destination that the plan forbids.",
    ]


def test_no_more_than_ten_causes_are_listed_the_worst_first(tmp_path: Path) -> None:
    """A run gone wrong stays readable; the rest is counted."""
    verdicts = {row: Verdict.UNATTRIBUTED for row in range(14)} | {90: Verdict.LEAK}
    lines = shown(write_run(tmp_path, verdicts=verdicts))
    listed = [line for line in lines if line[:4] in ("× T-", "△ T-")]

    assert len(listed) == 10
    assert listed[0].startswith("× T-000091")
    assert "指摘: 原因11件、該当する試験15件" in lines
    assert "  ほか原因1件" in lines


def test_findings_of_one_cause_are_told_once(tmp_path: Path) -> None:
    """With how many there are, and what to repair; one of them is shown with its packet."""
    run = write_run(tmp_path, number=4000, verdicts={3: Verdict.LEAK, 200: Verdict.UNATTRIBUTED})
    findings = json.loads((run / "findings.json").read_bytes())
    cases = [json.loads(line) for line in raw_cases(run).splitlines()]
    alike = [
        c for c in cases if c["drop_rule"] == cases[200]["drop_rule"] and c["verdict"] == "pass"
    ]
    alike = [c for c in alike if c["drop_switch"] == cases[200]["drop_switch"]][:5]
    for case in alike:
        case |= {"verdict": "unattributed", "mark": "△", "reason": "counted 1 of 2"}
        own = {key: case[key] for key in ("case", "src", "dst", "verdict", "plan_line", "pcap")}
        findings.append({**findings[-1], **own})
    text = "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in cases)
    put_cases(run, text.encode())
    (run / "findings.json").write_text(json.dumps(findings), "utf-8")
    summary = json.loads((run / "summary.json").read_bytes())
    summary |= {"pass": summary["pass"] - len(alike), "unattributed": 1 + len(alike)}
    (run / "summary.json").write_text(json.dumps(summary), "utf-8")
    seal_again(run)
    lines = shown(run, language="en")

    assert len(alike) == 5
    assert "Findings: 2 causes, 7 cases" in lines
    assert any(line.startswith("■ 6 cases") for line in lines)
    assert sum(line.startswith("△ T-") for line in lines) == 1


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_matrix_is_whole_and_straight(tmp_path: Path, width: int, language: str) -> None:
    """Full-width letters take two columns; every row ends in the same column."""
    folder = write_run(tmp_path, number=400, whole=True, verdicts={18: Verdict.LEAK})
    rows = [line for line in shown(folder, language=language, width=width) if line.startswith("S")]
    marks = [[c for c in row if c in "○×△◇－"] for row in rows]

    assert [len(found) for found in marks] == [17] * 23
    assert max(cell_len(row) for row in rows) <= width
    assert len({cell_len(row[: len(row.rstrip("○×△◇－"))]) for row in rows}) == 1
    assert marks[1][1] == "×"


def test_what_was_not_tested_is_listed(tmp_path: Path) -> None:
    """Missing parts of the machine, limits, and page-one lines without a case."""
    lines = shown(write_run(tmp_path, number=4000, whole=True))

    assert "  － 回線の遅延の再現(この試験機では未対応)" in lines
    point = next(line for line in lines if "保守業者の端末が、作業時間の終了後に庁内へ" in line)

    assert point.startswith("－ 14. ")
    assert re.search("未実施 +－$", point)
    assert any("上の確認項目のうち「－」のもの" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_sentence_of_page_one_is_shown_with_its_sign(
    width: int, language: str, tmp_path: Path
) -> None:
    """Whole, beside what became of it, at any width; a leak is × at the sentence that it breaks."""
    verdicts = dict.fromkeys(range(60), Verdict.LEAK)
    folder = write_run(tmp_path, number=4000, whole=True, verdicts=verdicts)
    record = read(folder)
    lines = shown(folder, language=language, width=width)
    title = POINTS.text(language)
    own = lines[lines.index(title) + 1 :]
    own = own[: own.index("")]
    signs = {found.mark for _, found in by_line(record)}

    assert max(map(cell_len, own)) <= width
    assert {line[0] for line in own} - {" "} == signs == {"○", "×", "－"}
    for sentence, found in by_line(record):
        said = "".join(re.sub(r" {2,}.*$", "", line[6:]) for line in own).replace(" ", "")
        assert sentence.label.text(language).replace(" ", "")[:12] in said
        assert any(re.match(rf"{found.mark} +{sentence.number}\. ", line) for line in own)


def test_an_aborted_run_is_never_green(tmp_path: Path) -> None:
    """No ○ anywhere but in the legend and the raw counts, and the reason in the last line."""
    lines = shown(write_run(tmp_path, aborted="the controller ended"))

    assert lines[-1] == "判定 判定不能: 試験は途中で終わりました(the controller ended)"
    assert [n for n, line in enumerate(lines) if "○" in line and "計画どおり" not in line] == []


def test_a_run_without_cases_is_inconclusive(tmp_path: Path) -> None:
    """Nothing tested is never passed."""
    assert shown(write_run(tmp_path, number=0))[-1] == ("判定 判定不能: 試験を1件も行っていません")


def test_without_colour_nothing_is_lost(tmp_path: Path) -> None:
    """A pipe gets no escape codes, and the same signs."""
    assert not any("\x1b" in line for line in shown(write_run(tmp_path)))
