"""Somebody else's controller, and none, judged by the same gate: never a pass without reason."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sekisho.evidence.case_file import CASES, lines
from tests.live.machine import SLOWER, until

pytestmark = [pytest.mark.live, pytest.mark.alone]

_ROOT = Path(__file__).resolve().parents[2]
_PLAN = _ROOT / "topologies" / "tiny.yaml"
_LIMIT_S = 180 * SLOWER
_SIMPLE_SWITCH = (
    "from controller import framework as fw\n"
    "fw.cfg.CONF(args=[], project='sekisho', version='1')\n"
    "fw.cfg.CONF.set_override('ofp_listen_host', '127.0.0.1')\n"
    "fw.cfg.CONF.set_override('ofp_tcp_listen_port', {port})\n"
    "fw.app_manager.AppManager.run_apps(['ryu.app.simple_switch_13'])\n"
)


def check(folder: Path, controller: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the gate on the tiny town under *controller*; return the summary and the cases."""
    command = [sys.executable, "-m", "sekisho.cli", "check", str(_PLAN), "--quiet"]
    done = subprocess.run(
        [*command, "--out", str(folder), "--controller", controller],
        cwd=_ROOT,
        timeout=_LIMIT_S,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    run = (folder / "latest").resolve()
    cases = [json.loads(line) for line in lines(run / CASES)]
    return json.loads((run / "summary.json").read_bytes()), cases


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(name="out")
def _out() -> Iterator[Path]:
    """Return a folder with a short name: the socket to a foreign controller is in it, unix(7)."""
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        yield Path(folder)


@contextmanager
def simple_switch() -> Iterator[str]:
    """Run Ryu's own learning switch on a free port of this machine's loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = _SIMPLE_SWITCH.format(port=port)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], cwd=_ROOT)
    try:
        until(lambda: _listens(port), "the learning switch listens")
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def test_a_learning_switch_leaks_in_every_forbidden_cell_it_reaches(out: Path) -> None:
    """Ryu's simple_switch_13 floods what it does not know: the gate says so, cell by cell."""
    with simple_switch() as controller:
        summary, cases = check(out, controller)
    denied = {c["cell"] for c in cases if c["expect"] == "drop"}
    leaking = {c["cell"] for c in cases if c["verdict"] == "leak" and c["expect"] == "drop"}

    assert (summary["verdict"], summary["exit"]) == ("fail", 1)
    assert leaking == denied


def test_no_controller_at_all_is_over_blocking_and_never_a_pass(tmp_path: Path) -> None:
    """Switches that fail secure drop everything: safe, and useless, and not what the plan says."""
    summary, cases = check(tmp_path, "none")
    allowed = [c for c in cases if c["expect"] == "arrive"]

    assert (summary["verdict"], summary["exit"], summary["leak"]) == ("fail", 1, 0)
    assert allowed and all(c["verdict"] == "overblock" for c in allowed)


def test_words_that_are_no_controller_are_refused(tmp_path: Path) -> None:
    """One clear line, and no town is built."""
    command = [sys.executable, "-m", "sekisho.cli", "--lang", "en", "check", str(_PLAN)]
    done = subprocess.run(
        [*command, "--out", str(tmp_path), "--controller", "somewhere"],
        cwd=_ROOT,
        timeout=60 * SLOWER,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "--controller 'somewhere' is not HOST:PORT" in done.stderr
    assert not list(tmp_path.iterdir())
