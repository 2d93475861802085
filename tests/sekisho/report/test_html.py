"""The HTML report: page one tells the officer the truth, and nothing is loaded from outside."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from xml.etree.ElementTree import Element

import orjson
import pytest

from scenarios.results.manifest import plan_words
from sekisho.evidence.case import CASE_KEYS
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.plan import load
from sekisho.report.embedding import FIELDS
from sekisho.report.html import render
from sekisho.report.reading import read
from tests.sekisho.report.dom import by_class, by_id, japanese, parse, text
from tests.sekisho.report.fake_run import died, proved, put_cases, raw_cases, write_run

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
AVOIDED = ("flow", "datapath", "cookie", "priority", "regex", "namespace", "フロー", "優先度")


def page(folder: Path) -> Element:
    """Return the report of *folder*, parsed."""
    return parse(render(read(folder)))


def front(folder: Path) -> Element:
    """Return page one of the report of *folder*."""
    return by_id(page(folder), "front")


def without_data(whole: str) -> str:
    """Return the page without the encoded cases, whose letters mean nothing."""
    before, _, after = whole.partition('id="cases">')
    return before + after.partition("</script>")[2]


def browse(folder: Path, scratch: Path, address: str, *options: str) -> bytes:
    """Open the report in a browser and return what it writes."""
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
    command += ["--disable-background-networking", f"--user-data-dir={scratch / 'profile'}"]
    command += ["--virtual-time-budget=10000", *options, f"file://{folder}/report.html{address}"]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout


def stamp(sheet: Element) -> str:
    """Return the large word of page one."""
    return japanese(next(by_class(sheet, "stamp")))[0]


def lines(sheet: Element) -> dict[int, str]:
    """Return the sign of each line of page one."""
    rows = sheet.findall(".//table[@class='lines']/tbody/tr")
    return {int(text(row.find("th"))): text(next(by_class(row, "mark"))) for row in rows}


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ({}, "合格"),
        ({3: Verdict.LEAK}, "不合格"),
        ({3: Verdict.OVERBLOCK}, "不合格"),
        ({3: Verdict.UNATTRIBUTED}, "不合格"),
        ({3: Verdict.INCONCLUSIVE}, "判定不能"),
    ],
)
def test_page_one_says_the_verdict_in_one_word(
    tmp_path: Path, verdicts: Mapping[int, Verdict], word: str
) -> None:
    """An officer reads one word; it is never better than the worst case."""
    assert stamp(front(write_run(tmp_path, verdicts=verdicts))) == word


def test_a_line_of_page_one_that_leaked_shows_a_cross(tmp_path: Path) -> None:
    """Row 18 is S2/D2 only after 17 cells of S1 and S2/D1; S2/D1 is line 1."""
    folder = write_run(tmp_path, number=4000, whole=True, verdicts={17: Verdict.LEAK})

    assert lines(front(folder))[1] == "×"


def test_a_line_that_was_not_tested_never_shows_a_circle(tmp_path: Path) -> None:
    """未実施 is said in words, and its sign is －."""
    sheet = front(write_run(tmp_path, number=4000, whole=True))
    signs = lines(sheet)

    assert {number for number, sign in signs.items() if sign == "－"} == {3, 14, 16}
    assert {sign for number, sign in signs.items() if number not in (3, 14, 16)} == {"○"}
    assert "未実施" in text(sheet.find(".//table[@class='lines']/tbody/tr[3]"))


def test_page_one_tells_what_was_not_tested_and_which_exceptions_stand(tmp_path: Path) -> None:
    """What the verdict does not cover stands beside it."""
    sheet = front(write_run(tmp_path))

    assert "回線の遅延の再現" in text(next(by_class(sheet, "untested")))
    assert "EX-02" in text(next(by_class(sheet, "exceptions")))
    assert [japanese(role)[0] for role in by_class(sheet, "role")] == [
        "試験者",
        "立会者",
        "承認者",
    ]


def test_page_one_uses_no_word_of_engineers(tmp_path: Path) -> None:
    """Not even when the run broke in an engineer's words."""
    folder = write_run(tmp_path, verdicts={3: Verdict.LEAK}, aborted="user namespaces are refused")
    words = text(front(folder)).lower()

    assert [word for word in AVOIDED if word in words] == []


