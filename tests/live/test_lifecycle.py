"""However a run ends, nothing of it stays but its run folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.report.reading import read
from tests.live import machine
from tests.live.machine import ROOT, Person

pytestmark = [pytest.mark.live, pytest.mark.alone]

TINY = str(ROOT / "topologies" / "tiny.yaml")
WHO = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
by_everybody = pytest.mark.parametrize("person", WHO, indirect=True)
_END_S = 120 * machine.SLOWER
_begun_here: list[subprocess.Popen[bytes]] = []


@pytest.fixture
def person(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Person]:
    """Give somebody with a home, and look afterwards whether the machine is as it was."""
    found: Person | str
    if os.geteuid() == 0 and getattr(request, "param", "ordinary") == "ordinary":
        found = machine.ordinary(tmp_path)
    else:
        found = machine.myself(tmp_path)
    if isinstance(found, str):
        pytest.skip(f"root cannot lend the code to an ordinary user here: {found}")
    (tmp_path / "tiny.yaml").write_text(Path(TINY).read_text("utf-8"), "utf-8")
    network, files, mounts = machine.network(), machine.files(tmp_path), machine.mounts()
    yield found
    while _begun_here:  # a test that failed may have left its command running
        with _begun_here.pop() as process:
            process.kill()
    machine.until(lambda: not machine.processes(tmp_path), "every process gone")

    assert machine.network() == network
    assert machine.files(tmp_path) == files
    assert machine.mounts() == mounts


def _begun(person: Person, *arguments: str) -> subprocess.Popen[bytes]:
    return _called(person, "--lang", "en", "check", "tiny.yaml", "--json", *arguments)


def _called(
    person: Person, *arguments: str, ready: tuple[str, ...] = machine.HEEDING
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [*ready, *person.words(*arguments)],
        cwd=person.home,
        env=person.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    _begun_here.append(process)
    return process


def _town_stands(person: Person, process: subprocess.Popen[bytes]) -> dict[int, str]:
    """Wait until the hosts are served; return everybody in the run's namespaces."""
    machine.one(person.home, "-m topologies.hosts.services", of=process)
    return machine.inhabitants(person.home)


def _nothing_left(person: Person, inhabitants: dict[int, str]) -> None:
    """A command that has returned has left nothing, not even for a moment."""
    assert machine.processes(person.home) == {}
    assert len(inhabitants) > 8
    assert _alive(inhabitants) == []


def _alive(inhabitants: dict[int, str]) -> list[int]:
    return [pid for pid, born in inhabitants.items() if machine.born(pid) == born]


def _folder(person: Person) -> Path:
    return (person.home / "runs" / "latest").resolve()


