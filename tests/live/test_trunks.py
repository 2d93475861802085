"""A hypervisor at one port, its machines under VLAN tags: checked, and each hole is told."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.live.machine import SLOWER
from tests.live.story import ROOT, told
from tests.live.test_faults import run_with
from tests.live.test_small_towns import sekisho
from tests.trunks import APP, hypervisor

pytestmark = pytest.mark.live


def cases(run: Path) -> list[dict[str, Any]]:
    """Return the cases of a run."""
    raw = (run / "cases.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(raw).splitlines()]


@pytest.mark.parametrize("suite", ["gate", "full"])
def test_machines_under_tags_pass(suite: str, tmp_path: Path) -> None:
    """Each reaches what it may, and every other tag dies at the port; nothing is residual."""
    plan = hypervisor(tmp_path)
    done = sekisho("check", plan.path, "--suite", suite, "--out", str(tmp_path / "r"))
    found = cases(tmp_path / "r" / "latest")
    tried = Counter((c["probe"], c["src"], c["drop_rule"]) for c in found if not c["arrived"])
    pairs = {(c["src"], c["dst"]) for c in found if c["arrived"] and c["probe"] == "tags"}

    assert done.returncode == 0, done.stdout + done.stderr
    assert "residual 0" in done.stdout
    assert tried["tags", "desk.lan", "tagged 1"]
    assert tried["tags", "box.lan", "tagged 1"]
    assert tried["untagged", "desk.lan", "identity 1"]
    assert tried["untagged", "shop.lan", "identity 1"]
    assert ("desk.lan", "shop.lan") in pairs


@pytest.mark.parametrize(("fault", "probe"), [("neighbours_tag", "tags"), ("no_tag", "untagged")])
def test_a_hole_of_tags_is_a_leak(fault: str, probe: str, tmp_path: Path) -> None:
    """Under another's tag, or under none; the proof of what the switches hold tells it as well."""
    summary, findings = run_with(fault, tmp_path, plan=Path(hypervisor(tmp_path).path))
    leaks = {(c["probe"], c["src"]) for c in cases(tmp_path / fault) if c["verdict"] == "leak"}
    proof = json.loads((tmp_path / fault / "proof.json").read_bytes())

    assert (summary["verdict"], summary["exit"]) == ("fail", 1)
    assert (probe, "desk.lan") in leaks
    assert findings
    assert proof["forbidden"] > 0


def test_a_copy_under_anothers_tag_is_heard_on_the_cable(tmp_path: Path) -> None:
    """The hypervisor hands it to nobody; the capture of its cable tells of it all the same."""
    summary, _ = run_with("second_tag", tmp_path, plan=Path(hypervisor(tmp_path).path))
    told = json.loads((tmp_path / "second_tag" / "differences.json").read_bytes())
    strays = [each["en"] for each in told if each["kind"] == "frame"]

    assert (summary["verdict"], summary["exit"]) == ("fail", 1)
    assert strays
    assert all(s.startswith("hv, downwards: ") and f"8100{APP:04x}0800" in s for s in strays)


def test_the_port_of_one_machine_is_moved_under_its_tag(tmp_path: Path) -> None:
    """An afternoon of moves, with the notebook's cable under a tag: all is as without one."""
    text = (ROOT / "topologies" / "tiny.yaml").read_text("utf-8")
    hub = 'hubs:\n  hv: {label: {ja: 仮想化基盤, en: Hypervisor}, at: "floor:1"}\n'
    tagged = text.replace("links:\n", f"{hub}links:\n", 1).replace(
        'at: "floor:1", zone: wired', "hub: hv, tag: 7, zone: wired"
    )
    (tmp_path / "town.yaml").write_text(tagged, "utf-8")
    (tmp_path / "run").mkdir()
    day = told(
        "tests.live.moved", tmp_path / "run", limit_s=240 * SLOWER, plan=tmp_path / "town.yaml"
    )
    story = day["story"]

    assert tagged.count("tag: 7") == 1
    assert story["moved"]["touched"] == {"floor": [5, 5]}
    assert (story["own"], story["address"], story["address back"]) == (True, True, True)
    assert ("juki" in story["page before"], story["page moved"]) == (True, "")
    assert "juki" in story["page after"]
    assert story["after"] == story["before"]
    assert "www" in day["session"]["stays"]
    assert day["session"]["moves"] == "TimeoutError('timed out')"
