"""The instrument tested on itself: blind in one way, inconclusive; a hole in the town, a leak.

Every case here boots the tiny town, plants one fault, runs the whole gate and reads the run folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.runtime.namespaces import launched
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 120 * SLOWER
_WITH_LOGS = "[https, http, logs]"


def run_with(
    fault: str, folder: Path, *, plan: Path = _TINY, suite: str = "gate"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run a suite on a town with *fault* planted; return the summary and the findings."""
    run = folder / fault
    run.mkdir()
    command = [sys.executable, "-m", "tests.live.plant", fault, str(plan), str(run), suite]
    with (
        (folder / "log").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *command], folder=run, log=log) as process,
    ):
        process.communicate(timeout=_LIMIT_S)
    summary = json.loads((run / "summary.json").read_bytes())
    return summary, json.loads((run / "findings.json").read_bytes())


def test_a_town_without_a_fault_passes(tmp_path: Path) -> None:
    """The same gate without a fault passes: what follows is the fault's doing."""
    summary, findings = run_with("nothing", tmp_path)

    assert (summary["verdict"], summary["exit"], findings) == ("pass", 0, [])


@pytest.mark.parametrize(
    "fault",
    [
        "capture_removed",
        "token_search_off",
        "sender_muted",
        "twin_dropped",
        "counter_ignored",
        "copies_lost",
        "copies_lost_late",
        "tables_changed",
        "tables_healed",
        "controller_stopped",
        "limit_lifted",
        "setting_changed",
    ],
)
def test_a_blind_instrument_is_inconclusive_and_never_a_pass(fault: str, tmp_path: Path) -> None:
    """Whatever the instrument cannot see, it does not call dropped."""
    summary, _ = run_with(fault, tmp_path)

    assert (summary["verdict"], summary["exit"], summary["leak"]) == ("inconclusive", 3, 0)
    assert summary["aborted"] == ""
    assert summary["inconclusive"] > 0


def test_a_window_that_lost_a_copy_is_tried_again(tmp_path: Path) -> None:
    """What was lost may have been a leak: nothing of it counts, and the second time decides."""
    summary, findings = run_with("copies_lost_once", tmp_path)

    assert (summary["verdict"], summary["inconclusive"], findings) == ("pass", 0, [])
    assert summary["captures_dropped"] >= 1
    assert summary["repeated"] >= 10


def test_why_a_controller_that_stands_still_spoils_the_run_is_said(tmp_path: Path) -> None:
    """Nobody vouches for the tables: the run says so in a sentence, and is inconclusive."""
    summary, _ = run_with("controller_stopped", tmp_path)
    found = json.loads((tmp_path / "controller_stopped" / "differences.json").read_bytes())
    said = [each["en"] for each in found if each["kind"] == "controller"]

    assert summary["verdict"] == "inconclusive"
    assert said == ["the controller does not vouch for its tables: no answer after 5.0 s"]


@pytest.mark.parametrize(
    ("fault", "source", "target", "port", "rule"),
    [
        ("drop_rule_deleted", "nb.wired", "juki.lan", 1, "tcp"),
        ("allow_widened", "nb.wireless", "juki.lan", 2, "priority=210"),
        ("wrong_class", "nb.wireless", "juki.lan", 2, "metadata=0x1000001"),
        ("anti_spoofing_off", "nb.wireless", "www.lan", 2, "tcp"),
        ("switch_normal", "nb.wireless", "juki.lan", 2, "priority=32768"),
    ],
)
def test_a_hole_in_the_town_is_a_leak_with_its_place(
    fault: str, source: str, target: str, port: int, rule: str, tmp_path: Path
) -> None:
    """A leak names source, destination, switch, port, the rule that let it go, and the plan."""
    summary, findings = run_with(fault, tmp_path)
    named = [f for f in findings if (f["src"], f["dst"]) == (source, target)]

    assert (summary["verdict"], summary["exit"]) == ("fail", 1)
    assert summary["leak"] > 0
    assert named and named[0]["verdict"] == "leak"
    assert (named[0]["switch"], named[0]["port"]) == ("floor", port)
    assert rule in named[0]["rule"]
    assert "tiny.yaml:" in named[0]["plan_line"]
    assert named[0]["seen_at"]
    assert (tmp_path / fault / named[0]["pcap"]).stat().st_size > 100


def test_a_leak_names_the_port_as_the_plan_does(tmp_path: Path) -> None:
    """With the name that the switch itself has for it; its rules keep the number."""
    text = _TINY.read_text("utf-8").replace("role: access, ports: 8", "role: access, ports: [P]")
    for number in range(1, 9):
        text = text.replace(f'"floor:{number}"', f'"floor:Gi1/0/{number}"')
    plan = tmp_path / "named.yaml"
    plan.write_text(text.replace("[P]", "[Gi1/0/1-8]"), "utf-8")
    summary, findings = run_with("anti_spoofing_off", tmp_path, plan=plan)

    assert summary["verdict"] == "fail"
    assert {f["port"] for f in findings if f["switch"] == "floor"} == {"Gi1/0/2"}
    assert any("floor:Gi1/0/2 in" in f["path"] for f in findings)


def test_a_run_that_never_falls_silent_is_inconclusive_and_keeps_the_leaks_that_it_saw(
    tmp_path: Path,
) -> None:
    """Nothing else is judged in it, and nothing more is sent; a leak that was seen was seen."""
    still, none = run_with("silence_missed", tmp_path)
    loud, found = run_with("silence_missed_beside_a_leak", tmp_path)

    assert (still["verdict"], still["exit"], still["leak"], none) == ("inconclusive", 3, 0, [])
    assert still["aborted"] == loud["aborted"] == "the switches never fell silent"
    assert (loud["verdict"], loud["exit"], loud["pass"]) == ("inconclusive", 3, 0)
    assert loud["leak"] == len(found) > 0
    assert {(f["src"], f["dst"]) for f in found} == {("nb.wireless", "juki.lan")}


