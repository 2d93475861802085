"""What goes wrong with the machine is told in a sentence that helps, and never as a finding."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import sekisho.cli
from sekisho.commands import runs
from sekisho.commands.screen import Screen
from sekisho.errors import LabError
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.summary import Summary, write_summary
from sekisho.evidence.writing import write_atomically
from sekisho.model.changes import Change
from sekisho.report.reading import read_summary
from sekisho.resegment.journal import Journal
from sekisho.text.trouble import in_words, recorded
from topologies.control_server import ControlServer

ROOT = Path(__file__).parents[3]
_SPACE = "free some space, or choose another place with --out"


def _system(number: int, name: str | None = None) -> OSError:
    return OSError(number, os.strerror(number), name) if name else OSError(number, "")


_PROCESSES = (
    "no more processes may be started\n"
    "  hint: raise the limit of processes (ulimit -u), or end other programs"
)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (_system(errno.ENOSPC, "/r/x"), f"/r/x: no space is left\n  hint: {_SPACE}"),
        (
            _system(errno.EMFILE),
            (
                "too many open files\n"
                "  hint: raise the limit of open files (ulimit -n), or try fewer terminals"
            ),
        ),
        (BlockingIOError(errno.EAGAIN, "x"), _PROCESSES),
        (RuntimeError("can't start new thread"), _PROCESSES),
        (
            MemoryError(),
            (
                "the machine has no memory left\n"
                "  hint: end other programs, or give the machine more memory"
            ),
        ),
        (
            _system(errno.ENOENT, "ovs-vsctl"),
            "ovs-vsctl: is not installed\n  hint: make setup installs what a run needs",
        ),
        (_system(errno.EACCES, "/r/x"), "/r/x: permission denied"),
        (
            OverflowError("date value out of range"),
            (
                "no date can be reckoned from the clock of this machine\n"
                "  hint: set the clock of this machine: timedatectl"
            ),
        ),
        (
            subprocess.TimeoutExpired(["/usr/bin/ip", "link"], 5.0),
            (
                "ip did not end within 5 s\n"
                "  hint: the machine may be too busy: try again when it is idle"
            ),
        ),
        (subprocess.CalledProcessError(1, ["ip"], stderr=b"a\nlink: no\n"), "ip failed: link: no"),
        (LabError("the controller is gone\n  hint: look"), "the controller is gone\n  hint: look"),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, BaseException) else "",
)
def test_every_known_cause_is_a_sentence(error: BaseException, told: str) -> None:
    """And a hint, where something can be done."""
    assert in_words(error) == told


def test_what_was_being_done_comes_first() -> None:
    """Where something says so."""
    told = in_words(_system(errno.ENOSPC, "/r/x"), doing="write the records")

    assert told == f"write the records: /r/x: no space is left\n  hint: {_SPACE}"


def test_what_nobody_expected_names_its_place(caplog: pytest.LogCaptureFixture) -> None:
    """In one line for whoever reads the report; the traceback is for the log."""
    try:
        [][1]  # on purpose
    except IndexError as error:
        told = recorded(error, doing="judge")
    first, hint = told.splitlines()

    assert first.startswith("judge: IndexError: list index out of range (test_trouble.py:")
    assert hint == "  hint: this is a mistake in Sekisho: please report it with the log of the run"
    assert "Traceback (most recent call last)" in caplog.text


def _raise(error: BaseException) -> Callable[[Namespace, Screen], int]:
    def command(args: Namespace, screen: Screen) -> int:
        raise error

    return command


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("integer modulo by zero"),
        OverflowError("date value out of range"),
        _system(errno.ENOSPC, "/r/x"),
        BlockingIOError(errno.EAGAIN, "x"),
        RuntimeError("can't start new thread"),
        IsADirectoryError(errno.EISDIR, "x", "runs/latest"),
    ],
    ids=repr,
)
def test_a_crash_never_looks_like_a_finding(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 3, a sentence, perhaps a hint, and no traceback."""
    monkeypatch.setattr(sekisho.cli, "plan_lint", _raise(error))
    status = sekisho.cli.main(["--lang", "en", "plan", "lint"])
    told = capsys.readouterr().err.strip()

    assert status == 3
    assert told == in_words(error)
    assert len(told.splitlines()) <= 2


def _command(redirected: str, *words: str) -> tuple[int, str]:
    """Run a command with its output redirected by a shell; return its status and what it says."""
    line = f'"$@" {redirected}; exit ${{PIPESTATUS[0]}}'
    tool = [sys.executable, "-m", "sekisho.cli", "--lang", "en"]
    command = ["bash", "-c", line, "sh", *tool, *words]
    done = subprocess.run(
        command, cwd=ROOT, timeout=60, check=False, capture_output=True, text=True
    )
    return done.returncode, done.stderr


