"""Situations in reports: decided by the run's cases, inconclusive without any."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from rich.console import Console

from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.report import html, junit, situations, terminal
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.fake_run import write_run

_ENTRY: dict[str, Any] = {
    "id": "mine",
    "ja": "試す",
    "en": "To try",
    "requirements": ["MN-07"],
    "states": ["normal"],
    "where": "mine.yaml:2",
    "sources": [],
    "sites": [],
    "destinations": [],
    "probes": ["tcp-scan", "service"],
    "untried": [],
    "reading": "",
    "reason_ja": "",
    "reason_en": "",
    "contradictions": [],
}


def _record(folder: Path, *entries: dict[str, Any], **options: Any) -> RunRecord:
    write_run(folder, **options)
    path = folder / "manifest.json"
    manifest = orjson.loads(path.read_bytes())
    manifest["situations"] = [{**_ENTRY, **entry} for entry in entries]
    write_atomically(path, orjson.dumps(manifest))
    return read(folder)


def _shown(record: RunRecord) -> tuple[str, str, ElementTree.Element]:
    console = Console(file=io.StringIO(), width=200)
    console.print(*situations.lines(record, "en"), sep="\n")
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    suites = ElementTree.fromstring(junit.render(record))
    (suite,) = (s for s in suites if s.get("name") == "situations")
    return text, html.render(record), suite


def test_the_worst_case_of_a_situation_is_its_verdict(tmp_path: Path) -> None:
    """Only its own cases count."""
    record = _record(tmp_path, {}, {"id": "other", "sources": ["S99"]}, verdicts={0: Verdict.LEAK})
    mine, other = situations.found(record)
    own = sum(probe in ("tcp-scan", "service") for (probe,) in record.cases.texts("probe"))

    assert (mine.verdict, mine.counts.total(), mine.mark) == (Verdict.LEAK, own, "×")
    assert (other.verdict, other.counts.total(), other.mark) == (Verdict.INCONCLUSIVE, 0, "◇")


def test_what_a_first_look_does_not_reach_is_not_tried(tmp_path: Path) -> None:
    """It takes a pair of each kind; in a gate the same is undecided."""
    record = _record(tmp_path, {}, {"id": "other", "sources": ["S99"]})
    path = tmp_path / "manifest.json"
    write_atomically(path, path.read_bytes().replace(b'"suite":"gate"', b'"suite":"smoke"'))
    mine, other = situations.found(read(tmp_path))

    assert [one.mark for one in situations.found(record)] == ["○", "◇"]
    assert (mine.mark, other.mark, other.verdict) == ("○", "－", None)


def test_a_situation_counts_by_class_site_and_probe(tmp_path: Path) -> None:
    """Each of the four narrows it."""
    whole, *narrow = situations.found(
        _record(
            tmp_path,
            {},
            {"sources": ["S1"]},
            {"destinations": ["D1"]},
            {"probes": ["service"]},
            {"sites": ["elsewhere"]},
        )
    )

    assert all(one.counts.total() < whole.counts.total() for one in narrow)
    assert [one.counts.total() > 0 for one in narrow] == [True, True, True, False]


def test_where_facts_decide_a_situation_counts_by_who_and_whom(tmp_path: Path) -> None:
    """Attachments, whatever their classes; nobody in it is no case, and inconclusive."""
    everybody = sorted({f"pc-{s}-{h}.lan" for s in range(1, 24) for h in range(1, 41)})
    whole, one, nobody = situations.found(
        _record(
            tmp_path,
            {},
            {"senders": everybody, "targets": ["srv-1.lan"]},
            {"senders": [], "targets": []},
        )
    )

    assert 0 < one.counts.total() < whole.counts.total()
    assert (nobody.counts.total(), nobody.verdict) == (0, Verdict.INCONCLUSIVE)


def test_only_cases_of_its_own_states_are_counted(tmp_path: Path) -> None:
    """One that is tried with the controller dead has no case in a run of the normal state."""
    dead, normal = situations.found(
        _record(tmp_path, {"states": ["controller-killed"]}, {"states": ["normal"]})
    )

    assert (dead.counts.total(), dead.verdict) == (0, Verdict.INCONCLUSIVE)
    assert dead.untried == ("controller-killed",)
    assert normal.counts.total() > 0


def test_an_aborted_run_makes_no_situation_green(tmp_path: Path) -> None:
    """What passed before the end is only a part."""
    (found,) = situations.found(_record(tmp_path, {}, aborted="killed"))

    assert (found.verdict, found.is_as_planned) == (Verdict.INCONCLUSIVE, False)


def test_every_report_tells_of_every_situation(tmp_path: Path) -> None:
    """Inconclusive, not tried with the reason, and contradicted with both lines."""
    wrong = {"case": "T-000001", "cell": "S2/D1", "where": "plan.yaml:7"}
    record = _record(
        tmp_path,
        {"id": "green", "untried": ["VL"]},
        {"id": "idle", "sources": ["S99"]},
        {"id": "absent", "reason_ja": "ない", "reason_en": "names no class of it"},
        {"id": "misread", "reading": "dropped", "contradictions": [wrong]},
    )
    text, page, suite = _shown(record)

    assert "Situations 4: ○ 1  × 1  △ 0  ◇ 1  － 1" in text
    assert "mine.yaml:2 says dropped, the plan at plan.yaml:7 says otherwise (S2/D1 T-0" in text
    for words in ("idle", "names no class of it", "plan.yaml:7", "not in this suite: VL"):
        assert words in page
    marks = {str(case.get("name")).split(":")[0]: [m.tag for m in case] for case in suite}
    assert marks == {
        "green": [],
        "idle": ["error"],
        "absent": ["skipped"],
        "misread": ["failure"],
    }


def _played(record: RunRecord, verdict: str) -> RunRecord:
    """Return *record* with one event, which became *verdict*."""
    outcome = {"event": "undocked", "verdict": verdict, "reason": "one interface",
               "reason_ja": "接続口が一つしかない"}  # fmt: skip
    return replace(record, events={"events": {}, "outcomes": [outcome]})


def test_a_situation_of_an_event_that_cannot_happen_in_the_town_is_not_undecided(
    tmp_path: Path,
) -> None:
    """It says why; one whose event was played and left no case is inconclusive."""
    record = _record(tmp_path, {"id": "undock", "states": ["undocked"]})
    (left_out,) = situations.found(_played(record, "skipped"))
    (lost,) = situations.found(_played(record, "pass"))

    assert (left_out.mark, left_out.words.en) == ("－", "not tried")
    assert lost.verdict is Verdict.INCONCLUSIVE
    assert b"not tried: one interface" in junit.render(_played(record, "skipped"))
    assert "接続口が一つしかない" in "".join(situations.chapter(_played(record, "skipped")))


def test_a_run_without_situations_has_no_chapter(tmp_path: Path) -> None:
    """Where the command line chose the cases in another way."""
    record = _record(tmp_path)

    assert situations.chapter(record) == []
    assert 'id="situations"' not in html.render(record)
    assert terminal.verdict_line(record, language="en").plain.startswith("verdict PASS")


@pytest.mark.parametrize("number", [1, 12], ids=["few", "many"])
def test_an_undecided_situation_beside_a_pass_is_explained(tmp_path: Path, number: int) -> None:
    """On its own lines, and on the last one, which nobody misses."""
    entries = [{"id": f"other-{n}", "sources": ["S99"]} for n in range(number)]
    record = _record(tmp_path, {}, *entries, whole=True)
    text, page, _ = _shown(record)
    plural = "" if number == 1 else "s"
    why = "this run has no case of it, so nothing is known of it"

    assert text.count(why) == number
    assert why in page
    assert terminal.verdict_line(record, language="en").plain.endswith(
        f"0 leaks, {number} situation{plural} undecided"
    )
    assert "undecided" not in terminal.verdict_line(_record(tmp_path / "b", {}, whole=True)).plain