def test_an_aborted_run_is_never_green(tmp_path: Path) -> None:
    """No ○ on page one, no green cell in the matrix, no green bar."""
    document = page(write_run(tmp_path, aborted="the controller ended"))

    assert stamp(by_id(document, "front")) == "判定不能"
    assert set(lines(by_id(document, "front")).values()) == {"◇", "－"}
    assert list(by_class(document, "pass")) == []
    assert "the controller ended" in text(by_id(document, "figures"))


def test_a_run_that_died_before_its_summary_is_shown_as_such(tmp_path: Path) -> None:
    """A manifest alone makes a report, and it is not a green one."""
    folder = write_run(tmp_path)
    died(folder)

    assert stamp(front(folder)) == "判定不能"


def test_a_run_without_cases_is_inconclusive(tmp_path: Path) -> None:
    """Nothing tested is never passed."""
    sheet = front(write_run(tmp_path, number=0))

    assert stamp(sheet) == "判定不能"
    assert set(lines(sheet).values()) == {"－"}


def test_nothing_is_loaded_from_outside(tmp_path: Path) -> None:
    """No address of any kind but places in the page itself."""
    whole = render(read(write_run(tmp_path, verdicts={3: Verdict.LEAK})))
    links = [e.get(key) for e in parse(whole).iter() for key in ("href", "src") if e.get(key)]

    assert [link for link in links if not str(link).startswith("#")] == []
    loads = r'(?:https?:)?//[a-z]|url\(|@import|[.]src\b|src="'
    assert re.findall(loads, without_data(whole)) == []


def test_words_of_a_run_cannot_become_markup(tmp_path: Path) -> None:
    """A reason is text, whatever it holds."""
    folder = write_run(tmp_path, verdicts={3: Verdict.LEAK})
    mark = b"<img src=x onerror=alert(1)>"
    put_cases(folder, raw_cases(folder).replace(b"pc-2-1.lan", mark))
    path = folder / "findings.json"
    path.write_bytes(path.read_bytes().replace(b"pc-2-1.lan", mark))
    seal_again(folder)
    whole = render(read(folder))

    assert "<img" not in whole
    assert "&lt;img src=x onerror=alert(1)&gt;" in whole


def test_the_full_record_of_a_case_leaves_no_key_out() -> None:
    """Every key of the contract has words in both languages."""
    named = [key for key, ja, en in FIELDS if key and ja and en]

    assert sorted(named) == sorted(CASE_KEYS)


def test_a_gate_fits_into_three_megabytes_and_is_made_in_seconds(tmp_path: Path) -> None:
    """60,000 cases; the bound on time is generous because machines differ."""
    folder = write_run(tmp_path, number=60_000, whole=True, verdicts={18: Verdict.LEAK})
    record = read(folder)
    begun = time.monotonic()

    whole = render(record)

    assert len(whole.encode()) < 3_000_000
    assert time.monotonic() - begun < 20


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("#cell=S2/D17", ["T-000004", "pc-2-1.lan", "漏れ"]),
        ("#case=T-000004", ["02:41:00:00:02:01", "topologies/matsuno.yaml:306", "T-000094"]),
        ("#case=T-999999", ["T-999999 はありません"]),
    ],
)
def test_a_browser_opens_a_cell_and_a_case(
    tmp_path: Path, address: str, expected: list[str]
) -> None:
    """The embedded cases are decoded and shown by the page itself."""
    folder = write_run(tmp_path / "run", verdicts={3: Verdict.LEAK})
    (folder / "report.html").write_text(render(read(folder)), "utf-8")
    shown = browse(folder, tmp_path, address, "--dump-dom")
    drill = text(by_id(parse(shown.decode()), "drill"))

    assert [word for word in expected if word not in drill] == []


