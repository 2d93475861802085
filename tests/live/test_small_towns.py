"""Towns of two and three devices, from the first frame to the verdict."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.small import clause, server, service, small, telephone, terminal

pytestmark = pytest.mark.live
ROOT = Path(__file__).parents[2]
_LIMIT_S = 600.0


def sekisho(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    command = [sys.executable, "-m", "sekisho.cli", *words, "--lang", "en"]
    return subprocess.run(
        command, cwd=ROOT, timeout=_LIMIT_S, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize("suite", ["gate", "full"])
def test_a_town_of_one_terminal_and_one_server_passes(suite: str, tmp_path: Path) -> None:
    """And says what could not be tried without a third."""
    done = sekisho("check", str(small(tmp_path)), "--suite", suite, "--out", str(tmp_path / "r"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Posing as a third device" in done.stdout


@pytest.mark.parametrize(
    ("choice", "words"),
    [(("--suite", "smoke"), "a first look (smoke)"), (("--from", "S1"), "chosen: from S1")],
)
def test_a_part_of_a_test_is_told_as_a_part(
    choice: tuple[str, str], words: str, tmp_path: Path
) -> None:
    """On the screen and on page one, which has no boxes for seals."""
    done = sekisho("check", str(small(tmp_path)), *choice, "--out", str(tmp_path / "r"))
    page = (tmp_path / "r" / "latest" / "report.html").read_text("utf-8")

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"partial test: {words}" in done.stdout
    assert "verdict PASS (partial test)" in done.stdout
    assert 'class="signatures"' not in page


def test_a_town_whose_ports_have_names_passes(tmp_path: Path) -> None:
    """Names with slashes and hyphens, on a line between two switches too."""
    words = {"label": {"ja": "名前", "en": "Name"}, "site": "hall", "role": "access"}
    switches = {
        "sw": {**words, "ports": ["Gi1/0/1-8"]},
        "other-sw": {**words, "ports": ["ge-0/0/0-7"]},
    }
    town_client, own = terminal(1), server(3, "web")
    town_client["attachments"]["lan"]["at"] = "sw:Gi1/0/5"
    own["attachments"]["lan"]["at"] = "other-sw:ge-0/0/3"
    links = [{"a": "sw:Gi1/0/8", "b": "other-sw:ge-0/0/0"}]
    plan = small(tmp_path, switches=switches, links=links, devices={"pc": town_client, "srv": own})
    done = sekisho("check", str(plan), "--out", str(tmp_path / "r"))

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_of_a_covered_permission_are_explained(tmp_path: Path) -> None:
    """Either of the two may count a packet, as Open vSwitch likes."""
    services = {"web": service([443], "https"), "wide": service(["400-500"], "http")}
    devices = {"pc": terminal(1), "srv": server(3, "web"), "old": server(4, "wide")}
    policy = [clause("A01", "web"), clause("A02", "wide")]
    plan = small(tmp_path, services=services, devices=devices, policy=policy)
    done = sekisho("check", str(plan), "--out", str(tmp_path / "r"))
    told = json.loads((tmp_path / "r" / "latest" / "coverage.json").read_bytes())

    assert done.returncode == 0, done.stdout + done.stderr
    assert (told["unmet"], told["unexplained"]) == (0, [])


def test_every_fault_of_the_tables_is_told_in_the_smallest_town(tmp_path: Path) -> None:
    """Also one that gives somebody the number of a class that the plan has not."""
    done = sekisho(
        *("mutate", str(small(tmp_path)), "--level", "flow", "--faults", "60"),
        *("--out", str(tmp_path / "r")),
    )
    (path,) = (tmp_path / "r").glob("*/mutations.json")
    fates = json.loads(path.read_bytes())["fates"]

    assert done.returncode == 0, done.stdout + done.stderr
    assert "score 100.0 %" in done.stdout
    assert any(fate["ids"] == ["M-34", "M01"] for fate in fates)


@pytest.mark.parametrize("isolates", [False, True])
def test_a_pc_behind_a_telephone_passes(isolates: bool, tmp_path: Path) -> None:
    """Each is let in as itself; posing as the other is residual, and so is the hub itself."""
    pc = terminal(1)
    pc["attachments"]["lan"]["hub"] = "h"
    del pc["attachments"]["lan"]["at"]
    label = {"ja": "電話機", "en": "Telephone"}
    plan = small(
        tmp_path,
        hubs={"h": {"label": label, "at": "sw:1", "isolates": isolates}},
        devices={"pc": pc, "tel": telephone(9), "srv": server(3, "web"), "pc2": terminal(4)},
    )

    done = sekisho("check", str(plan), "--out", str(tmp_path / "r"), "--suite", "full")

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("behind one hub" in done.stdout) is not isolates
    cases = (tmp_path / "r" / "latest" / "cases.jsonl.gz").read_bytes()
    lines = gzip.decompress(cases).decode().splitlines()
    pairs = {(c["src"], c["dst"]) for c in map(json.loads, lines)}
    assert (("pc.lan", "tel.lan") in pairs) is isolates
    assert ("tel.lan", "pc2.lan") in pairs
