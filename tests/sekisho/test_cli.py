"""The command line: what it says, where it says it, and the exit status."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import orjson
import pytest
from rich.console import Console

from sekisho import __version__, cli
from sekisho.cli import main, parser
from sekisho.commands import runs
from sekisho.commands.inner import Outcome, listen
from sekisho.commands.screen import language
from sekisho.commands.standing import find, forget, note
from sekisho.errors import UsageError
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.summary import Summary, write_summary
from sekisho.report.reading import read_summary
from sekisho.runtime.progress import Lines, Moving, Silent, phase_text, progress

ROOT = Path(__file__).parents[2]
TINY = str(ROOT / "topologies" / "tiny.yaml")
NOW = datetime(2026, 11, 23, 18, 1, 2)


class Told(Silent):
    """A progress that remembers."""

    def __init__(self) -> None:
        self.all: list[tuple[object, ...]] = []

    def phase(self, name: str) -> None:
        """Remember a phase."""
        self.all.append((name,))

    def step(self, done: int, of: int) -> None:
        """Remember a step."""
        self.all.append((done, of))


@pytest.fixture(autouse=True)
def signals_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep ``main`` from taking the test runner's own signals."""
    monkeypatch.setattr(cli, "_end_in_order", lambda: None)


def _outcome(tmp_path: Path, script: str, told: Silent | None = None) -> Outcome:
    log = tmp_path / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=errors
        ) as process,
    ):
        return listen(process, told or Silent(), log=log)


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    """``--version`` says one line."""
    with pytest.raises(SystemExit) as stop:
        main(["--version"])

    assert stop.value.code == 0
    assert capsys.readouterr().out == f"sekisho {__version__}\n"


@pytest.mark.parametrize("words", [[], ["chekc"], ["check", "--suite", "all"], ["plan"]])
def test_wrong_words_are_exit_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed as a result."""
    with pytest.raises(SystemExit) as stop:
        main(words)

    assert stop.value.code == 2
    assert capsys.readouterr().out == ""


def test_every_command_has_help() -> None:
    """Whoever asks a command what it does is told."""
    text = parser().format_help()

    for command in ("check", "up", "exec", "shell", "down", "plan", "report"):
        assert f"\n    {command} " in text


@pytest.mark.parametrize("command", [["check"], ["up"], ["plan", "lint"], ["plan", "show"]])
def test_a_wrong_plan_is_found_before_anything_is_started(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 2 with the text that belongs to the mistake, and no run folder."""
    wrong = ROOT / "tests/sekisho/plan/wrong"
    (tmp_path / "unknown-zone.yaml").write_text((wrong / "unknown-zone.yaml").read_text("utf-8"))
    monkeypatch.chdir(tmp_path)
    status = main(["--lang", "en", *command, "unknown-zone.yaml"])
    said = capsys.readouterr()

    assert (status, said.out) == (2, "")
    assert said.err == (wrong / "unknown-zone.err").read_text("utf-8")
    assert not (tmp_path / "runs").exists()


def test_a_sound_plan_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """``plan lint`` counts what it read."""
    assert main(["plan", "lint", TINY, "--lang", "en"]) == 0
    assert capsys.readouterr().out == f"{TINY}: no mistake (devices 4, switches 2, rules 3)\n"


