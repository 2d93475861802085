"""A sentence that the plan contradicts is × in every report, and none of them is green."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from rich.console import Console

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.report import html, junit, tally, terminal
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.fake_run import write_run


@pytest.fixture(name="record")
def _record(tmp_path: Path) -> RunRecord:
    """Return a run whose first sentence is contradicted by a rule; every case of it passed."""
    folder = write_run(tmp_path, number=400, whole=True)
    summary = orjson.loads((folder / "summary.json").read_bytes()) | {"verdict": "fail", "exit": 1}
    (folder / "summary.json").write_bytes(orjson.dumps(summary))
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["plan"]["must_drop"][0] |= {
        "contradictions": [{"case": "A01 [web]", "cell": "S2/D1", "where": "plan.yaml:62"}],
        "decided_by": {"ja": "無線の接続から", "en": "from the air"},
        "senders": [],
        "targets": [],
    }
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
    seal_again(folder)
    return read(folder)


def test_its_verdict_is_a_fail_without_any_bad_case(record: RunRecord) -> None:
    """The line is ×, and so is the run."""
    assert record.verdict is RunVerdict.FAIL
    assert set(tally.overall(record).counts) == {Verdict.PASS}
    assert tally.by_line(record)[0][1].mark == "×"


def test_junit_has_a_failure_that_names_the_rule(record: RunRecord) -> None:
    """A CI that reads nothing else sees it."""
    assert (
        'message="the plan permits it: A01 [web] (plan.yaml:62)"' in junit.render(record).decode()
    )


def test_page_one_names_the_rule_and_whom_the_line_is_decided_by(record: RunRecord) -> None:
    """In both languages, and in the sentence below the verdict."""
    page = html.render(record)

    for words in ("計画が許可", "permitted by A01 [web] (plan.yaml:62)", "decided from the air",
                  "重点確認項目のうち1件は"):  # fmt: skip
        assert words in page


def test_the_terminal_names_the_rule_and_counts_it_in_the_last_line(record: RunRecord) -> None:
    """The verdict line says why nothing leaked and it failed all the same."""
    console = Console(width=200, record=True)
    console.print(terminal.render(record, language="en", width=200))
    shown = console.export_text()

    assert "the plan permits it" in shown
    assert "1 sentences contradicted by the plan" in shown.strip().splitlines()[-1]
