"""Cases on disk: written as they come, compressed, and read as far as they go."""

from __future__ import annotations

import errno
import gzip
import os
import resource
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from sekisho.errors import UsageError
from sekisho.evidence.case import Case
from sekisho.evidence.case_file import (
    CASES,
    PLAIN,
    CaseLog,
    case_file,
    lines,
    read_cases,
    write_cases,
)
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.report import html, junit
from sekisho.report.reading import read
from tests.sekisho.report.fake_run import cases, manifest, raw_cases, write_run

MANY = list(cases(300, {7: Verdict.LEAK}))


def test_cases_come_back_as_they_were_written(tmp_path: Path) -> None:
    """A file of cases loses nothing, and leaves nothing beside it."""
    write_cases(tmp_path / CASES, MANY)

    assert list(read_cases(tmp_path / CASES)) == MANY
    assert [p.name for p in tmp_path.iterdir()] == [CASES]
    assert (tmp_path / CASES).stat().st_size * 5 < len(b"".join(lines(tmp_path / CASES)))


def test_any_gzip_reads_it(tmp_path: Path) -> None:
    """Also where it has several members."""
    log = CaseLog(tmp_path / CASES)
    for start in (0, 100, 200):
        log.add(MANY[start : start + 100])
        log.close()

    assert gzip.decompress((tmp_path / CASES).read_bytes()) == b"".join(lines(tmp_path / CASES))
    assert list(read_cases(tmp_path / CASES)) == MANY


def test_an_empty_file_of_cases_is_whole(tmp_path: Path) -> None:
    """A run that tried nothing says so."""
    write_cases(tmp_path / CASES, [])

    assert list(read_cases(tmp_path / CASES)) == []


def test_the_log_counts_and_gives_back_what_it_has(tmp_path: Path) -> None:
    """Also while it goes on."""
    with CaseLog(tmp_path / CASES) as log:
        log.add(MANY[:10])
        assert (len(log), log.counts[Verdict.LEAK]) == (10, 1)
        assert list(log) == MANY[:10]
        assert [row["case"] for row in log.rows()] == [case.case for case in MANY[:10]]


def test_every_case_can_be_changed_at_the_end(tmp_path: Path) -> None:
    """As a doubt about the whole run does; more cases may follow."""
    log = CaseLog(tmp_path / CASES)
    log.add(MANY[:200])
    log.change(lambda case: replace(case, verdict=Verdict.INCONCLUSIVE))
    log.add(MANY[200:])
    log.close()

    assert log.counts == {Verdict.INCONCLUSIVE: 200, Verdict.PASS: 100}
    assert [c.verdict for c in read_cases(tmp_path / CASES)] == [Verdict.INCONCLUSIVE] * 200 + [
        Verdict.PASS
    ] * 100
    assert [p.name for p in tmp_path.iterdir()] == [CASES]


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Half of the cases of a doubtful run must not look sure."""
    log = CaseLog(tmp_path / CASES)
    log.add(MANY)

    def failing(case: Case) -> Case:
        if case.case == MANY[150].case:
            raise ValueError(case.case)
        return replace(case, verdict=Verdict.INCONCLUSIVE)

    with pytest.raises(ValueError, match=MANY[150].case):
        log.change(failing)
    log.close()

    assert list(read_cases(tmp_path / CASES)) == MANY
    assert [p.name for p in tmp_path.iterdir()] == [CASES]


_DIES = """
import os, sys
from pathlib import Path
from sekisho.evidence.case_file import CaseLog, read_cases
made = list(read_cases(Path(sys.argv[1])))
log = CaseLog(Path(sys.argv[2]))
log.add(made[:100])
log.add(made[100:200])
def rest():
    yield from made[200:]
    os.kill(os.getpid(), 9)
