"""A run folder is believed only where its parts agree, and counted without vacuous green."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from sekisho.errors import UsageError
from sekisho.evidence.case_file import CASES, case_file, lines, read_cases
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.schema import SCHEMA
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report import tally
from sekisho.report.reading import read
from sekisho.spoken import japanese
from tests.sekisho.report.fake_run import died, put_cases, raw_cases, write_run


def edit(path: Path, **changes: object) -> None:
    """Change keys of a JSON file; a value of None removes the key."""
    found = {**orjson.loads(path.read_bytes()), **changes}
    path.write_bytes(orjson.dumps({k: v for k, v in found.items() if v is not None}))


def test_the_table_gives_back_every_case(tmp_path: Path) -> None:
    """Encoding by column loses nothing."""
    folder = write_run(tmp_path, number=50, verdicts={3: Verdict.LEAK})

    table = read(folder).cases

    assert [table[row] for row in range(50)] == list(read_cases(folder / CASES))
    assert table.row("T-000004") == 3


@pytest.mark.parametrize("name", ["manifest.json", "summary.json", CASES, "findings.json"])
def test_a_broken_file_is_named(tmp_path: Path, name: str) -> None:
    """The reader of the message knows which file to look at."""
    folder = write_run(tmp_path)
    (folder / name).write_bytes(b"{")
    seal_again(folder)

    with pytest.raises(UsageError, match=f"^{re.escape(str(folder / name))}:"):
        read(folder)


@pytest.mark.parametrize("name", ["manifest.json", CASES, "findings.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    """A finished run without one of its files is no run."""
    folder = write_run(tmp_path)
    (folder / name).unlink()
    seal_again(folder)

    with pytest.raises(UsageError, match=re.escape(f"{folder / name}: No such file or directory")):
        read(folder)


def test_a_missing_key_of_a_case_is_named_with_its_line(tmp_path: Path) -> None:
    """Line 2 is line 2."""
    folder = write_run(tmp_path)
    path, cases = folder / CASES, raw_cases(folder)
    put_cases(
        folder, cases.replace(b'"sent_seen"', b'"seen"').replace(b'"seen"', b'"sent_seen"', 1)
    )
    seal_again(folder)

    with pytest.raises(UsageError, match=re.escape(f"{path}:2: no key 'sent_seen'")):
        read(folder)


def test_a_value_of_the_wrong_kind_is_named_with_its_line(tmp_path: Path) -> None:
    """A number is a number."""
    folder = write_run(tmp_path)
    path = folder / CASES
    put_cases(folder, re.sub(rb'"sent":\d+', b'"sent":"two"', raw_cases(folder), count=1))
    seal_again(folder)

    with pytest.raises(UsageError, match=re.escape(f"{path}:1: not a case: sent is 'two'")):
        read(folder)


def test_a_case_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """Two lines with one test number would let one hide the other."""
    folder = write_run(tmp_path)
    put_cases(folder, raw_cases(folder).replace(b'"T-000002"', b'"T-000001"', 1))
    seal_again(folder)

    with pytest.raises(UsageError, match="T-000001 is there twice"):
        read(folder)


def test_a_summary_that_hides_a_leak_is_refused(tmp_path: Path) -> None:
    """The file of cases is the evidence; the summary only repeats it."""
    folder = write_run(tmp_path, verdicts={3: Verdict.LEAK})
    edit(folder / "summary.json", verdict="pass")
    seal_again(folder)

    with pytest.raises(UsageError, match="says pass, but its cases make it fail"):
        read(folder)


def test_a_summary_that_counts_other_cases_is_refused(tmp_path: Path) -> None:
    """Half of the cases with the whole summary is a broken folder."""
    folder = write_run(tmp_path)
    put_cases(folder, b"".join(raw_cases(folder).splitlines(keepends=True)[:100]))
    seal_again(folder)

    with pytest.raises(UsageError, match="says pass: 200, but there are 100"):
        read(folder)


def test_a_run_without_a_summary_is_aborted_and_void(tmp_path: Path) -> None:
    """A run that died leaves its manifest; that is shown, not hidden."""
    folder = write_run(tmp_path)
    died(folder)

    record = read(folder)

    assert (record.is_aborted, record.verdict, len(record.cases)) == (
        True,
        RunVerdict.INCONCLUSIVE,
        0,
    )


def test_a_run_without_cases_is_void(tmp_path: Path) -> None:
    """Nothing tested is never passed."""
    record = read(write_run(tmp_path, number=0))

    assert record.verdict is RunVerdict.INCONCLUSIVE
    assert record.trouble is not None
    assert record.trouble.en == "no case was run"


def test_a_cell_shows_its_worst_case(tmp_path: Path) -> None:
    """One leak among many passes makes the cell a leak."""
    record = read(write_run(tmp_path, number=800, whole=True, verdicts={18: Verdict.LEAK}))
    key = record.cases[18].cell

    cell = tally.by_cell(record)[key]

    assert (cell.mark, cell.counts[Verdict.PASS], cell.counts[Verdict.LEAK]) == ("×", 2, 1)


def test_a_line_that_no_case_matches_is_not_tested(tmp_path: Path) -> None:
    """Lines for another state of the town are － in a run of the normal state."""
    lines = tally.by_line(read(write_run(tmp_path, number=4000, whole=True)))
    untested = {line.number for line, found in lines if found.verdict is None}

    assert untested == {3, 14, 16}
    assert all(found.mark == "－" for line, found in lines if line.number in untested)


def test_an_allowed_path_cannot_make_a_line_pass(tmp_path: Path) -> None:
    """A line of page one is about what must drop: cases that must arrive do not count."""
    folder = write_run(tmp_path, number=400, whole=True)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    line = {**manifest["plan"]["must_drop"][0], "sources": ["S1"], "destinations": ["D1"]}
    manifest["plan"]["must_drop"] = [line]
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))

    assert tally.by_line(read(folder))[0][1].verdict is None


def _said(folder: Path, **changes: object) -> None:
    """Change what the manifest says of the first line of page one."""
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["plan"]["must_drop"][0] |= changes
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))


def test_a_line_that_names_facts_is_decided_by_attachments(tmp_path: Path) -> None:
    """The classes of the line no longer matter; who stands on the air does."""
    folder = write_run(tmp_path, number=4000, whole=True)
    case = next(c for c in map(read(folder).cases.__getitem__, range(4000)) if c.expect == "drop")
    _said(folder, senders=[case.src], targets=[case.dst], decided_by={"ja": "無線", "en": "air"})
    own = [
        row
        for row in map(read(folder).cases.__getitem__, range(4000))
        if (row.src, row.dst, row.expect) == (case.src, case.dst, "drop")
    ]

    line, found = tally.by_line(read(folder))[0]

    assert (found.total, found.verdict) == (len(own), Verdict.PASS)
    assert line.decided_by == Label("無線", "air")


def test_a_line_that_a_rule_contradicts_is_false_and_so_is_a_pass(tmp_path: Path) -> None:
    """Whatever its cases say; a summary that calls such a run passed is not believed."""
    folder = write_run(tmp_path, number=400, whole=True)
    _said(folder, contradictions=[{"case": "A01 [web]", "cell": "S2/D1", "where": "plan.yaml:62"}])

    with pytest.raises(UsageError, match="says pass, but its cases make it fail"):
        read(folder)


def test_in_an_aborted_run_no_pass_is_left(tmp_path: Path) -> None:
    """Part of the cases is not the cell and not the line."""
    record = read(write_run(tmp_path, number=800, whole=True, aborted="out of memory"))
    found = [*tally.by_cell(record).values(), *(t for _, t in tally.by_line(record))]

    assert {t.mark for t in found} == {"◇", "－"}


def test_a_gate_is_read_in_seconds(tmp_path: Path) -> None:
    """60,000 cases; the bound is generous because machines differ."""
    folder = write_run(tmp_path, number=60_000, whole=True)
    begun = time.monotonic()

    record = read(folder)

    assert len(record.cases) == 60_000
    assert time.monotonic() - begun < 15


def test_a_run_of_the_first_schema_is_read_in_the_words_of_today(tmp_path: Path) -> None:
    """There, *inconclusive* was *void*: in cases, in the summary, and as the run's verdict."""
    run = write_run(tmp_path, verdicts={3: Verdict.INCONCLUSIVE})
    now = read(run)
    summary = orjson.loads((run / "summary.json").read_bytes())
    count = summary.pop("inconclusive")
    old = summary | {"schema": 1, "void": count, "verdict": "void"}
    (run / "summary.json").write_bytes(orjson.dumps(old))
    path = case_file(run)
    plain = b"".join(lines(path)).replace(b'"verdict":"inconclusive"', b'"verdict":"void"')
    path.unlink()
    (run / "cases.jsonl").write_bytes(plain)
    seal_again(run)
    then = read(run)
    assert now.summary is not None

    assert b'"verdict":"void"' in plain
    assert count == 1
    assert (then.verdict, then.summary) == (now.verdict, replace(now.summary, schema=1))
    assert list(then.cases.verdicts()) == list(now.cases.verdicts())


