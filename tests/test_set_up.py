"""Where AppArmor keeps user namespaces from ordinary users, set-up names the one launcher."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROFILE = ROOT / ".ci" / "apparmor"
_SETTING = "proc/sys/kernel/apparmor_restrict_unprivileged_userns"
_OLDEST = (4, 0)  # the first that knows the rule "userns"


def _machine(root: Path, restricts: str) -> None:
    (root / _SETTING).parent.mkdir(parents=True)
    (root / _SETTING).write_text(f"{restricts}\n")


def _set_up(root: Path, parser: str = "exit 0") -> subprocess.CompletedProcess[str]:
    """Run the script on another root folder; everybody is root there, and the parser is a shim."""
    shims = root / "bin"
    shims.mkdir(exist_ok=True)
    called = f'echo "$@" >>{root}/parsed\n{parser}'
    for name, text in (("apparmor_parser", called), ("sudo", '[ "$1" = -n ] && shift; exec "$@"')):
        (shims / name).write_text(f"#!/bin/sh\n{text}\n")
        (shims / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{shims}:{os.environ['PATH']}"}
    environment.pop("SUDO_USER", None)
    return subprocess.run(
        [ROOT / ".ci" / "launcher", root],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def _launcher(root: Path) -> Path:
    return root / "usr/local/libexec/sekisho" / pwd.getpwuid(os.getuid()).pw_name / "unshare"


def test_where_nothing_is_kept_from_anybody_nothing_is_done(tmp_path: Path) -> None:
    """Debian, and Ubuntu where its owner has decided otherwise."""
    assert _set_up(tmp_path).stderr == ""
    _machine(tmp_path, "0")

    assert _set_up(tmp_path).stderr == ""
    assert {path.name for path in tmp_path.iterdir()} == {"bin", "proc"}


def test_a_copy_of_unshare_for_this_user_alone_is_named(tmp_path: Path) -> None:
    """One line says so; a second time there is nothing to do; a newer unshare is copied again."""
    _machine(tmp_path, "1")
    first = _set_up(tmp_path)
    launcher, profile = _launcher(tmp_path), tmp_path / "etc/apparmor.d/sekisho"

    assert first.stderr == (
        f"setup: an AppArmor profile ({profile}) lets Sekisho's launcher, and nothing else, "
        "make user namespaces\n"
    )
    assert launcher.read_bytes() == Path("/usr/bin/unshare").read_bytes()
    assert launcher.stat().st_mode & 0o7777 == 0o750
    assert launcher.stat().st_gid == os.getgid()
    assert profile.read_bytes() == PROFILE.read_bytes()
    assert (tmp_path / "parsed").read_text() == f"--replace {profile}\n"
    assert _set_up(tmp_path).stderr == ""
    launcher.write_bytes(b"old")
    assert _set_up(tmp_path).stderr == first.stderr
    assert launcher.read_bytes() == Path("/usr/bin/unshare").read_bytes()


def test_a_refusal_is_told_with_the_other_ways(tmp_path: Path) -> None:
    """Set-up goes on: the run itself says what it needs."""
    _machine(tmp_path, "1")

    assert _set_up(tmp_path, "exit 1").stderr.splitlines()[1] == (
        "setup: not allowed to, or refused: run towns with sudo, "
        "or sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    )


def test_the_profile_is_as_narrow_as_it_says() -> None:
    """It attaches to places that only root can write to, and names no other right."""
    lines = [line for line in PROFILE.read_text("utf-8").splitlines() if line[:1] not in ("#", "")]

    assert [line.strip() for line in lines] == [
        "abi <abi/4.0>,",
        "include <tunables/global>",
        "profile sekisho /usr/local/libexec/sekisho/*/unshare flags=(unconfined) {",
        "userns,",
        "include if exists <local/sekisho>",
        "}",
    ]


def test_apparmors_own_parser_takes_the_profile() -> None:
    """As the system will read it, without the kernel."""
    parser = shutil.which("apparmor_parser", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if parser is None:
        pytest.skip("apparmor_parser is not installed")
    said = subprocess.run([parser, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"version (\d+)\.(\d+)", said)
    assert found is not None, said
    if (int(found[1]), int(found[2])) < _OLDEST:
        pytest.skip(f"apparmor_parser {found[1]}.{found[2]} does not know user namespaces yet")
    words = [parser, "--skip-kernel-load", "--skip-cache", "--names", str(PROFILE)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (0, "sekisho\n"), done.stderr


def test_where_others_install_for_themselves_the_environment_is_still_ours(tmp_path: Path) -> None:
    """The very line of set-up, with nothing to install: wishes of pip's are not heeded."""
    text = (ROOT / ".ci" / "setup").read_text("utf-8")
    (line,) = re.findall(r"^\.venv/bin/python -m pip install .*$", text, re.M)
    unset = "\n".join(re.findall(r"^unset .*$", text, re.M))
    (tmp_path / "none.txt").write_text("")
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    words = line.replace(".venv/bin/python", sys.executable)
    words = words.replace("-r .venv/uv.lock", f"--no-index -r {tmp_path}/none.txt")
    wishes = {
        "PIP_USER": "1",
        "PIP_TARGET": str(tmp_path / "target"),
        "PIP_CONFIG_FILE": str(tmp_path / "pip.conf"),
        "PYTHONWARNINGS": "error",
        "PYTHONHOME": str(tmp_path),
    }

    def tried(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script], env={**os.environ, **wishes},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    assert tried(f"unset PYTHONHOME\n{words.replace('--no-user ', '')}").returncode != 0
    done = tried(f"{unset}\n{words}")
    assert done.returncode == 0, done.stderr
