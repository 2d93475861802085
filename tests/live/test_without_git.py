"""A machine without git: a tree from an archive or a stick is tried like any other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small import small

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
_LIMIT_S = 120.0


def test_a_machine_without_git_is_tried_like_any_other(tmp_path: Path) -> None:
    """All its other programs are there; the commit is unknown, the digest of the code is not."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in ("/usr/sbin", "/usr/bin"):
        for program in Path(folder).iterdir():
            link = programs / program.name
            if not program.name.startswith("git") and not link.is_symlink():
                link.symlink_to(program)
    words = ["check", str(small(tmp_path)), "--suite", "smoke", "--out", str(tmp_path / "r")]
    done = subprocess.run(
        [sys.executable, "-m", "sekisho.cli", *words, "--lang", "en"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(programs)},
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    told = json.loads((tmp_path / "r" / "latest" / "manifest.json").read_bytes())

    assert shutil.which("git", path=str(programs)) is None
    assert done.returncode == 0, done.stdout + done.stderr
    assert told["versions"]["commit"] == "unknown"
    assert len(told["hashes"]["code"]) == 64
