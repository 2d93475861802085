"""The suite ``coverage`` in a running town: every live rule counts, or is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.openflow.rules import Cookie, Kind
from tests.live.test_faults import run_with
from tests.live.test_small_towns import sekisho

pytestmark = pytest.mark.live


def _set(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "coverage.json").read_bytes())["set"]
    return found


def test_every_live_rule_of_the_tiny_town_counts(tmp_path: Path) -> None:
    """By few packets and the conversations that they are part of; nothing is left untried."""
    words = ("--suite", "coverage", "--out", str(tmp_path / "r"))
    done = sekisho("check", "topologies/tiny.yaml", *words)
    found = _set(tmp_path / "r" / "latest")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (found["met"], found["short"], found["untried"]) == (found["live"], [], [])
    assert found["bound"] <= found["probes"] <= 1.5 * found["bound"]
    assert f"probes {found['probes']} / lower bound {found['bound']}" in done.stdout
    assert "partial test: every rule once (coverage)" in done.stdout


def test_a_rule_that_another_shadows_does_not_count_and_is_told(tmp_path: Path) -> None:
    """Every packet goes as planned: the counter alone shows it, and the run does not pass."""
    summary, findings = run_with("rule_shadowed", tmp_path, suite="coverage")
    folder = tmp_path / "rule_shadowed"
    (short,) = _set(folder)["short"]
    told = json.loads((folder / "differences.json").read_bytes())
    words = [each["en"] for each in told if each["kind"] == "coverage"]

    assert (summary["verdict"], summary["leak"], summary["overblock"]) == ("fail", 0, 0)
    assert findings == []
    assert (short["switch"], short["name"].split()[0]) == ("room", Kind.REPLY.name)
    assert short["counted"] == 0
    assert any(words_ := [w for w in words if w.startswith("room: a rule counted 0 of 1")]), words
    assert hex(int(Cookie(Kind.REPLY, 1, 1, 1))) in words_[0]


def test_a_frame_that_never_left_makes_its_rule_inconclusive(tmp_path: Path) -> None:
    """Nothing sent, nothing met: neither a pass nor a finding."""
    summary, _ = run_with("sender_muted", tmp_path, suite="coverage")
    told = json.loads((tmp_path / "sender_muted" / "differences.json").read_bytes())

    assert (summary["verdict"], summary["leak"]) == ("inconclusive", 0)
    assert _set(tmp_path / "sender_muted")["short"]
    assert not any(each["is_finding"] for each in told)
