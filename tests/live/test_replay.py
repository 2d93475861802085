"""A leak down to one packet: it leaks alone, its way is shown, and it can be sent once more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scapy.all import *  # noqa: F403  # what the printed command needs, as a reader has it

from tests.live.machine import SLOWER
from tests.live.test_faults import run_with

pytestmark = pytest.mark.live

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 120 * SLOWER


@pytest.fixture(scope="module")
def leaked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Run the gate with a permission widened; return the run folder and the leak."""
    folder = tmp_path_factory.mktemp("leaked")
    _, findings = run_with("allow_widened", folder)
    return folder / "allow_widened", findings[0]


def replayed(run: Path, case: str, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Replay *case* of *run*; return the exit status and what was written."""
    words = [sys.executable, "-m", "sekisho.cli", "replay", str(run), case, f"--out={out}"]
    done = subprocess.run(
        [*words, *options], cwd=_ROOT, timeout=_LIMIT_S, capture_output=True, check=False
    )
    (file,) = out.glob("*-tiny-replay/replay.json")
    return done.returncode, json.loads(file.read_bytes())


def test_the_finding_tells_how_to_build_the_packet_and_which_way_it_went(
    leaked: tuple[Path, dict[str, Any]],
) -> None:
    """The Scapy command gives the very bytes; the way ends at the register."""
    _, finding = leaked
    stations = [line for line in finding["path"] if not line.startswith(" ")]

    assert bytes(eval(finding["command"])).hex() == finding["sent_hex"]
    assert stations == [
        "floor:2 in",
        "floor:8 out to room:8",
        "room:8 in",
        "room:1 out to juki.lan",
    ]
    assert any("priority 210, open by A01" in line for line in finding["path"])
    assert finding["alone"] == "leaks"


def test_with_the_tables_of_the_run_the_packet_leaks_again(
    leaked: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """The same bytes from the same port, seen at the same places."""
    run, finding = leaked
    status, told = replayed(run, finding["case"], tmp_path, "--tables")

    assert (status, told["verdict"]) == (1, "leak")
    assert told["seen_at"] == finding["seen_at"]
    assert (told["twin"], told["command"]) == ("pass", finding["command"])


def test_by_the_plan_as_it_is_compiled_now_it_is_dropped(
    leaked: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    """With all witnesses: its twin arrived, and the rule of the cell counted it."""
    run, finding = leaked
    status, told = replayed(run, finding["case"], tmp_path)

    assert (status, told["verdict"], told["seen_at"]) == (0, "pass", [])
    assert (told["twin"], told["drop_counted"], told["drop_expected"]) == ("pass", 1, 1)
    assert told["path"][-1] == "floor: ends here"


def test_tracing_sends_nothing(leaked: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """And so gives no verdict."""
    run, finding = leaked
    status, told = replayed(run, finding["case"], tmp_path, "--trace-only", "--tables")

    assert status == 0
    assert "verdict" not in told
    assert told["path"] == finding["path"]


def test_a_leak_that_does_not_come_back_is_said_not_to(tmp_path: Path) -> None:
    """The hole is mended before the packet is tried alone: still a leak, and told so."""
    _, findings = run_with("hole_mended", tmp_path)

    assert (findings[0]["verdict"], findings[0]["alone"]) == ("leak", "does not leak alone")
