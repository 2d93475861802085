"""What a machine lacks is named, with what brings it, before a run or where one broke."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from sekisho.cli import main
from sekisho.runtime import doctor
from sekisho.runtime.distribution import MininetFinder


def _without(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    """Let a PATH have every program of the system but *names*."""
    monkeypatch.setattr("sekisho.cli.path_with_system", str)
    for source in ("/usr/bin", "/usr/sbin"):
        for path in Path(source).iterdir():
            if path.name not in names and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)
    monkeypatch.setenv("PATH", str(folder))


def test_a_machine_that_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is there, and the verdict says so."""
    assert main(["doctor", "--lang", "en"]) == 0
    assert "verdict: towns can be started here" in capsys.readouterr().out


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_program_that_is_missing(
    language: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program that a town needs is named with its package, and the exit is 3."""
    _without(monkeypatch, tmp_path, "ovs-vswitchd")
    assert main(["doctor", "--lang", language]) == 3
    out = capsys.readouterr().out
    assert re.search(r"× +ovs-vswitchd .*apt install openvswitch-switch", out)
    assert ("不足1件" if language == "ja" else "1 missing") in out


def test_what_only_drawings_need_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Graphviz a town can be started all the same."""
    _without(monkeypatch, tmp_path, "dot")
    assert main(["doctor", "--lang", "en"]) == 0
    assert re.search(r"－ +dot .*apt install graphviz", capsys.readouterr().out)


def test_namespaces_that_are_refused_are_said_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A machine that refuses namespaces is told from one that grants them."""
    refused = "unshare: not permitted"
    monkeypatch.setattr("sekisho.runtime.namespaces._refusal", lambda flags: refused)
    assert main(["doctor", "--lang", "en"]) == 3
    assert "not permitted" in " ".join(capsys.readouterr().out.split())


def test_a_run_that_broke_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mininet that is neither in the environment nor in the distribution is missing."""
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr("sekisho.runtime.doctor.DIST_PACKAGES", tmp_path)
    monkeypatch.delitem(sys.modules, "mininet", raising=False)
    monkeypatch.setattr(sys, "meta_path", [MininetFinder(tmp_path)])
    assert "mininet" in [found.need.name for found in doctor.missing_parts()]


def test_mininet_is_found_where_the_distribution_keeps_it(tmp_path: Path) -> None:
    """The finder finds Mininet, and nothing else of the distribution."""
    (tmp_path / "mininet").mkdir()
    (tmp_path / "mininet" / "__init__.py").touch()
    (tmp_path / "yaml.py").touch()
    finder = MininetFinder(tmp_path)
    found = finder.find_spec("mininet", None)
    assert found is not None
    assert found.origin == str(tmp_path / "mininet" / "__init__.py")
    assert finder.find_spec("yaml", None) is None
