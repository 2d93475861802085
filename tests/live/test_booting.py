"""A boot that cannot end well ends soon, with its reason."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.live.machine import SLOWER

pytestmark = [pytest.mark.live, pytest.mark.alone]
ROOT = Path(__file__).parents[2]
_SOON_S = 45.0 * SLOWER


def _check(folder: Path, *, files: int = 0) -> subprocess.Popen[str]:
    """Begin to check the reference town, with at most *files* open files."""
    lowered = ["prlimit", f"--nofile={files}:{files}"] if files else []
    words = ["check", "topologies/matsuno.yaml", "--suite", "smoke", "--quiet", "--lang", "en"]
    return subprocess.Popen(
        [*lowered, sys.executable, "-m", "sekisho.cli", *words, "--out", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _below(pid: int) -> Iterator[int]:
    """Yield every process that *pid* has started, and theirs, proc(5)."""
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in path.read_text().split():
            yield int(child)
            yield from _below(int(child))


def _killed(process: subprocess.Popen[str], name: str) -> None:
    """Kill the daemon *name* of the run as soon as it is there."""
    while process.poll() is None:
        for pid in _below(process.pid):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:  # it has just ended
                continue
            is_daemon = any(word.startswith(b"--pidfile=") for word in words)
            if is_daemon and Path(os.fsdecode(words[0])).name == name:
                os.kill(pid, SIGKILL)
                return
        time.sleep(0.02)


@pytest.mark.parametrize("daemon", ["ovsdb-server", "ovs-vswitchd"])
def test_a_daemon_that_is_killed_while_booting_is_named(daemon: str, tmp_path: Path) -> None:
    """Nobody waits a minute for an answer that cannot come."""
    process, began = _check(tmp_path), time.monotonic()
    _killed(process, daemon)
    said = process.communicate(timeout=2 * _SOON_S)[0]

    assert process.returncode == 3, said
    assert f"{daemon} ended by itself" in said
    assert time.monotonic() - began < _SOON_S


def test_a_limit_of_files_that_is_too_low_is_told_before_the_boot(tmp_path: Path) -> None:
    """With how many are needed."""
    process = _check(tmp_path, files=256)
    said = process.communicate(timeout=_SOON_S)[0]

    assert process.returncode == 3, said
    assert "needs 649 open files, and this user may open 256\n  hint: raise the hard limit" in said


def test_a_telnet_that_hears_no_text_breaks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mininet calls a controller with telnet, if there is one, and takes its answer for text."""
    told = tmp_path / "told"
    shim = tmp_path / "bin" / "telnet"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\necho called >> {told}\nprintf '\\347\\347'\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    words = ["check", "topologies/tiny.yaml", "--suite", "smoke", "--quiet", "--out", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "sekisho.cli", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_SOON_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not told.exists()
