"""The plan's lines on the screen and on the page: how many were exercised, and which were not."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from sekisho.errors import UsageError
from sekisho.evidence.seal import seal_again
from sekisho.report.plan_lines import chapter, unexercised, words
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.fake_run import write_run

_LINE = {"where": "tiny.yaml:82", "kind": "allow", "id": "A01", "proof": True, "wire": 3}
_IDLE = {**_LINE, "where": "tiny.yaml:90", "kind": "cell", "id": "MN-07", "wire": 0}


def _run(folder: Path, **changes: object) -> RunRecord:
    write_run(folder)
    data = {"schema": 2, "proved": True, "lines": [_LINE, _IDLE], **changes}
    (folder / "lines.json").write_bytes(orjson.dumps(data))
    seal_again(folder)
    return read(folder)


def test_lines_are_counted_by_proof_and_by_wire(tmp_path: Path) -> None:
    """And those that no case has exercised are named."""
    record = _run(tmp_path)

    assert words(record, "en") == ["plan lines 2", "by proof 2", "by wire 1"]
    assert unexercised(record, "en") == [
        "lines not exercised by wire 1",
        "  tiny.yaml:90 denial MN-07",
    ]


def test_lines_are_called_by_what_they_are_in_japanese(tmp_path: Path) -> None:
    """And not by their keys in the plan."""
    assert unexercised(_run(tmp_path), "ja")[1] == "  tiny.yaml:90 拒否 MN-07"


def test_a_run_without_a_proof_counts_none_by_it(tmp_path: Path) -> None:
    """Zero would say that it had looked."""
    assert words(_run(tmp_path, proved=False), "ja")[1] == "証明 －"


def test_the_page_lists_every_line(tmp_path: Path) -> None:
    """With its place in the plan."""
    page = "".join(map(str, chapter(_run(tmp_path))))

    assert "<code>tiny.yaml:82</code>" in page
    assert "<code>tiny.yaml:90</code>" in page
    assert "許可" in page
    assert "must_" not in page


def test_a_run_of_before_has_no_such_chapter(tmp_path: Path) -> None:
    """Its folder has no such file."""
    record = read(write_run(tmp_path))

    assert (words(record, "en"), unexercised(record, "en"), chapter(record)) == ([], [], [])


def test_a_file_that_lacks_a_key_is_refused(tmp_path: Path) -> None:
    """With its name."""
    with pytest.raises(UsageError, match=r"lines\.json: no key 'where'"):
        words(_run(tmp_path, lines=[{"kind": "allow"}]), "en")
