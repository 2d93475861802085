"""Events on a real town: nothing leaks, ways are found again, and a planted hole is seen."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sekisho.evidence.run_verdict import RunVerdict
from sekisho.report import html
from sekisho.report.reading import read
from sekisho.runtime.namespaces import launched
from tests.live.machine import SLOWER

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_TINY = _ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 180 * SLOWER
_LINE = '  - {a: "floor:8", b: "room:8", mbps: 1000}\n'
_SPARE = '  - {a: "floor:7", b: "room:7", mbps: 100, backup: true}\n'


def played(
    event: str, folder: Path, *, fault: str = "nothing", more: str = "", said: str = ""
) -> tuple[int, dict[str, Any]]:
    """Play *event* once on the tiny town with a spare line; return the status and the outcome.

    Args:
        event: Its id.
        folder: Where to write.
        fault: One of `tests.live.disturbed`.
        more: Another clause of the plan.
        said: Another line of its relays.
    """
    plan, run = folder / "tiny.yaml", folder / "run"
    text = _TINY.read_text("utf-8").replace(_LINE, _LINE + _SPARE)
    text = text.replace("\nrelays:\n", f"\nrelays:\n{said}")
    plan.write_text(text.replace("\ncells:\n", f"\n{more}\ncells:\n"), "utf-8")
    run.mkdir()
    command = [sys.executable, "-m", "tests.live.disturbed", fault, event, str(plan), str(run)]
    with (
        (folder / "log").open("wb") as log,
        launched(["env", f"PYTHONPATH={_ROOT}", *command], folder=run, log=log) as process,
    ):
        process.communicate(timeout=_LIMIT_S)
    data = json.loads((run / "events.json").read_bytes())
    return data["exit"], data["outcomes"][0]


@pytest.mark.parametrize(
    "event",
    [
        "controller-killed",
        "switch-restarted:floor",
        "tables-wiped",
        "undocked",
        "permission-ends",
        "cable-swapped",
        "relay:www",
        "bridge:nb",
        "ports-moved",
    ],
)
def test_nothing_leaks_while_it_happens(event: str, tmp_path: Path) -> None:
    """Forbidden tokens are sent all the while, and nobody ever sees one."""
    status, outcome = played(event, tmp_path)

    assert (status, outcome["verdict"], outcome["leaked"]) == (0, "pass", 0), str(outcome)
    assert outcome["forbidden_sent"] > 500
    assert outcome["zero"]


def test_a_broken_line_is_gone_around_in_less_than_a_second(tmp_path: Path) -> None:
    """The controller hears of the cut from the switch and sends the new way at once."""
    status, outcome = played("line-cut", tmp_path)

    assert (status, outcome["verdict"]) == (0, "pass")
    assert outcome["gap_ms"] < 1000 + outcome["pause_ms"]
    assert outcome["permitted_heard"] < outcome["permitted_sent"]


_TO_JUKI = """\
  - id: A04
    purpose: {ja: 照会, en: Enquiries}
    basis: design
    special: {source_mac: registered, source_ip: registered, destination_mac: registered,
              destination_ip: registered, protocol: tcp, port: 443}
    allow:
      - {from: [S5], to: D1, services: [https]}
"""
_SAID = """\
  - {through: [www], from: [S2, S3], to: [D1], label: {ja: 試し, en: On trial}}
"""


def test_a_way_through_a_shared_server_that_nobody_declared_is_a_leak(tmp_path: Path) -> None:
    """The web server may open the register, so its users on Wi-Fi get there by its proxy."""
    status, outcome = played("relay:www", tmp_path, more=_TO_JUKI)

    assert (status, outcome["verdict"]) == (1, "leak")
    assert "nb.wireless -> www -> juki.lan tcp/443 (undeclared)" in outcome["seen_at"]


def test_a_declared_way_must_work_and_proves_the_relay_alive(tmp_path: Path) -> None:
    """The same, declared: the proxy hands the register's page to the user, and that is told."""
    status, outcome = played("relay:www", tmp_path, more=_TO_JUKI, said=_SAID)

    assert (status, outcome["verdict"], outcome["leaked"]) == (0, "pass", 0), str(outcome)
    assert any(
        "2 declared worked (S2 -> www -> D1, S3 -> www -> D1)" in n for n in outcome["notes"]
    )


def test_a_relay_that_does_not_run_is_inconclusive(tmp_path: Path) -> None:
    """A proxy that answers nobody proves nothing."""
    status, outcome = played("relay:www", tmp_path, fault="relay_dead")

    assert (status, outcome["verdict"]) == (3, "inconclusive")
    assert "the proxy on www does not answer" in outcome["reason"]


def test_a_switch_that_goes_on_without_its_guard_is_a_leak(tmp_path: Path) -> None:
    """With fail-mode standalone, a dead guard makes every switch an ordinary one."""
    status, outcome = played("controller-killed", tmp_path, fault="standalone")

    assert (status, outcome["verdict"]) == (1, "leak")
    assert "juki.lan" in outcome["seen_at"]


def test_a_hole_is_a_leak_whatever_happens_meanwhile(tmp_path: Path) -> None:
    """Wi-Fi taken for the wire: its tokens reach the register while the controller is dead."""
    status, outcome = played("controller-killed", tmp_path, fault="register_open")

    assert (status, outcome["verdict"]) == (1, "leak")
    assert outcome["leaked"] > 100
    assert "juki.lan" in outcome["seen_at"]


def test_what_is_remembered_after_the_statement_is_a_leak(tmp_path: Path) -> None:
    """The tables are in force, and what they no longer permit still passes."""
    status, outcome = played("permission-ends", tmp_path, fault="remembering")

    assert (status, outcome["verdict"]) == (1, "leak")


@pytest.mark.parametrize(
    ("fault", "when"), [("bridge_before", "before: "), ("bridge_left", "afterwards: ")]
)
def test_a_fabric_that_is_not_as_planned_is_inconclusive(
    fault: str, when: str, tmp_path: Path
) -> None:
    """Nothing leaks by it, so the streams see nothing; the comparison does."""
    status, outcome = played("controller-hung", tmp_path, fault=fault)

    assert (status, outcome["verdict"], outcome["leaked"]) == (3, "inconclusive", 0), str(outcome)
    assert outcome["reason"].startswith(when)
    assert "stray" in outcome["reason"]


def test_streams_that_do_not_run_are_inconclusive_and_never_a_pass(tmp_path: Path) -> None:
    """Nothing sent proves nothing."""
    status, outcome = played("controller-hung", tmp_path, fault="muted")

    assert (status, outcome["verdict"], outcome["leaked"]) == (3, "inconclusive", 0)


def test_a_run_of_events_is_a_record_like_any_other(tmp_path: Path) -> None:
    """Sealed, read by every report, and told as a part of a test: no boxes for seals."""
    status, outcome = played("undocked", tmp_path)
    record = read(tmp_path / "run")
    page = html.render(record)

    assert (status, outcome["verdict"]) == (0, "pass")
    assert record.verdict is RunVerdict.PASS
    assert set(record.cases.columns["state"].values) == {"undock"}
    assert record.manifest.partial is not None
    assert 'id="events"' in page
    assert 'class="signatures"' not in page


def test_a_leak_under_an_event_is_a_finding_of_its_record(tmp_path: Path) -> None:
    """With the pair that leaked, in every report."""
    played("controller-killed", tmp_path, fault="register_open")
    record = read(tmp_path / "run")

    assert record.verdict is RunVerdict.FAIL
    assert [(f.case[:2], f.src, f.dst) for f in record.findings] == [
        ("E-", "nb.wireless", "juki.lan")
    ]
