"""A whole gate proves what it finds in the switches, beside the probes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sekisho.cli import main
from tests.live.machine import SLOWER
from tests.live.story import told

pytestmark = pytest.mark.live
_TINY = "topologies/tiny.yaml"


def test_a_gate_proves_the_tables_that_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The proof is in the run folder, and may be made again from its dumps."""
    assert main(["check", _TINY, "--out", str(tmp_path), "--quiet", "--lang", "en"]) == 0
    run = (tmp_path / "latest").resolve()
    proof = json.loads((run / "proof.json").read_text("utf-8"))

    assert (proof["refused"], proof["forbidden"], proof["missing"]) == ("", 0, 0)
    assert proof["rules"] == 196
    assert "proof.json" in json.loads((run / "manifest.json").read_text("utf-8"))["files"]
    capsys.readouterr()
    assert main(["prove", _TINY, "--dumps", str(run), "--lang", "en"]) == 0
    assert "0 forbidden paths" in capsys.readouterr().out


def test_open_vswitch_traces_packets_as_the_reference_switch_does(tmp_path: Path) -> None:
    """Each rule of each table, at every switch on the way, and every port that it leaves by."""
    found = told("tests.live.traced", tmp_path, limit_s=180 * SLOWER)

    assert found["differ"][:3] == []
    assert found["asked"] == 400
    assert found["rules"] > 400
    assert found["spoilt"] > 0
