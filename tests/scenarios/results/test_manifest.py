"""What a run folder says of the code: its commit, where it can be known, and its digest always."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scenarios.results.manifest import code_digest, commit

_WHO = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.invalid")
has_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def _repository(folder: Path) -> str:
    """Make a repository with one commit; return its short name."""
    for words in (("init", "-q"), (*_WHO, "commit", "-q", "--allow-empty", "-m", "all")):
        subprocess.run(["git", "-C", str(folder), *words], check=True, timeout=10)
    asked = ["git", "-C", str(folder), "rev-parse", "--short", "HEAD"]
    return subprocess.run(asked, check=True, timeout=10, capture_output=True, text=True).stdout[:-1]


@has_git
def test_a_clone_says_its_commit(tmp_path: Path) -> None:
    """In the short form."""
    assert commit(tmp_path) == "unknown"
    assert _repository(tmp_path) == commit(tmp_path)


@has_git
def test_an_archive_in_somebody_elses_repository_is_not_of_its_commit(tmp_path: Path) -> None:
    """Whoever unpacks a tree in his own folders signs for no commit of his own."""
    _repository(tmp_path)
    (tmp_path / "sekisho").mkdir()

    assert commit(tmp_path / "sekisho") == "unknown"


def test_without_git_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree from an archive or a stick needs none; the digest of the code says what was run."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert commit() == "unknown"
    assert len(code_digest()) == 64


def test_a_git_that_fails_is_no_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the tree is somebody else's, and git does not trust it."""
    git = tmp_path / "git"
    git.write_text("#!/bin/sh\necho 'fatal: dubious ownership' >&2\nexit 128\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    assert commit() == "unknown"