def test_a_drop_by_another_rule_is_unattributed(tmp_path: Path) -> None:
    """Where the cell's own rule is gone, default deny still drops, and that is not a pass."""
    summary, findings = run_with("cell_rule_deleted", tmp_path)

    assert (summary["verdict"], summary["leak"]) == ("fail", 0)
    assert summary["unattributed"] > 0
    assert {f["verdict"] for f in findings} == {"unattributed"}
    assert all((f["src"], f["dst"]) == ("nb.wireless", "juki.lan") for f in findings)


def test_the_way_back_from_a_service_that_only_listens_is_used(tmp_path: Path) -> None:
    """It answers when it is asked whether it listens; without the rule that is an over-block."""
    words = _TINY.read_text("utf-8")
    logs = "  logs: {label: {ja: ログ, en: Log}, protocol: udp, ports: [514], kind: syslog}\n"
    words = words.replace("\nsources:", logs + "\nsources:").replace("[https, http]", _WITH_LOGS)
    plan = tmp_path / "logs.yaml"
    plan.write_text(words, "utf-8")
    sound, _ = run_with("nothing", tmp_path, plan=plan)
    met = json.loads((tmp_path / "nothing" / "coverage.json").read_bytes())
    summary, findings = run_with("replies_forgotten", tmp_path, plan=plan)

    assert (sound["verdict"], met["unmet"]) == ("pass", 0)
    assert (summary["verdict"], summary["leak"]) == ("fail", 0)
    assert {(f["verdict"], f["dst"]) for f in findings} == {("overblock", "www.lan")}


def test_every_rule_is_met_or_the_plan_says_why_not(tmp_path: Path) -> None:
    """Every rule of the tiny town, every condition that has another side, every edge of a port."""
    run_with("nothing", tmp_path)
    met = json.loads((tmp_path / "nothing" / "coverage.json").read_bytes())

    assert (met["unmet"], met["unexplained"]) == (0, [])
    assert met["hit"] > met["rules"] / 2
    assert met["hit"] + sum(met["dead"].values()) == met["rules"]
    assert 0 < met["port_edges"] == met["port_edges_both"]
    assert 0 < met["prefix_edges"] == met["prefix_edges_both"]
    assert (met["unshown_count"], met["unshown"]) == (0, [])
    assert met["both"] + sum(met["one_sided"].values()) == met["fields"]


def test_a_rule_that_nobody_needs_is_listed(tmp_path: Path) -> None:
    """It harms nothing, but the plan does not have it: the run is not passed."""
    summary, _ = run_with("idle_rule", tmp_path)
    met = json.loads((tmp_path / "idle_rule" / "coverage.json").read_bytes())
    (left,) = met["unexplained"]

    assert (summary["verdict"], met["unmet"]) == ("inconclusive", 1)
    assert (left["switch"], left["table"]) == ("room", 5)
    assert left["name"] == "a stranger's rule 0x0"
    assert left["text"].startswith("priority=7,tcp,tp_dst=1 ")


def test_a_kernel_that_carries_frames_past_the_switches_is_told(tmp_path: Path) -> None:
    """A datagram to a port that nobody probes goes around all tables; no probe tells it."""
    summary, _ = run_with("kernel_routes", tmp_path)
    told = (tmp_path / "kernel_routes" / "differences.json").read_text("utf-8")

    assert (summary["verdict"], summary["exit"], summary["leak"]) == ("fail", 1, 0)
    assert (tmp_path / "kernel_routes" / "arrived.txt").read_text("utf-8") == "past all tables"
    for words in ("ipv4/conf/all/forwarding", "dport 12345", "dst 10.10.0.21", "02:00:5e:00:00:01"):
        assert words in told


@pytest.mark.parametrize(
    ("fault", "said"),
    [("cable_narrowed", "room-eth1 is a veth, up, to a host, MTU 1300"),
     ("packets_filtered", "a table of a packet filter: sk-extra")],
)  # fmt: skip
def test_a_kernel_that_would_cut_frames_is_told(fault: str, said: str, tmp_path: Path) -> None:
    """No probe is long enough to meet it, and no statement of the plan makes it."""
    summary, _ = run_with(fault, tmp_path)

    assert (summary["verdict"], summary["exit"], summary["leak"]) == ("fail", 1, 0)
    assert said in (tmp_path / fault / "differences.json").read_text("utf-8")


@pytest.mark.parametrize(
    ("fault", "said"),
    [("mirrored_meanwhile", "Bridge: mirrors was written"),
     ("cabled_meanwhile", "an interface came: sk-a"),
     ("air_unheard", "it told of no more changes"),
     ("air_opened_meanwhile", "event=ADDED table=0 cookie=0 ip actions=FLOOD")],
)  # fmt: skip
def test_what_is_undone_before_the_second_reading_is_told(
    fault: str, said: str, tmp_path: Path
) -> None:
    """Both readings find the fabric as planned, and no capture is where the copies went."""
    summary, _ = run_with(fault, tmp_path)

    assert (summary["verdict"], summary["exit"], summary["leak"]) == ("inconclusive", 3, 0)
    assert said in (tmp_path / fault / "differences.json").read_text("utf-8")