@by_everybody
def test_a_run_that_ends_leaves_its_folder_alone(person: Person) -> None:
    """The normal end: a verdict, a folder, and nothing else."""
    before = {path.name for path in person.home.iterdir()}
    process = _begun(person)
    inhabitants = _town_stands(person, process)
    out, said = process.communicate(timeout=_END_S)

    _nothing_left(person, inhabitants)
    assert process.returncode == 0, said
    assert json.loads(out)["verdict"] == "pass"
    assert read(_folder(person)).manifest.files is not None
    assert {path.name for path in person.home.iterdir()} == before | {"runs"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_run_that_is_told_to_stop_is_inconclusive(person: Person, number: signal.Signals) -> None:
    """Whoever is asked to stop says so in the folder, and leaves nothing."""
    process = _begun(person)
    inhabitants = _town_stands(person, process)
    process.send_signal(number)
    _, said = process.communicate(timeout=_END_S)

    _nothing_left(person, inhabitants)
    assert process.returncode == 3
    assert said.decode().strip() == f"interrupted by {number.name}"
    record = read(_folder(person))
    assert record.manifest.files is not None
    assert record.verdict is RunVerdict.INCONCLUSIVE
    assert record.summary is not None
    assert record.summary.aborted == f"interrupted by {number.name}"
    assert "errors=" in (_folder(person) / "junit.xml").read_text("utf-8")


def test_a_run_under_nohup_goes_on(person: Person) -> None:
    """Whoever ignores the end of his terminal is obeyed, as nohup(1) has it."""
    ignoring = ("env", "--ignore-signal=HUP")
    process = _called(person, "check", "tiny.yaml", "--suite", "smoke", "--json", ready=ignoring)
    _town_stands(person, process)
    process.send_signal(signal.SIGHUP)
    out, said = process.communicate(timeout=_END_S)

    assert process.returncode == 0, said
    assert json.loads(out)["verdict"] == "pass"


@by_everybody
def test_ctrl_c_on_a_terminal_stops_everything(person: Person) -> None:
    """The key reaches the command alone; what is inside ends with it."""
    with machine.terminal(person, "check", "tiny.yaml") as (process, ours):
        inhabitants = _town_stands(person, process)
        os.write(ours, b"\x03")
        with suppress(OSError):  # the terminal is gone with its last user
            while os.read(ours, 4096):
                pass
        process.wait(_END_S)

    _nothing_left(person, inhabitants)
    assert process.returncode == 3
    os.close(ours)


def test_a_killed_terminal_takes_the_run_with_it(person: Person) -> None:
    """Closing the window is as good as Ctrl-C."""
    with machine.terminal(person, "check", "tiny.yaml") as (process, ours):
        inhabitants = _town_stands(person, process)
        os.close(ours)
        process.wait(_END_S)

    _nothing_left(person, inhabitants)
    assert read(_folder(person)).verdict is RunVerdict.INCONCLUSIVE


@by_everybody
def test_kill_minus_nine_leaves_nothing(person: Person) -> None:
    """The kernel ends what the command could not; the folder is inconclusive, not green."""
    process = _begun(person)
    inhabitants = _town_stands(person, process)
    process.kill()
    process.communicate(timeout=_END_S)
    machine.until(lambda: not _alive(inhabitants), "every process gone")

    _nothing_left(person, inhabitants)
    assert read(_folder(person)).verdict is RunVerdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "words",
    [
        ("demo", "tiny.yaml", "--port=0"),
        ("up", "tiny.yaml", "--foreground"),
        ("mutate", "tiny.yaml", "--faults=4"),
        ("chaos", "tiny.yaml", "--repeat=1"),
    ],
    ids=lambda words: words[0],
)
def test_a_killed_command_takes_its_town_along(person: Person, words: tuple[str, ...]) -> None:
    """Only ``up`` leaves a town behind, and only where it was not asked to stay with it."""
    process = _called(person, *words)
    inhabitants = _town_stands(person, process)
    if words[0] in ("demo", "up"):  # later than that: when it has said that the town is up
        machine.until(lambda: any(person.home.glob("runs/*/town.json")), "the town up")
    process.kill()
    process.communicate(timeout=_END_S)
    machine.until(lambda: not _alive(inhabitants), "every process gone")

    _nothing_left(person, inhabitants)


PARTS = (
    "-m controller",
    "ovs-vswitchd",
    "ovsdb-server",
    "unshare",
    "python -m scenarios.run.check",
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_dies_makes_the_run_inconclusive(person: Person, part: str) -> None:
    """A dead part is never a pass, and takes the rest with it."""
    process = _begun(person)
    inhabitants = _town_stands(person, process)
    os.kill(machine.one(person.home, part), signal.SIGKILL)
    _, said = process.communicate(timeout=_END_S)

    _nothing_left(person, inhabitants)
    assert process.returncode == 3, said
    assert b"by itself" in said
    record = read(_folder(person))
    assert record.verdict is RunVerdict.INCONCLUSIVE
    assert record.is_aborted


def test_two_runs_side_by_side_do_not_hinder_each_other(person: Person) -> None:
    """Each has its own network, its own switch daemon and its own folder."""
    both = [_begun(person, f"--out={name}") for name in ("left", "right")]
    outs = [process.communicate(timeout=2 * _END_S) for process in both]

    assert [process.returncode for process in both] == [0, 0], outs
    assert [json.loads(out)["verdict"] for out, _ in outs] == ["pass", "pass"]


def test_refused_namespaces_are_told_in_one_line(tmp_path: Path) -> None:
    """A kernel that grants an ordinary user nothing: one line, one hint, no folder."""
    person = machine.ordinary(tmp_path) if os.geteuid() == 0 else machine.myself(tmp_path)
    if isinstance(person, str):
        pytest.skip(f"root cannot lend the code to an ordinary user here: {person}")
    refuse = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    plan = TINY if not person.prefix else "/mnt/topologies/tiny.yaml"
    words = person.words("--lang", "en", "check", plan)
    limit = ["unshare", "--user", "--map-current-user", "--keep-caps", "sh", "-c", refuse, "sh"]
    drop = ["setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"]
    at = len(person.prefix)
    done = subprocess.run(
        [*words[:at], *limit, *drop, *words[at:]],
        cwd=tmp_path,
        env=person.environment,
        capture_output=True,
        text=True,
        timeout=_END_S,
        check=False,
    )

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "this machine refuses user namespaces to ordinary users "
        "(unshare: unshare failed: No space left on device)\n"
        "  hint: run with sudo, or allow them: sudo sysctl -w user.max_user_namespaces=10000\n"
    )
    assert not (tmp_path / "runs").exists()
