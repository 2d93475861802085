"""What a boot needs of the machine, and what it does when a part of it ends meanwhile."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.errors import LabError
from sekisho.model import Plan
from sekisho.plan import load
from tests.population import town
from tests.small import small
from topologies.limits import files_needed, make_room
from topologies.ovs.booting import attended


@pytest.fixture(name="limits")
def _limits() -> Iterator[tuple[int, int]]:
    """The limits of this process, which may be lowered in a child alone."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_soft_limit_is_raised_where_the_hard_one_lets_it(limits: tuple[int, int]) -> None:
    """As far as the town needs, and no limit is lowered."""
    plan = town("matsuno")
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, limits[1]))
    make_room(plan)
    raised = resource.getrlimit(resource.RLIMIT_NOFILE)
    make_room(town("tiny"))

    assert raised == resource.getrlimit(resource.RLIMIT_NOFILE) == (files_needed(plan), limits[1])


def test_a_hard_limit_that_is_too_low_is_told_with_what_is_needed() -> None:
    """Tried in a child: nobody can raise it again."""
    script = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))\n"
        "from sekisho.errors import LabError; from topologies.limits import make_room\n"
        "from tests.population import town\n"
        "make_room(town('tiny'))\n"
        "try: make_room(town('matsuno'))\n"
        "except LabError as error: print(error)\n"
    )
    words = [sys.executable, "-c", script]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == (
        "a town with 91 attachments needs 649 open files, and this user may open 256\n"
        "  hint: raise the hard limit (ulimit -Hn 649, or limits.conf(5))\n"
    )


def test_what_is_needed_grows_with_the_town(tmp_path: Path) -> None:
    """More than was counted (792 with 182 attachments, 633 and 68), and not twice as much."""
    few: Plan = load(small(tmp_path))

    assert files_needed(few) < files_needed(town("tiny")) < files_needed(town("matsuno"))
    assert 68 < files_needed(town("tiny")) < 136
    assert 633 < files_needed(town("matsuno")) < 1024


class _Daemons:
    def __init__(self) -> None:
        self.gone: list[str] = []

    def dead(self) -> list[str]:
        return self.gone


def _tool(folder: Path, name: str) -> list[str]:
    """Return the words of a program of that name that waits for a minute."""
    path = folder / name
    path.symlink_to("/bin/sleep")
    return [str(path), "60"]


def test_whoever_waits_for_a_daemon_that_is_gone_is_ended(tmp_path: Path) -> None:
    """And the reason is the daemon, whatever the call said."""
    daemons, began = _Daemons(), time.monotonic()
    with (
        pytest.raises(LabError) as told,
        attended(daemons, tmp_path),
    ):
        daemons.gone = ["ovsdb-server"]
        subprocess.run(_tool(tmp_path, "ovs-vsctl"), check=True, timeout=30)

    assert str(told.value) == (
        f"ovsdb-server ended by itself while the town was built; see {tmp_path}"
    )
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("error", [SystemExit(1), ValueError("x"), None], ids=repr)
def test_a_daemon_that_has_ended_is_the_reason(error: BaseException | None, tmp_path: Path) -> None:
    """Mininet exits where a tool fails, others raise, and a block may not have noticed."""
    daemons = _Daemons()
    with pytest.raises(LabError, match="ovs-vswitchd ended by itself"), attended(daemons, tmp_path):
        daemons.gone = ["ovs-vswitchd"]
        if error is not None:
            raise error


def test_where_all_live_nobody_is_ended_and_errors_stay(tmp_path: Path) -> None:
    """Other programs are never touched."""
    with attended(_Daemons(), tmp_path):
        subprocess.run([*_tool(tmp_path, "ovs-ofctl")[:1], "0.5"], check=True, timeout=30)
    with pytest.raises(ValueError, match="mine"), attended(_Daemons(), tmp_path):
        raise ValueError("mine")
    daemons = _Daemons()
    with pytest.raises(LabError), attended(daemons, tmp_path):
        daemons.gone = ["ovsdb-server"]
        subprocess.run([*_tool(tmp_path, "another")[:1], "0.6"], check=True, timeout=30)
