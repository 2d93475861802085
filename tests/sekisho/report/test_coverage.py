"""The chapter of coverage: reasons are codes in the file, and sentences on the page."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from sekisho.errors import UsageError
from sekisho.evidence.seal import seal_again
from sekisho.evidence.unmet import UnmetReason
from sekisho.report.coverage import chapter
from sekisho.report.reading import RunRecord, read
from tests.sekisho.report.fake_run import write_run
from tests.sekisho.report.test_seal import COVERAGE


def _run(folder: Path, **changes: object) -> RunRecord:
    write_run(folder)
    (folder / "coverage.json").write_bytes(orjson.dumps({**orjson.loads(COVERAGE), **changes}))
    seal_again(folder)
    return read(folder)


@pytest.mark.parametrize("reason", UnmetReason)
def test_every_reason_is_told_in_both_languages(reason: UnmetReason, tmp_path: Path) -> None:
    """By its code; the sentence of schema 1 says the same."""
    now = "".join(map(str, chapter(_run(tmp_path / "2", dead={reason.value: 7}))))
    before = "".join(map(str, chapter(_run(tmp_path / "1", dead={reason.label.en: 7}))))

    assert now == before
    assert reason.label.ja in now
    assert reason.label.en in now


def test_an_unknown_reason_is_refused(tmp_path: Path) -> None:
    """A file that somebody wrote by hand is told, with its name."""
    with pytest.raises(UsageError, match=r"coverage\.json: 'weather' is not a valid UnmetReason"):
        chapter(_run(tmp_path / "run", one_sided={"weather": 1}))
