"""Odd words on the command line end in one sentence with a hint and exit 2."""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from sekisho.cli import main, parser
from sekisho.commands.check import _show
from sekisho.commands.resegment import _until
from sekisho.commands.screen import screen
from sekisho.errors import UsageError
from sekisho.evidence.verdict import Verdict
from sekisho.model.changes import LATEST_MOMENT
from sekisho.plan.places import one_of
from sekisho.report.reading import read
from sekisho.resegment.protocol import ChangeRequest
from tests.sekisho.report.fake_run import write_run

ROOT = Path(__file__).parents[2]
TINY = ROOT / "topologies" / "tiny.yaml"
HUGE = "9" * 26


def told(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run a command that says nothing on standard output; return its exit and its complaint."""
    capfd.readouterr()
    status = main(["--lang", "en", *words])
    out, err = capfd.readouterr()
    assert out == ""
    return status, err


NUMBERS = [
    ("demo", "--port", ["99999", "-1", "abc", "8e3", "", HUGE, "８０"], "0 to 65535"),
    ("check", "--seed", [HUGE, f"-{HUGE}", "1.5", "x"],
     "-9223372036854775808 to 9223372036854775807"),
    ("mutate", "--seed", [HUGE], "-9223372036854775808 to 9223372036854775807"),
    ("mutate", "--faults", ["0", "-3", HUGE], "1 to 2147483647"),
    ("mutate", "--pairs", ["-1", HUGE], "0 to 2147483647"),
    ("chaos", "--token", [HUGE], "-9223372036854775808 to 9223372036854775807"),
    ("chaos", "--repeat", ["0", "-1", HUGE], "1 to 2147483647"),
    ("resegment", "--undo", ["0", "-1", "two", HUGE], "1 to 2147483647"),
    ("vm run", "--memory", ["0", "255", HUGE], "256 to 16777216"),
    ("vm shell", "--cpus", ["0", "-1", "256"], "1 to 255"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "option", "word", "bounds"),
    [(c, o, word, bounds) for c, o, words, bounds in NUMBERS for word in words],
)
def test_a_number_that_is_not_possible(
    command: str, option: str, word: str, bounds: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is shown with the numbers that are."""
    status, err = told(capfd, *command.split(), f"{option}={word}")

    assert (status, err) == (
        2, f"{option} {word!r} is not possible\n  hint: a whole number from {bounds}\n"
    )  # fmt: skip


@pytest.mark.parametrize("option", ["--boot-timeout", "--timeout"])
@pytest.mark.parametrize("word", ["0", "-1", "nan", "inf", "1e400", "1e3", "soon", "1000001"])
def test_a_span_of_time_that_is_not_possible(
    option: str, word: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not a number is no number of seconds."""
    assert told(capfd, "vm", "run", f"{option}={word}") == (
        2,
        f"{option} {word!r} is not possible\n  hint: seconds, more than 0, like 90 or 2.5\n",
    )


@pytest.mark.parametrize("words", ["report RUN --out OUT", "report RUN --format html --out OUT"])
def test_a_report_into_no_folder(
    words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nor where a file stands in the way, nor over a folder."""
    run = write_run(tmp_path / "run")
    (tmp_path / "file").write_text("")
    for out, why in (
        (tmp_path / "file" / "x", "File exists"),
        (tmp_path / "file" / "y" / "x", "Not a directory"),
        (tmp_path, "Is a directory"),
    ):
        filled = words.replace("RUN", str(run)).replace("OUT", str(out)).split()

        assert told(capfd, *filled) == (
            2,
            (f"--out {out}: {why}\n  hint: a file in a folder in which you may write\n"),
        )


def test_a_drawing_where_no_folder_can_be(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Before Graphviz is asked; nor into a folder that is called like a drawing."""
    (tmp_path / "file").write_text("")
    out = tmp_path / "file" / "x"

    assert told(capfd, "plan", "draw", str(TINY), "--out", str(out)) == (
        2,
        (
            f"--out {out / 'tiny-physical.svg'}: Not a directory\n"
            "  hint: a file in a folder in which you may write\n"
        ),
    )
    for name in ("x.svg", "x.PNG"):
        assert told(capfd, "plan", "draw", str(TINY), "--out", str(tmp_path / "new" / name)) == (
            2,
            (
                f"--out {tmp_path / 'new' / name}: drawings go into a folder, "
                f"under names of their own\n  hint: --out {tmp_path / 'new'}\n"
            ),
        )
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("plan draw PLAN --view physical --out NEW --lang en", "tiny-physical.svg"),
        ("plan lint PLAN --sarif NEW/log.sarif", "log.sarif"),
        ("report RUN --format html --out NEW/report.html", "report.html"),
    ],
)
def test_a_folder_to_write_into_is_made(words: str, file: str, tmp_path: Path) -> None:
    """Whatever is written there: every option that names a place does the same."""
    new, run = tmp_path / "not" / "there", write_run(tmp_path / "run")
    for name, value in (("PLAN", TINY), ("NEW", new), ("RUN", run)):
        words = words.replace(name, str(value))

    assert main(words.split()) == 0
    assert (new / file).stat().st_size > 100


@pytest.mark.parametrize("command", ["check", "up", "demo", "mutate", "chaos"])
def test_a_datapath_that_there_is_not(
    command: str, tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Told at once; no run folder is made."""
    monkeypatch.setenv("SEKISHO_DATAPATH", "bogus")
    more = ["--port", "0"] if command == "demo" else []
    said = told(capfd, command, str(TINY), "--out", str(tmp_path / "runs"), "--quiet", *more)

    assert said == (2, "SEKISHO_DATAPATH=bogus: no such datapath\n  hint: kernel or userspace\n")
    assert not (tmp_path / "runs").exists()


def test_the_id_of_a_town_that_fits_no_name(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Another place would not help."""
    plan = tmp_path / "long.yaml"
    plan.write_text(TINY.read_text("utf-8").replace("id: tiny", f"id: {'x' * 300}"), "utf-8")

    assert told(capfd, "check", str(plan), "--out", str(tmp_path / "runs")) == (
        2,
        (
            f"{'x' * 20}...: too long for the name of a folder\n"
            "  hint: a shorter id of the town, in the plan\n"
        ),
    )


@pytest.mark.parametrize("words", [["--only", "VL-01"], ["--family", "VL"]])
@pytest.mark.parametrize("suite", ["gate", "smoke"])
def test_an_attack_that_the_suite_does_not_try(
    words: list[str], suite: str, tmp_path: Path
) -> None:
    """It is not inconclusive for want of cases: the words ask for another suite."""
    (tmp_path / "run").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "scenarios.run.check", str(TINY), "--folder", str(tmp_path / "run"),
         "--suite", suite, *words],
        cwd=ROOT, capture_output=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert orjson.loads(done.stdout.splitlines()[-1]) == {
        "error": f"{words[0]} {words[1]!r} is an attack of the catalogue, which this suite does "
        "not try\n  hint: --suite full",
        "exit": 2,
    }


@pytest.mark.parametrize(
    ("verdicts", "aborted", "line"),
    [
        ({}, "", ""),
        ({3: Verdict.LEAK}, "", "verdict FAIL: 1 leak (of 200 cases)"),
        ({3: Verdict.INCONCLUSIVE}, "", "verdict INCONCLUSIVE: 1 cases cannot be judged"),
    ],
)
def test_quiet_says_what_is_wrong(
    verdicts: dict[int, Verdict], aborted: str, line: str, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The verdict and where to read on; of a pass nothing."""
    folder = write_run(tmp_path / "run", verdicts=verdicts, aborted=aborted)
    _show(read(folder), argparse.Namespace(json=False, quiet=True, lang="en"), screen().out)

    assert capfd.readouterr().out == (f"{line}\n{folder}/report.html\n" if line else "")


@pytest.fixture(name="below_run")
def _below_run() -> Iterator[Path]:
    """Yield a folder of our own below /run."""
    places = [os.environ.get("XDG_RUNTIME_DIR", ""), "/run"]
    place = next((p for p in places if p.startswith("/run") and os.access(p, os.W_OK)), None)
    if place is None:
        pytest.skip("no folder below /run may be written by this user")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)


@pytest.mark.parametrize("command", ["check", "up", "mutate", "chaos"])
@pytest.mark.parametrize("is_linked", [False, True])
def test_a_plan_below_run(
    command: str, is_linked: bool, below_run: Path, tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """The run would not see it, as it would not see a run folder there."""
    plan = below_run / "t.yaml"
    plan.write_bytes(TINY.read_bytes())
    if is_linked:
        (tmp_path / "t.yaml").symlink_to(plan)
        plan = tmp_path / "t.yaml"

    assert told(capfd, command, str(plan), "--out", str(tmp_path / "runs"), "--quiet") == (
        2,
        f"{plan}: a run has a /run of its own\n  hint: use another folder\n",
    )


@pytest.mark.parametrize(
    ("text", "wrong"),
    [(text, "is no time") for text in
     ("25:99", "17:3", " 17:30", "+99999m", "+5d", "0000-01-01", "2027-13-01", "1e9", "soon",
      "10000-01-01", "2027-01-04T08:30+25:00")]
    + [(text, "is too far ahead") for text in ("2100-01-02", "9999-12-31T23:59-12:00")],
)  # fmt: skip
def test_an_end_that_is_no_time(text: str, wrong: str) -> None:
    """In words of ours, not of the library that reads times."""
    with pytest.raises(UsageError) as caught:
        _until(text)

    assert str(caught.value) == (
        f"--until {text!r} {wrong}\n  hint: +90m, 17:30 or 2027-01-04T08:30"
    )


def test_an_end_that_is_a_time() -> None:
    """A span, a clock, a day, with or without a zone of its own."""
    now = time.time()
    later = [_until(text) for text in ("+90m", "17:30", "2099-12-31T08:30", "2099-12-31T08:30Z")]

    assert all(at is not None and now < at < LATEST_MOMENT for at in later)


@pytest.mark.parametrize("value", [True, "1", -1, 1e12, LATEST_MOMENT + 1])
def test_no_end_is_taken_that_no_calendar_shows(value: object) -> None:
    """Whoever asks past the command line, too."""
    with pytest.raises(UsageError, match="is not a time"):
        ChangeRequest.from_wire({"op": "change", "link": "P28", "until": value})


ODD = ("", "/", "/dev/null", "x" * 5_000, "nowhere/y", "[/]")


#: Odd, and no mistake: files that can be written, once their folder is made.
FINE = {("sarif", "nowhere/y"), ("sarif", "[/]")}


def odd_words(of: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Yield every command with every odd word as every option and operand; none boots a town."""
    for action in of._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, child in action.choices.items():
                yield from odd_words(child, (*words, name))
            return
    operands = [a for a in of._actions if not a.option_strings and a.nargs != argparse.REMAINDER]
    required = ["nowhere" for a in operands if a.nargs is None]
    plan = ["nowhere.yaml"] if any(a.dest == "plan" for a in operands) and not required else []
    for action, odd in itertools.product(of._actions, ODD):
        if action.nargs == 0 or words[0] == "vm":
            continue
        if action.option_strings:
            if (action.dest, odd) in FINE:
                continue
            yield [*words, *required, *plan, f"{action.option_strings[0]}={odd}"]
        elif action.nargs != argparse.REMAINDER:
            yield [*words, *(odd for a in operands if a.nargs is None), odd]


@pytest.mark.parametrize("words", list(odd_words(parser())), ids=lambda w: " ".join(w)[:40])
def test_no_odd_word_is_a_crash(
    words: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Empty, a folder, a device, far too long, not there: told, with an exit that is no finding."""
    monkeypatch.chdir(tmp_path)
    try:
        status = main(words)
    except SystemExit as end:
        status = int(end.code or 0)
    out, err = capfd.readouterr()

    assert (status in (2, 3), out, "Traceback" in err) == (True, "", False)
    assert err


@pytest.mark.live
def test_a_port_that_is_not_permitted(tmp_path: Path) -> None:
    """Root may take it; here root may not, since the kernel was told so."""
    inside = (
        "ip link set lo up && exec setpriv --bounding-set=-net_bind_service -- "
        f"{sys.executable} -m sekisho.cli demo {TINY} --port 80 --lang en"
    )
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", inside],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (
        2,
        "port 80 is not permitted to you\n  hint: one from 1024 up; --port 0 takes any\n",
    )


@pytest.mark.parametrize("option", ["--town", "--lang=en", "-x"])
def test_an_option_behind_the_host_of_exec(option: str, capfd: pytest.CaptureFixture[str]) -> None:
    """It would be called as a program, inside the host."""
    assert told(capfd, "exec", "nb", option, "runs/x", "--", "ip", "addr") == (
        2,
        (
            f"{option} stands behind the host: what is there is the program\n"
            f"  hint: sekisho exec {option} ... HOST -- CMD\n"
        ),
    )


def test_a_word_that_is_nearly_a_name() -> None:
    """The name that was meant; else no more than a dozen, and how many there are."""
    names = [f"pc-{number:02}" for number in range(56)]

    assert one_of("PC-07", names) == "did you mean 'pc-07'?"
    assert one_of("printer", names[:2]) == "one of pc-00, pc-01"
    assert one_of("printer", names) == f"one of {', '.join(names[:12])}, and 44 more"
