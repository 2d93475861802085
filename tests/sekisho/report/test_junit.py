"""JUnit XML: well-formed whatever a probe answered, and never green after an abort."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import orjson
import pytest

from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.report import junit
from sekisho.report.reading import read
from sekisho.report.writing import write_reports
from tests.sekisho.report.fake_run import died, put_cases, raw_cases, write_run


def parsed(folder: Path) -> Element:
    """Return the document that is made of *folder*."""
    return ElementTree.fromstring(junit.render(read(folder)))


def green(root: Element) -> list[str]:
    """Return the names of the test cases that a CI would show green."""
    return [str(case.get("name")) for case in root.iter("testcase") if not len(case)]


def totals(root: Element) -> tuple[int, int]:
    """Return the numbers of failures and errors that the root claims."""
    return int(root.get("failures", "-1")), int(root.get("errors", "-1"))


def test_a_clean_run_has_no_failure_and_no_error(tmp_path: Path) -> None:
    """The verdict of the run is the first test case, and it is green."""
    root = parsed(write_run(tmp_path, number=400, whole=True))

    assert totals(root) == (0, 0)
    assert green(root)[0] == "verdict of 20261123-180102-matsuno"


def test_every_finding_is_a_failure_of_its_own(tmp_path: Path) -> None:
    """With the verdict of the run, and the lines of page one that it breaks."""
    verdicts = {3: Verdict.LEAK, 10: Verdict.UNATTRIBUTED, 30: Verdict.OVERBLOCK}
    root = parsed(write_run(tmp_path, verdicts=verdicts))
    messages = [
        str(case.find("failure").get("message"))  # type: ignore[union-attr]  # filtered below
        for case in root.iter("testcase")
        if case.find("failure") is not None and str(case.get("name")).startswith("T-")
    ]

    assert sorted(m.partition(":")[0] for m in messages) == [
        "leak",
        "over-block",
        "unattributed drop",
    ]
    assert root[0].get("failures") == "1"


def test_a_inconclusive_case_is_an_error_and_a_residual_one_is_skipped(tmp_path: Path) -> None:
    """Neither is green: nothing was proven."""
    root = parsed(write_run(tmp_path, verdicts={3: Verdict.INCONCLUSIVE, 10: Verdict.RESIDUAL}))
    kinds = {
        str(case.get("classname")): [mark.tag for mark in case]
        for case in root.iter("testcase")
        if case.get("classname") in ("sekisho.S2.D17", "sekisho.S7.D10")
    }

    assert kinds == {"sekisho.S2.D17": ["error"], "sekisho.S7.D10": ["skipped"]}


def test_what_was_not_tested_is_skipped(tmp_path: Path) -> None:
    """A line for another state of the town is skipped with the reason."""
    root = parsed(write_run(tmp_path, number=4000, whole=True))
    skipped = [
        str(case.get("name")).split(".")[0]
        for case in root.iterfind("testsuite[@name='must-drop']/testcase")
        if case.find("skipped") is not None
    ]

    assert skipped == ["3", "14", "16"]


@pytest.mark.parametrize("number", [0, 200])
def test_nothing_is_green_after_an_abort(tmp_path: Path, number: int) -> None:
    """Part of a run proves nothing about the whole."""
    root = parsed(write_run(tmp_path, number=number, aborted="the controller ended"))

    assert green(root) == []
    assert totals(root)[1] >= 1


def test_nothing_is_green_without_a_summary(tmp_path: Path) -> None:
    """A run that died has only its manifest."""
    folder = write_run(tmp_path)
    died(folder)

    assert green(parsed(folder)) == []


def test_a_run_without_cases_is_an_error(tmp_path: Path) -> None:
    """Zero of zero is not a pass."""
    root = parsed(write_run(tmp_path, number=0))

    assert green(root) == []
    assert root[0].get("errors") == "1"


def test_bytes_that_xml_forbids_are_written_as_text(tmp_path: Path) -> None:
    """A reason may hold whatever a service answered."""
    folder = write_run(tmp_path, verdicts={3: Verdict.LEAK})
    dirty = orjson.dumps("\x00\x1b[31m \ufffe <&> ]]> 漏れ")
    said = b'"2 copies arrived at a destination that the plan forbids."'
    put_cases(folder, raw_cases(folder).replace(said, dirty))
    seal_again(folder)

    messages = [str(found.get("message")) for found in parsed(folder).iter("failure")]

    assert "leak: #x00#x1B[31m #xFFFE <&> ]]> 漏れ" in messages


def test_the_counts_of_the_suites_add_up(tmp_path: Path) -> None:
    """A CI that only reads attributes sees the same as one that reads elements."""
    root = parsed(write_run(tmp_path, number=4000, whole=True, verdicts={3: Verdict.LEAK}))

    assert int(root.get("tests", "0")) == len(list(root.iter("testcase")))
    assert int(root.get("failures", "0")) == len(list(root.iter("failure")))
    assert int(root.get("skipped", "0")) == len(list(root.iter("skipped")))


def test_both_files_are_written_into_the_folder(tmp_path: Path) -> None:
    """And no temporary file is left."""
    folder = write_run(tmp_path)

    paths = write_reports(read(folder))

    assert [path.name for path in paths] == ["report.html", "junit.xml"]
    assert [p.name for p in folder.iterdir() if p.name.startswith(".")] == []