@pytest.mark.parametrize(("schema", "word"), [(1, "void"), (2, "inconclusive")])
def test_an_event_of_either_schema_is_inconclusive(tmp_path: Path, schema: int, word: str) -> None:
    """What could not be judged is one thing, in whatever word it was written."""
    run = write_run(tmp_path)
    row: dict[str, object] = {"event": "undocked", "verdict": word, "reason": "", "notes": []}
    row |= dict.fromkeys(("leaked", "forbidden_sent", "permitted_heard"), 0)
    row |= dict.fromkeys(("gap_ms", "allow_ms", "deny_ms"), 0.0)
    words = {"undocked": {"ja": "抜線", "en": "Undocked"}}
    told = {"schema": schema, "events": words, "outcomes": [row]}
    (run / "events.json").write_bytes(orjson.dumps(told))
    seal_again(run)
    events = read(run).events

    assert events is not None
    assert [one["verdict"] for one in events["outcomes"]] == ["inconclusive"]


@pytest.mark.parametrize("name", ["manifest.json", "summary.json"])
def test_a_run_of_a_later_schema_is_refused(tmp_path: Path, name: str) -> None:
    """Its words may mean something else: nothing of it is read."""
    run = write_run(tmp_path)
    path = run / name
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"schema": SCHEMA + 1}))
    seal_again(run)
    with pytest.raises(UsageError) as caught:
        read(run)

    assert str(caught.value) == (
        f"{path}: schema {SCHEMA + 1} is newer than what this Sekisho reads (up to {SCHEMA})\n"
        "  hint: read it with the Sekisho that wrote it, or with a later one"
    )
    assert "より新しい" in japanese(str(caught.value))