def test_an_absent_run_folder_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``report`` names the file that it looked for."""
    assert main(["--lang", "en", "report", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}/manifest.json: No such file or directory\n"


def test_no_town_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``down`` without a town says how to get one."""
    assert main(["--lang", "en", "down", "--out", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said == f"no town is running in {tmp_path}/\n  hint: sekisho up PLAN\n"


def test_run_folders_of_one_second_are_told_apart(tmp_path: Path) -> None:
    """Two runs never share a folder, and ``latest`` is the last one."""
    first, second = (runs.make_run(tmp_path, "tiny", NOW) for _ in range(2))
    for folder in (first, second):
        runs.point_latest(folder)

    assert (first.name, second.name) == ("20261123-180102-tiny", "20261123-180102-tiny-2")
    assert (tmp_path / "latest").readlink() == Path(second.name)
    assert sorted(p.name for p in tmp_path.iterdir()) == [first.name, second.name, "latest"]


def test_a_place_that_takes_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    """The hint is another place."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError) as caught:
        runs.make_run(tmp_path / "file", "tiny", NOW)

    assert str(caught.value) == (
        f"{tmp_path / 'file'}: File exists\n  hint: choose another place with --out"
    )


def test_a_run_that_died_is_inconclusive_whatever_it_had_written(tmp_path: Path) -> None:
    """A green summary does not survive the death of its run; its counts do."""
    path = tmp_path / "summary.json"
    write_summary(path, Summary(plan="tiny", verdict=RunVerdict.PASS, cases=3, passed=3))
    runs.summary_without_verdict(tmp_path, "tiny", "interrupted")
    found = read_summary(path)

    assert (found.verdict, found.aborted, found.exit, found.cases) == (
        RunVerdict.INCONCLUSIVE,
        "interrupted",
        3,
        3,
    )


def test_a_run_that_died_is_sealed_as_it_is_left(tmp_path: Path) -> None:
    """What its death made of the summary is under the seal, too."""
    (tmp_path / "manifest.json").write_bytes(b'{"run": "r"}')
    runs.summary_without_verdict(tmp_path, "tiny", "interrupted")
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())

    assert list(manifest["files"]) == ["summary.json"]


def test_a_leak_is_not_washed_away_by_an_abort(tmp_path: Path) -> None:
    """A leak is final for the run."""
    path = tmp_path / "summary.json"
    write_summary(path, Summary(plan="tiny", verdict=RunVerdict.FAIL, cases=1, leak=1))
    runs.summary_without_verdict(tmp_path, "tiny", "interrupted")

    assert read_summary(path).verdict is RunVerdict.FAIL


def test_phases_and_steps_are_passed_on(tmp_path: Path) -> None:
    """A phase is shown once however many steps it has; other output is not for us."""
    said = [{"phase": "probe", "done": n, "of": 2} for n in (1, 2)]
    lines = [*said, "noise", {"phase": "judge"}, {"end": True, "exit": 1}]
    text = "\n".join(json.dumps(line) for line in lines)
    told = Told()
    outcome = _outcome(tmp_path, f"print({text!r})", told)

    assert told.all == [("probe",), (1, 2), (2, 2), ("judge",)]
    assert (outcome.exit, outcome.error) == (1, "")


def test_an_error_that_is_said_keeps_its_exit_status(tmp_path: Path) -> None:
    """The laboratory knows best what went wrong."""
    line = json.dumps({"error": "no Open vSwitch\n  hint: install it", "exit": 3})
    outcome = _outcome(tmp_path, f"print({line!r})")

    assert (outcome.exit, outcome.error) == (3, "no Open vSwitch\n  hint: install it")


def test_silence_is_death(tmp_path: Path) -> None:
    """No last line: the reason is looked for in the log, and the run cannot be a pass."""
    outcome = _outcome(tmp_path, "import sys; sys.exit('MemoryError')")

    assert outcome.exit == 3
    assert outcome.error == (
        f"the laboratory ended by itself (exit status 1): MemoryError\n  see {tmp_path / 'log'}"
    )


def test_lines_are_plain_where_there_is_no_terminal() -> None:
    """One line a phase, with the seconds, without a single escape."""
    out = io.StringIO()
    ticks = iter((0.0, 1.26, 3.0))
    shown = Lines(Console(file=out), language="en", clock=lambda: next(ticks))
    with shown:
        shown.phase("switch")
        shown.step(1, 2)
        shown.phase("unheard-of")

    assert out.getvalue() == "   1.3 s  start Open vSwitch\n   3.0 s  unheard-of\n"


@pytest.mark.parametrize(
    ("is_terminal", "is_quiet", "kind"),
    [(True, False, Moving), (False, False, Lines), (True, True, Silent), (False, True, Silent)],
)
def test_progress_suits_where_it_is_shown(
    is_terminal: bool, is_quiet: bool, kind: type[Silent]
) -> None:
    """A spinner is for eyes; ``--quiet`` is for nobody."""
    environment = {"TERM": "xterm"}
    console = Console(file=io.StringIO(), force_terminal=is_terminal, _environ=environment)

    assert type(progress(console, language="ja", is_quiet=is_quiet)) is kind


def test_no_color_means_no_colour_even_on_a_terminal() -> None:
    """https://no-color.org: the bar still moves, in one colour."""
    out = io.StringIO()
    environment = {"TERM": "xterm-256color", "NO_COLOR": "1"}
    console = Console(file=out, force_terminal=True, width=80, _environ=environment)
    with Moving(console, language="en") as shown:
        shown.phase("hosts")
        shown.phase("probe")
        shown.step(1, 2)

    assert phase_text("probe", "en") in out.getvalue()
    assert "\x1b[3" not in out.getvalue().replace("\x1b[3m", "")


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "ja"),
        ({"LANG": "C.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
    ],
)
def test_the_language_is_japanese_unless_the_locale_names_another(
    environment: dict[str, str], spoken: str
) -> None:
    """A machine without a locale belongs to a town hall."""
    assert language(environment) == spoken


def test_a_town_of_before_the_restart_is_not_found(tmp_path: Path) -> None:
    """A pid means nothing after the machine was started anew."""
    folder = tmp_path / "one"
    folder.mkdir()
    town = note(folder, "tiny", 1, {"nb": 7})
    assert find(tmp_path, None) == town
    text = (folder / "town.json").read_bytes()
    (folder / "town.json").write_bytes(orjson.dumps({**orjson.loads(text), "boot": "before"}))
    with pytest.raises(UsageError):
        find(tmp_path, None)
    forget(folder)

    assert list(folder.iterdir()) == []
