"""A town that stays: entered, talked to, and ended without a trace."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import machine
from tests.live.machine import ROOT, Person

pytestmark = pytest.mark.live

_LIMIT_S = 60 * machine.SLOWER


@pytest.fixture
def person(tmp_path: Path) -> Iterator[Person]:
    """Give somebody with a plan, and see afterwards that nothing was left running."""
    found = machine.ordinary(tmp_path) if os.geteuid() == 0 else machine.myself(tmp_path)
    if isinstance(found, str):
        pytest.skip(f"root cannot lend the code to an ordinary user here: {found}")
    plan = (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
    (tmp_path / "tiny.yaml").write_text(plan, "utf-8")
    yield found
    machine.until(lambda: not machine.processes(tmp_path), "every process gone")

    assert list((tmp_path / "tmp").iterdir()) == []


def _sekisho(person: Person, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        person.words(*arguments),
        cwd=person.home,
        env=person.environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )


@pytest.fixture
def standing(person: Person) -> Iterator[Person]:
    """Give somebody whose town is up."""
    done = _sekisho(person, "up", "tiny.yaml", "--lang", "en", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    yield person
    done = _sekisho(person, "down")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.processes(person.home) == {}
    assert list(person.home.glob("runs/*/town.json")) == []


def test_a_program_in_a_host_sees_the_network_of_the_host(standing: Person) -> None:
    """The wired notebook opens the register; the visitor's telephone waits in vain."""
    ask = ("--", "curl", "-sk", "-m2", "https://10.10.0.21")

    assert "<h1>juki</h1>" in _sekisho(standing, "exec", "nb", *ask).stdout
    assert _sekisho(standing, "exec", "guest", *ask).returncode == 28  # CURLE_OPERATION_TIMEDOUT


def test_a_program_in_a_host_is_the_callers_own(standing: Person) -> None:
    """Its input, output, folder and exit status are those of the caller."""
    words = ("exec", "nb", "--", "sh", "-c", "cat; pwd; exit 7")
    done = _sekisho(standing, *words, given="from outside\n")

    assert done.stdout == f"from outside\n{standing.home}\n"
    assert done.returncode == 7


def test_an_unknown_host_is_named_with_those_that_are_there(standing: Person) -> None:
    """A misspelt host costs one look."""
    done = _sekisho(standing, "--lang", "en", "exec", "nobody", "--", "true")

    assert done.returncode == 2
    assert done.stderr == "there is no host 'nobody'\n  hint: one of guest, juki, nb, www\n"


def test_the_prompt_is_mininets_own(standing: Person) -> None:
    """Whoever knows Mininet finds it: ``nodes``, a host's command, ``py``."""
    done = _sekisho(standing, "shell", given="nodes\nnb cat /proc/net/route\npy len(net.hosts)\n")
    said = done.stdout + done.stderr

    assert done.returncode == 0
    assert "floor guest guest-air juki nb room staff-air www" in said
    assert "nb-eth0" in said
    assert "\n4\n" in said


def test_a_caller_that_is_killed_leaves_its_program_nowhere(standing: Person) -> None:
    """What was brought into a host ends with whoever brought it."""
    caller = subprocess.Popen(
        standing.words("exec", "nb", "--", "sleep", "4242"),
        cwd=standing.home,
        env=standing.environment,
    )
    found = machine.one(standing.home, "sleep 4242")
    machine.until(lambda: len(_sleepers(standing)) == 2, "nsenter and sleep")
    caller.kill()
    caller.wait()

    assert found
    machine.until(lambda: not _sleepers(standing), "the program gone")


def _sleepers(person: Person) -> list[str]:
    return [words for words in machine.processes(person.home).values() if "sleep 4242" in words]


def test_the_newest_town_is_meant_unless_another_is_named(standing: Person) -> None:
    """Two towns stand side by side; each answers to its own folder."""
    first = next(standing.home.glob("runs/*/town.json")).parent
    assert _sekisho(standing, "up", "tiny.yaml", "--quiet").returncode == 0
    second = next(p.parent for p in standing.home.glob("runs/*/town.json") if p.parent != first)
    netns = ("--", "readlink", "/proc/self/ns/net")
    seen = [
        _sekisho(standing, "exec", *chosen, "nb", *netns).stdout
        for chosen in ((), ("--town", str(second)), ("--town", str(first)))
    ]
    ended = _sekisho(standing, "down", "--town", str(second)).returncode

    assert seen[0] == seen[1] != seen[2]
    assert ended == 0
    assert _sekisho(standing, "exec", "nb", *netns).stdout == seen[2]


def test_a_town_whose_starter_is_killed_does_not_come_up(person: Person) -> None:
    """Half a town is no town."""
    starter = subprocess.Popen(
        person.words("up", "tiny.yaml", "--quiet"), cwd=person.home, env=person.environment
    )
    machine.one(person.home, "ovs-vswitchd")
    starter.kill()
    starter.wait()
    machine.until(lambda: not machine.processes(person.home), "every process gone")

    done = _sekisho(person, "--lang", "en", "down")
    assert done.returncode == 2
    assert done.stderr == "no town is running in runs/\n  hint: sekisho up PLAN\n"


def test_a_town_whose_guard_dies_ends_and_says_so(person: Person) -> None:
    """An unguarded town is not kept."""
    assert _sekisho(person, "up", "tiny.yaml", "--quiet").returncode == 0
    os.kill(machine.one(person.home, "-m controller"), signal.SIGKILL)
    machine.until(lambda: not machine.processes(person.home), "every process gone")
    log = next(person.home.glob("runs/*/log/up.log")).read_text("utf-8")

    assert "controller ended by itself" in log
    assert _sekisho(person, "down").returncode == 2


def test_a_town_in_the_foreground_ends_with_ctrl_c(person: Person) -> None:
    """Asked to stop, it stops; that is no failure."""
    with machine.terminal(person, "up", "tiny.yaml", "--foreground", "--quiet") as (process, ours):
        machine.until(lambda: any(person.home.glob("runs/*/town.json")), "the town up")
        os.write(ours, b"\x03")
        process.wait(_LIMIT_S)
        os.close(ours)

    assert process.returncode == 0
    assert machine.processes(person.home) == {}