log.add(rest())
"""


def test_a_run_that_was_killed_leaves_what_it_had_judged(tmp_path: Path) -> None:
    """All windows until then, whole; it is inconclusive; who must have all is told."""
    folder = write_run(tmp_path / "run", number=300)
    made, left = folder / "made.gz", folder / CASES
    left.rename(made)
    (folder / "summary.json").unlink()
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest()))
    words = [sys.executable, "-c", _DIES, str(made), str(left)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    record = read(folder)

    assert 200 <= len(record.cases) < 300
    assert [record.cases[row] for row in range(200)] == list(read_cases(made))[:200]
    assert (record.verdict, record.is_aborted) == (RunVerdict.INCONCLUSIVE, True)
    with pytest.raises(UsageError, match=r"not whole: it ends in the middle$"):
        list(lines(left))


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_wherever_it_was_cut_no_half_line_is_a_case(tmp_path: Path, cut: int) -> None:
    """Every line that is read of a part is a line of the whole, in order; a part is never whole."""
    path = tmp_path / CASES
    with CaseLog(path) as log:
        for case in MANY[:20]:
            log.add([case])
    whole, data = list(lines(path)), path.read_bytes()
    path.write_bytes(data[: len(data) - cut * len(data) // 400])
    part = list(lines(path, is_whole=False))

    assert part == whole[: len(part)]
    with pytest.raises(UsageError, match="not whole"):
        list(lines(path))


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\x1f\x8b", os.urandom(5000)])
def test_what_is_no_file_of_cases_is_told(tmp_path: Path, data: bytes) -> None:
    """With its name; nothing is taken for a case."""
    (tmp_path / CASES).write_bytes(data)

    with pytest.raises(UsageError, match=rf"{CASES}: not whole: "):
        list(lines(tmp_path / CASES))
    assert list(lines(tmp_path / CASES, is_whole=False)) == []


def test_bytes_behind_the_cases_are_told(tmp_path: Path) -> None:
    """They would be read by other programs, and are none of the run's."""
    write_cases(tmp_path / CASES, MANY)
    with (tmp_path / CASES).open("ab") as file:
        file.write(b'{"case": "T-000301"}\n')

    with pytest.raises(UsageError, match="not whole"):
        list(lines(tmp_path / CASES))


@pytest.mark.parametrize("name", [CASES, PLAIN])
def test_a_line_without_end_does_not_fill_the_memory(tmp_path: Path, name: str) -> None:
    """A small file can hold gigabytes of one letter."""
    data = b"x" * 300_000_000
    (tmp_path / name).write_bytes(gzip.compress(data, 1) if name == CASES else data)
    del data
    tracemalloc.start()
    try:
        with pytest.raises(UsageError, match="a line of more than 1,048,576 bytes"):
            list(lines(tmp_path / name))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_folders_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """Their cases lie there as plain lines; every report is the same, byte for byte."""
    folder = write_run(tmp_path, number=300, verdicts={7: Verdict.LEAK})
    new = read(folder)
    reports = html.render(new), junit.render(new)
    (folder / PLAIN).write_bytes(raw_cases(folder))
    (folder / CASES).unlink()
    seal_again(folder)
    old = read(folder)

    assert case_file(folder).name == PLAIN
    assert [html.render(old).replace(old.sealed, new.sealed), junit.render(old)] == [
        reports[0],
        reports[1].replace(new.sealed.encode(), old.sealed.encode()),
    ]


def test_a_folder_with_both_is_refused(tmp_path: Path) -> None:
    """One of them would hide the other."""
    folder = write_run(tmp_path)
    (folder / PLAIN).write_bytes(b"")
    seal_again(folder)

    with pytest.raises(UsageError, match=r"has cases\.jsonl\.gz and cases\.jsonl: one of them"):
        read(folder)


@contextmanager
def _no_file_longer_than(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_the_disk_takes_no_more_whole_windows_stay(tmp_path: Path) -> None:
    """The error names the file; what was whole before is whole, and nothing more is written."""
    path = tmp_path / CASES
    log = CaseLog(path)
    log.add(MANY[:100])
    size = path.stat().st_size
    with _no_file_longer_than(size + 100), pytest.raises(OSError, match=CASES) as told:
        log.add(replace(case, reason=os.urandom(50).hex()) for case in MANY[100:])
    log.close()

    assert told.value.errno == errno.EFBIG
    assert path.stat().st_size == size
    assert [orjson.loads(line)["case"] for line in lines(path, is_whole=False)] == [
        case.case for case in MANY[:100]
    ]