def sheets(folder: Path, scratch: Path) -> int:
    """Print the report of *folder* and count its sheets."""
    (folder / "report.html").write_text(render(read(folder)), "utf-8")
    printed = scratch / "report.pdf"
    browse(folder, scratch, "", "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    return len(re.findall(rb"/Type /Page\b", printed.read_bytes()))


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_page_one_is_one_sheet_of_paper(tmp_path: Path) -> None:
    """Printed: page one, figures, matrix (one landscape sheet), no findings and the limits."""
    folder = write_run(tmp_path / "run", number=400, whole=True)

    assert sheets(folder, tmp_path) == 4


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_page_one_of_a_real_plan_is_one_sheet_of_paper(tmp_path: Path) -> None:
    """Its sentences are longer, and more was not tested."""
    folder = write_run(tmp_path / "run", number=400, whole=True)
    plan = load(Path("topologies/matsuno.yaml"))
    file = folder / "manifest.json"
    found = orjson.loads(file.read_bytes())
    found["plan"]["must_drop"] = plan_words(plan)["must_drop"]
    found["plan"] |= {"ja": plan.label.ja, "en": plan.label.en}
    found["plan"]["exceptions"] = [
        {
            "id": e.id,
            "ja": e.label.ja,
            "en": e.label.en,
            "measures_ja": e.measures.ja,
            "measures_en": e.measures.en,
        }
        for e in plan.exceptions
    ]
    found["not_tested"] += found["not_tested"][:4]
    file.write_bytes(orjson.dumps(found))

    assert sheets(folder, tmp_path) == 4


def scales(folder: Path, scratch: Path) -> set[float]:
    """Print the report of *folder*; return by how much its pages are scaled, 1 where not at all.

    Chromium shrinks a whole print where one table is wider than the paper.
    """
    (folder / "report.html").write_text(render(read(folder)), "utf-8")
    printed = scratch / "report.pdf"
    browse(folder, scratch, "", "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    found = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", printed.read_bytes(), re.DOTALL):
        with suppress(zlib.error):
            head = zlib.decompress(stream)[:200]
            found |= {float(n) / _UNSCALED for n in re.findall(rb"\nq\n([\d.]+) 0 0 \1 ", head)}
    return found


_UNSCALED = 300 / 96  # dots of a print an inch, and pixels of CSS


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_print_is_never_shrunk(tmp_path: Path) -> None:
    """Neither by the situations and events of a whole test, nor by 34 destinations."""
    folder = write_run(tmp_path / "run", number=4000, whole=True)
    file = folder / "manifest.json"
    found = orjson.loads(file.read_bytes())
    plan = found["plan"]
    plan["destinations"] += [{**d, "id": f"X{n}"} for n, d in enumerate(plan["destinations"])]
    plan["sources"] += [{**s, "id": f"Y{n}"} for n, s in enumerate(plan["sources"][:11])]
    long = "個人番号利用事務系への到達" * 12
    found["situations"] = [
        {
            "id": f"a-situation-with-a-long-name-{n}", "ja": long, "en": long, "reason_ja": long,
            "reason_en": long, "requirements": ["MN-01"] * 9, "states": ["normal"], "where": "x:1",
            "sources": [], "sites": [], "destinations": [], "probes": [], "untried": [],
            "reading": "", "contradictions": [],
        }
        for n in range(3)
    ]  # fmt: skip
    file.write_bytes(orjson.dumps(found))
    row = {
        "event": "line-cut:core1:2-fl1:23", "verdict": "pass", "reason": "", "leaked": 0,
        "forbidden_sent": 123456, "permitted_heard": 1, "gap_ms": 1234.567, "allow_ms": 1234.567,
        "deny_ms": 1234.567, "notes": [long],
    }  # fmt: skip
    told = {"events": {row["event"]: {"ja": long, "en": long}}, "outcomes": [row] * 3}
    (folder / "events.json").write_bytes(orjson.dumps(told))
    (folder / "proof.json").write_bytes(orjson.dumps(proved(forbidden=10**6, missing=10**6)))
    seal_again(folder)

    assert len(read(folder).manifest.plan.destinations) == 34
    assert list(scales(folder, tmp_path)) == [pytest.approx(1)]


def test_nothing_is_printed_smaller_than_nine_points() -> None:
    """Sizes of the print are given in points; what has none of its own takes that of its page."""
    style = Path("sekisho/report/report.css").read_text("utf-8").split("@media print")[1]
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)pt", style)]

    assert min(sizes) >= 9
    assert not re.search(r"font-size: [\d.]+(em|rem|px)", style)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (17, "通してはならない通信が1件通りました。該当する項目は、重点確認項目1です。"),
        (3, "下の項目のいずれにもあたらない組合せです("),
    ],
)
def test_page_one_names_the_sentence_that_failed(tmp_path: Path, row: int, words: str) -> None:
    """And where no sentence speaks about it, the pair of classes: a red box is never a riddle."""
    folder = write_run(tmp_path, number=4000, whole=True, verdicts={row: Verdict.LEAK})
    said = "".join(japanese(next(by_class(front(folder), "sentence"))))

    assert words in said
