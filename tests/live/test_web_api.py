"""The interface of a running town: what it refuses, and what a stranger's guesses find in it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.live.demo import Demo, demo
from tests.live.machine import SLOWER

pytestmark = [pytest.mark.live, pytest.mark.alone]

MOVE = {"ports": ["floor:1"], "to": "visitor"}
OTHER = {"ports": ["floor:1"], "to": "quarantine"}
REFUSED = {"ports": ["floor:2"], "to": "register"}
_GUESSES = 6  # for an operation, in each phase: a count is the same on a slow machine
_BUDGET_S = 120 * SLOWER
_ACKNOWLEDGEMENT_S = 0.04  # TCP_DELACK_MIN of Linux


@pytest.fixture(scope="module", name="town")
def _town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with demo(tmp_path_factory.mktemp("api")) as town:
        yield town


def test_nobody_without_the_token(town: Demo) -> None:
    """Neither without one nor with another, at any path; the page itself is no secret."""
    for path in ("/api/town", "/api/openapi.json", "/api/state", "/api/nothing"):
        assert town.ask(path, authorization="")[0] == 401
        assert town.ask(path, authorization="Bearer wrong")[0] == 401
    assert town.ask("/api/changes", MOVE, authorization="")[0] == 401
    assert town.ask("/api/town")[0] == 200


def test_no_other_name_no_other_page(town: Demo) -> None:
    """A rebound name is told so; another page's script gets no leave."""
    assert town.ask("/api/town", host="evil.example")[0] == 421
    server = http.client.HTTPConnection(town.base.removeprefix("http://"), timeout=10)
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    server.request("OPTIONS", "/api/changes", headers=asked)
    answer = server.getresponse()
    names = {name.lower() for name, _ in answer.getheaders()}
    server.close()

    assert answer.status == 401
    assert not [name for name in names if name.startswith("access-control")]


def test_the_page_may_load_nothing_from_elsewhere(town: Demo) -> None:
    """The policy is on every answer, also on a refusal."""
    server = http.client.HTTPConnection(town.base.removeprefix("http://"), timeout=10)
    for path in ("/", "/main.js", "/api/town"):
        server.request("GET", path)
        answer = server.getresponse()
        answer.read()
        assert "default-src 'self'" in (answer.getheader("content-security-policy") or "")
        assert answer.getheader("cache-control") == "no-store"
    server.request("GET", "/../app.py")
    assert server.getresponse().status == 404
    server.close()


def test_what_cannot_be_understood(town: Demo) -> None:
    """Too long, not JSON, an unknown key, a wrong type, a name that is not there."""
    assert town.ask("/api/changes", b" " * 70_000)[0] == 413
    assert town.ask("/api/changes", b"{")[0] == 400
    assert town.ask("/api/changes", b"\xff")[0] == 400
    assert town.ask("/api/changes", {**MOVE, "force": True})[0] == 422
    assert town.ask("/api/changes", {**MOVE, "dry_run": "yes"})[0] == 422
    assert town.ask("/api/changes", {**MOVE, "link": "P28"})[0] == 422
    assert town.ask("/api/connections", {"source": "x", "target": "y", "service": "z"})[0] == 404
    assert town.ask("/api/faults", {"name": "moon", "on": True})[0] == 404
    assert town.ask("/api/changes/9")[0] == 404
    assert town.ask("/api/nothing")[0] == 404


def test_an_answer_waits_for_no_acknowledgement(town: Demo) -> None:
    """Many on one connection: a kernel that waits for one takes 40 ms each (tcp(7))."""
    server = http.client.HTTPConnection(town.base.removeprefix("http://"), timeout=10)
    took = []
    for _ in range(30):
        began = time.monotonic()
        server.request("GET", "/api/nothing", headers={"Authorization": f"Bearer {town.token}"})
        assert server.getresponse().read()
        took.append(time.monotonic() - began)
    server.close()

    assert median(took) < _ACKNOWLEDGEMENT_S


def test_a_refusal_names_its_requirement(town: Demo) -> None:
    """409, with every reason in both languages."""
    status, answer = town.ask("/api/changes", REFUSED)

    assert status == 409
    (reason,) = answer["refusals"]
    assert reason["requirement"] == "MN-07"
    assert reason["ja"] and reason["en"] and reason["ja"] != reason["en"]


def test_a_change_and_its_record(town: Demo) -> None:
    """Dry run, change, conflict, re-test, record, undo: the numbers agree."""
    assert town.ask("/api/changes", {**MOVE, "dry_run": True})[1]["preview"]["touched"] == 10
    number = town.ask("/api/changes", {**MOVE, "by": "a", "base_change": 0})[1]["number"]
    status, answer = town.ask(
        "/api/changes", {"ports": ["floor:1"], "to": "wireless", "base_change": 0}
    )
    assert (status, "a" in answer["refusals"][0]["ja"]) == (409, True)
    tried = town.ask(f"/api/changes/{number}/retest", {})[1]
    summary = tried["summary"]
    record = town.ask(f"/api/changes/{number}")[1]
    manifest = (Path(tried["folder"]) / "manifest.json").read_bytes()

    assert record["moved"][0]["before"]["opens"] == ["D1", "D2"]
    assert record["moved"][0]["after"]["opens"] == ["D2"]
    assert [(r["verdict"], r["pass"]) for r in record["retests"]] == [("pass", summary["passed"])]
    assert [r["sealed"] for r in record["retests"]] == [tried["sealed"]]
    assert (tried["proof"]["forbidden"], tried["proof"]["missing"]) == (0, 0)
    assert [r["proof"] for r in record["retests"]] == [tried["proof"]]
    assert tried["sealed"] == hashlib.sha256(manifest).hexdigest()
    assert town.ask(f"/api/changes/{number}/undo", {})[0] == 200
    later = town.ask(f"/api/changes/{number}")[1]
    assert later["change"]["undone"] and later["moved"] == record["moved"]


