"""Which namespaces a machine grants is found by trying; what it refuses is said in one line."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sekisho.errors import LabError, NamespaceError, UsageError
from sekisho.runtime import namespaces
from topologies.ovs.daemon import _need_tun

ROOT = Path(__file__).parents[3]
Shim = Callable[[str], None]


@pytest.fixture
def unshare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shim:
    """Put a shell script in the place of ``unshare``; the other tools do nothing."""

    def put(script: str) -> None:
        for name, text in (("unshare", script), ("setpriv", "exit 0"), ("ip", "exit 0")):
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return put


def test_user_namespaces_are_taken_where_they_are_granted(unshare: Shim) -> None:
    """Even root is better off without rights over the machine."""
    unshare("exit 0")

    assert namespaces.namespace_flags(is_root=True)[:2] == ("--user", "--map-root-user")
    assert namespaces.namespace_flags(is_root=False) == namespaces.namespace_flags(is_root=True)


def test_root_goes_on_without_user_namespaces(unshare: Shim) -> None:
    """``sudo`` is the way out where the kernel refuses."""
    unshare('case "$*" in *--user*) exit 1;; esac')

    assert namespaces.namespace_flags(is_root=True)[0] == "--net"


def test_a_refusal_is_one_line_and_one_hint(unshare: Shim) -> None:
    """AppArmor lets ``unshare`` go through and refuses what is done inside."""
    unshare('echo "noise" >&2; echo "RTNETLINK answers: Operation not permitted" >&2; exit 2')
    with pytest.raises(NamespaceError) as caught:
        namespaces.namespace_flags(is_root=False)
    first, hint = str(caught.value).split("\n")

    assert first == (
        "this machine refuses user namespaces to ordinary users "
        "(RTNETLINK answers: Operation not permitted)"
    )
    assert hint.startswith("  hint: run with sudo")
    assert caught.value.exit_code == 3


def test_root_that_is_refused_is_in_a_container(unshare: Shim) -> None:
    """There is nothing that sudo could add."""
    unshare("exit 1")
    with pytest.raises(NamespaceError) as caught:
        namespaces.namespace_flags(is_root=True)

    assert str(caught.value) == (
        "this machine refuses namespaces even to root (exit 1)\n"
        "  hint: a container needs --privileged"
    )


@pytest.mark.parametrize(
    ("setting", "value", "hint"),
    [
        ("kernel.unprivileged_userns_clone", "0", "1"),
        ("user.max_user_namespaces", "0", "10000"),
    ],
)
def test_the_hint_names_the_setting_that_refuses(
    tmp_path: Path, setting: str, value: str, hint: str
) -> None:
    """Each family of kernels has its own."""
    path = tmp_path / setting.replace(".", "/")
    path.parent.mkdir()
    path.write_text(f"{value}\n")

    assert namespaces._hint(tmp_path) == (
        f"run with sudo, or allow them: sudo sysctl -w {setting}={hint}"
    )


def test_where_apparmor_refuses_set_up_is_the_way_out(tmp_path: Path) -> None:
    """Ubuntu: set-up has a profile for the one launcher, which is better than no rule at all."""
    path = tmp_path / "kernel" / "apparmor_restrict_unprivileged_userns"
    path.parent.mkdir()
    path.write_text("1\n")

    assert namespaces._hint(tmp_path) == (
        "make setup, which adds an AppArmor profile; or run with sudo, or allow them: "
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )


def test_ones_own_launcher_is_used_where_set_up_has_made_one(tmp_path: Path) -> None:
    """A copy that AppArmor knows by its place; one that may not be run is none."""
    own = tmp_path / pwd.getpwuid(os.getuid()).pw_name / "unshare"
    assert namespaces.launcher(tmp_path) == "unshare"
    own.parent.mkdir()
    own.touch(mode=0o644)
    assert namespaces.launcher(tmp_path) == "unshare"
    own.chmod(0o755)

    assert namespaces.launcher(tmp_path) == str(own)


def test_without_a_telling_setting_the_hint_is_sudo(tmp_path: Path) -> None:
    """A guess at a setting would be worse than none."""
    assert namespaces._hint(tmp_path) == "run with sudo"


def test_a_missing_tool_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without util-linux is told so, not given a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError) as caught:
        namespaces.namespace_flags()

    assert str(caught.value) == ("unshare is not installed\n  hint: sudo apt install util-linux")


def test_a_run_folder_that_the_run_could_not_see_is_refused() -> None:
    """The run's own ``/run`` would cover it."""
    with pytest.raises(UsageError) as caught:
        namespaces.entering(["true"], folder=Path("/run/user/1000/x"))

    assert str(caught.value) == (
        "/run/user/1000/x: a run has a /run of its own\n  hint: use another folder"
    )


def test_what_runs_inside_carries_its_run_folder(tmp_path: Path) -> None:
    """Whoever finds a process of a run can tell whose it is; temporary files stay inside."""
    inner = namespaces.inner_environment(tmp_path, {"PATH": "/bin", "TMPDIR": "/tmp"})

    assert inner == {
        "PATH": "/bin",
        "SEKISHO_RUN": str(tmp_path),
        "TMPDIR": "/run/tmp",
        "XDG_CACHE_HOME": "/run/tmp/cache",
        "XDG_CONFIG_HOME": "/run/tmp/config",
        "PYTHONSAFEPATH": "1",
        "PYTHONUNBUFFERED": "1",
        **namespaces.UNREAD,
    }
    assert inner["EVENTLET_NO_GREENDNS"] == "yes"


@pytest.mark.live
def test_wishes_about_python_do_not_reach_the_run(tmp_path: Path) -> None:
    """Warnings of old libraries are no errors in there, and what is tried is the code as it is."""
    wishes = {"PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "x",
              "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}  # fmt: skip
    log = tmp_path / "log"
    with log.open("wb") as out, pytest.MonkeyPatch.context() as patch:
        for name, value in wishes.items():
            patch.setenv(name, value)
        with namespaces.launched(["env"], folder=tmp_path, log=out) as process:
            said = process.communicate(timeout=30)[0].decode().split()
    own = {word.partition("=")[0] for word in said if word.startswith("PYTHON")}

    assert own == {"PYTHONPATH", "PYTHONSAFEPATH", "PYTHONUNBUFFERED"} | (
        {"PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"} & set(os.environ)
    )


@pytest.mark.live
def test_a_check_passes_where_warnings_are_errors(tmp_path: Path) -> None:
    """Mininet and Ryu warn of their own age."""
    done = subprocess.run(
        [sys.executable, "-m", "sekisho.cli", "check", str(ROOT / "topologies" / "tiny.yaml"),
         "--suite", "smoke", "--quiet", "--out", str(tmp_path / "runs")],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"},
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_closed_tun_device_is_named_with_what_to_do(tmp_path: Path) -> None:
    """Else Open vSwitch would say much later that some bridge is not one."""
    with pytest.raises(LabError, match="needs it\n  hint: sudo chmod 0666"):
        _need_tun(tmp_path / "tun")


def test_programs_of_the_system_are_found_though_the_path_leaves_them_out() -> None:
    """Debian's path for ordinary users has no sbin; the order of what is there stays."""
    found = namespaces.path_with_system("/home/me/bin:/usr/bin:/usr/sbin")

    assert found == "/home/me/bin:/usr/bin:/usr/sbin:/usr/local/sbin:/sbin"