_SHOW = ("plan", "show", "topologies/matsuno.yaml", "--hosts", "--rules")


@pytest.mark.parametrize(
    ("redirected", "status", "said"),
    [
        (">/dev/null", 0, ""),
        ("| head -1", 0, ""),
        (">/dev/full", 3, "standard output: no space is left\n"),
        (">&-", 3, "standard output: it is closed\n"),
        ("2>&- >/dev/null", 0, ""),
        ("<&- >/dev/null", 0, ""),
    ],
)
def test_an_output_that_takes_nothing_is_told(redirected: str, status: int, said: str) -> None:
    """With 3; whoever reads no further (``| head``) changes no status."""
    ended, told = _command(redirected, *_SHOW)

    assert ended == status, told
    assert told.startswith(said)
    assert len(told.splitlines()) <= 2
    assert bool(told) == bool(said)


def test_a_wrong_plan_is_still_2_where_nobody_reads(tmp_path: Path) -> None:
    """The status says what the command found."""
    plan = tmp_path / "plan.yaml"
    plan.write_text("sekisho: 1\n", "utf-8")

    assert _command("2>&1 | head -1", "plan", "lint", str(plan))[0] == 2
    assert _command(">/dev/full", "plan", "lint", str(plan))[0] == 2


def test_a_folder_in_the_place_of_the_newest_run_is_told(tmp_path: Path) -> None:
    """Before anything is started, with what to do about it."""
    (tmp_path / "latest").mkdir()
    folder = runs.make_run(tmp_path, "town", datetime(2026, 4, 1, tzinfo=UTC))

    with pytest.raises(LabError) as told:
        runs.point_latest(folder)
    assert str(told.value) == (
        f"{tmp_path / 'latest'} is a folder, and must be a link to the newest run\n"
        "  hint: give it another name, or choose another place with --out"
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == [folder.name, "latest"]


class _Full:
    """A disk that takes nothing until enough files are gone."""

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most

    def __call__(self, path: Path, data: object) -> None:
        if len(list(self.folder.iterdir())) > self.most:
            raise _system(errno.ENOSPC, str(path))
        path.write_bytes(data if isinstance(data, bytes) else b"".join(data))  # type: ignore[arg-type]


@pytest.mark.parametrize("most", [0, 1, 9], ids=["no room ever", "room for one", "room"])
def test_no_pass_stays_where_the_end_cannot_be_written(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old summary goes before: a run without one has no verdict."""
    path = tmp_path / "summary.json"
    write_summary(path, Summary(plan="town", verdict=RunVerdict.PASS))
    (tmp_path / "cases.jsonl").write_bytes(b"")
    monkeypatch.setattr("sekisho.evidence.summary.write_atomically", _Full(tmp_path, most))
    runs.summary_without_verdict(tmp_path, "town", "no space is left")

    assert path.exists() == (most > 0)
    if most:
        left = read_summary(path)
        assert (left.verdict, left.aborted) == (RunVerdict.INCONCLUSIVE, "no space is left")


def test_a_write_that_fails_names_its_file(tmp_path: Path) -> None:
    """write(2) and fsync(2) know no names, and a reader wants one."""

    def chunks() -> object:
        yield b"x"
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match=r"cases\.jsonl") as told:
        write_atomically(tmp_path / "cases.jsonl", chunks())  # type: ignore[arg-type]
    assert told.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_a_journal_that_takes_no_line_says_so_and_keeps_none(tmp_path: Path) -> None:
    """Ten bytes of it fit: neither they nor the line stay, and nothing was done."""
    path = tmp_path / "changes.jsonl"
    journal = Journal(path)
    journal.add(_change(1))
    before = path.read_bytes()
    full, limits = Journal(path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 10, limits[1]))
    try:
        with pytest.raises(LabError) as told:
            full.add(_change(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert str(told.value) == (
        f"{path} takes no line, and nothing was done: no space is left\n  hint: {_SPACE}"
    )
    assert [change.number for change in full.standing] == [1]
    assert path.read_bytes() == before


def _change(number: int) -> Change:
    return Change(number, "web", (), (), "", "somebody", 0.0, None)


def test_a_desk_answers_where_the_disk_is_full() -> None:
    """With the reason, instead of hanging up."""
    stage = ControlServer.__new__(ControlServer)

    def full(request: dict[str, object]) -> dict[str, object]:
        raise _system(errno.ENOSPC, "/r/report.html")

    stage._handlers = {"look": full}
    told = stage._answer({"op": "look"})

    assert told == {
        "error": f"look: /r/report.html: no space is left\n  hint: {_SPACE}",
        "lab": True,
    }
