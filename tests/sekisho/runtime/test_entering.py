"""What brings a program into a host, and what it brings along."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sekisho.runtime.entering import REDUCED, entering, has_one_user, host_environment, in_sight
from sekisho.runtime.namespaces import UNREAD

_INTO = ["nsenter", "--target=7", "--net", "--mount", "--pid", "--ipc", "--uts"]
_AS_USER = ["--user", "--preserve-credentials"]


@pytest.mark.parametrize(
    ("is_own", "is_foreign", "words"),
    [
        (True, None, [*_INTO, *_AS_USER, "--"]),
        (True, True, [*_INTO, *_AS_USER, "--"]),
        (False, True, [*_INTO, *_AS_USER, "--", *REDUCED]),
        (False, None, [*_INTO, "--", *REDUCED]),
    ],
)
def test_a_host_without_users_of_its_own_gives_less_power(
    is_own: bool, is_foreign: bool | None, words: list[str]
) -> None:
    """Its root is the town's, and must not be able to undo what keeps them apart."""
    assert entering(7, is_own_user=is_own, is_foreign_user=is_foreign) == words


@pytest.mark.parametrize(
    "power",
    ["sys_admin", "sys_ptrace", "net_admin", "dac_read_search", "mknod", "sys_module", "bpf"],
)
def test_what_would_undo_it_is_not_left(power: str) -> None:
    """Mounts and namespaces, processes, networks, files by number, devices, code of the kernel."""
    assert REDUCED[1].startswith("--bounding-set=-all,+")
    assert power not in REDUCED[1]


def test_a_host_has_no_proxy_and_nothing_of_open_vswitch() -> None:
    """In whatever case, and whatever for; "none for anybody" is said in both."""
    given = {
        **dict.fromkeys(("http_proxy", "HTTPS_PROXY", "all_proxy", "Ftp_Proxy"), "http://x:1"),
        **{"no_proxy": "localhost", "OVS_RUNDIR": "/run/sekisho/ovs", "HOME": "/home/me"},
    }

    assert host_environment(given) == {"HOME": "/home/me", "no_proxy": "*", "NO_PROXY": "*"}


def test_a_program_starts_where_it_was_called_unless_nobody_sees_that(tmp_path: Path) -> None:
    """The run folder is hidden: what is called from inside of it starts above."""
    run = tmp_path / "runs" / "1"
    (run / "log").mkdir(parents=True)
    environment = {"SEKISHO_RUN": str(run)}

    assert in_sight(tmp_path, environment) == tmp_path
    assert in_sight(run, environment) == run.parent
    assert in_sight(run / "log", environment) == run.parent
    assert in_sight(run / "log", {}) == run / "log"


def test_the_machine_itself_has_more_than_one_user() -> None:
    """Of a process whose namespace has one, giving up its rights would otherwise be an error."""
    maps = Path("/proc/self/uid_map").read_text().split()

    assert has_one_user(os.getpid()) == (len(maps) == 3 and maps[2] == "1")


def test_a_host_reads_its_libraries_as_anywhere() -> None:
    """What is left out for the run's own programs is not left out for those of a host."""
    assert not host_environment(dict(UNREAD)).keys() & UNREAD.keys()