def test_trials_rest_while_a_retest_counts(town: Demo) -> None:
    """A trial in between is turned away, and the re-test finds nothing that it cannot explain."""
    number = town.ask("/api/changes", MOVE)[1]["number"]
    trial = {"source": "nb.wireless", "target": "juki.lan", "service": "https"}
    statuses: list[int] = []
    is_over = threading.Event()

    def try_on() -> None:
        while not is_over.wait(0.05):
            statuses.append(town.ask("/api/connections", trial)[0])

    thread = threading.Thread(target=try_on)
    thread.start()
    time.sleep(0.2)
    found = town.ask(f"/api/changes/{number}/retest", {})[1]["summary"]
    is_over.set()
    thread.join()
    town.ask(f"/api/changes/{number}/undo", {})

    assert (found["verdict"], found["unattributed"]) == ("pass", 0)
    assert set(statuses) == {200, 409}


def test_a_change_waits_for_somebody_elses_retest(town: Demo) -> None:
    """Two officers: the evidence of the first one holds, and what the second one asks is done."""
    first = town.ask("/api/changes", {**MOVE, "by": "first"})[1]["number"]
    found: list[dict[str, Any]] = []
    asked = f"/api/changes/{first}/retest"
    thread = threading.Thread(target=lambda: found.append(town.ask(asked, {})[1]))
    thread.start()
    time.sleep(0.3)  # it is under way
    began = time.monotonic()
    assert town.ask("/api/changes", {**OTHER, "dry_run": True})[0] == 200
    looked_s = time.monotonic() - began
    was_counting = thread.is_alive()
    status, second = town.ask("/api/changes", {**OTHER, "by": "second"})
    had_ended = not thread.is_alive() or bool(found)
    thread.join()
    for number in (second["number"], first):
        assert town.ask(f"/api/changes/{number}/undo", {})[0] == 200

    assert (was_counting, status, had_ended) == (True, 200, True)
    assert looked_s < 0.5  # a dry run waits for nobody
    assert found[0]["summary"]["verdict"] == "pass"


def test_a_town_without_its_guard_moves_nothing(town: Demo) -> None:
    """503, and the journal is as before."""
    before = town.ask("/api/state")[1]["changes"]
    town.ask("/api/faults", {"name": "guard", "on": True})
    try:
        assert town.ask("/api/changes", MOVE)[0] == 503
        state = town.ask("/api/state")[1]
        assert (state["guard"], state["changes"]) == (False, before)
    finally:
        town.ask("/api/faults", {"name": "guard", "on": False})
        town.until("in_force", True)


def test_a_switch_that_cannot_be_healed_is_told(town: Demo) -> None:
    """In the state and on the terminal, with the reason, for as long as it is so."""
    why = "switch floor refused a message: type 5, code 1"
    with town.full_table() as troubles:
        town.until_said(f"floor cannot be healed: {why}")
    town.until_said("floor is healed")

    assert troubles["floor"].startswith(why)
    assert town.ask("/api/state")[1]["troubles"] == {}


def test_a_stranger_with_the_token_finds_no_fault(town: Demo, tmp_path: Path) -> None:
    """Schemathesis reads the description and tries what it allows and what it does not."""
    tool = Path(sys.executable).parent / "schemathesis"
    words = [str(tool), "run", f"{town.base}/api/openapi.json", "--no-color"]
    words += ["-H", f"Authorization: Bearer {town.token}", "--max-examples", str(_GUESSES)]
    words += ["--exclude-path", "/api/events", "--phases", "examples,coverage,fuzzing"]
    words += ["--generation-deterministic", "--request-timeout", "20", "--continue-on-failure"]
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=_BUDGET_S,
        check=False,
    )
    counted = re.search(r"(\d+) generated, (\d+) passed", done.stdout)

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-1000:]
    assert counted and int(counted[2]) > 100, done.stdout[-2000:]


def test_the_stream_says_what_changes(town: Demo) -> None:
    """The state at once, and again when somebody has changed something."""
    server = http.client.HTTPConnection(town.base.removeprefix("http://"), timeout=20)
    server.request("GET", "/api/events", headers={"Authorization": f"Bearer {town.token}"})
    stream = server.getresponse()

    def state() -> dict[str, object]:
        while not (line := stream.readline()).startswith(b"data: "):
            assert line, "the stream ended"
        found: dict[str, object] = json.loads(line[6:])
        return found

    known = len(town.ask("/api/state")[1]["changes"])
    assert len(state()["changes"]) == known  # type: ignore[arg-type]
    number = town.ask("/api/changes", MOVE)[1]["number"]
    told = (len(state()["changes"]) for _ in range(20))  # type: ignore[arg-type]
    assert any(changes > known for changes in told), "the change was never told"
    server.close()
    assert town.ask(f"/api/changes/{number}/undo", {})[0] == 200
