"""A disk that is full, at every size from nothing to enough, and a town on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
_LIMIT_S = 120.0
#: Ran as root of a mount namespace: a disk of so many bytes is at the folder.
_ON_A_DISK = 'mount -t tmpfs -o size="$1" tmpfs "$2" && cd "$3" && shift 3 && "$@"'
_KEEP = 'd=$1; shift; "$@"; s=$?; cat "$d/latest/summary.json" 2>/dev/null; exit $s'


def checked(size: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the tiny town with its runs on a disk of *size*; print the summary that stays."""
    words = [sys.executable, "-m", "sekisho.cli", "check", "topologies/tiny.yaml", "--suite"]
    words += ["smoke", "--quiet", "--lang", "en", "--out", str(folder)]
    inner = ["sh", "-c", _KEEP, "sh", str(folder), *words]
    command = ["unshare", "-rm", "sh", "-c", _ON_A_DISK, "sh", size, str(folder), str(ROOT), *inner]
    return subprocess.run(command, timeout=_LIMIT_S, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("size", ["16k", "48k", "64k", "96k", "128k", "192k", "256k"])
def test_a_full_disk_is_told_and_nothing_is_passed(size: str, tmp_path: Path) -> None:
    """One sentence and a hint; where all could be written after all, a pass is a pass."""
    done = checked(size, tmp_path)
    summary = json.loads(done.stdout) if done.stdout else {"verdict": "none", "aborted": ""}

    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert (summary["verdict"], done.stderr) == ("pass", "")
    else:
        assert done.returncode == 3, done.stderr
        assert "no space is left" in done.stderr
        assert len(done.stderr.splitlines()) <= 4
        assert summary["verdict"] != "pass"


def test_the_smallest_disk_takes_nothing_and_a_large_one_all(tmp_path: Path) -> None:
    """So that the sizes between are between."""
    assert checked("16k", tmp_path).returncode == 3
    assert checked("4m", tmp_path).returncode == 0
