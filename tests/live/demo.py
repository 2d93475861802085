"""A running ``sekisho demo`` for tests: a real town, a real server on loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.machine import SLOWER

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "topologies" / "tiny.yaml"
_WAIT_S = 60.0 * SLOWER
_ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/#token=(\S+)")


@dataclass(frozen=True, slots=True)
class Demo:
    """Where it is served, with which token, of which run folder."""

    base: str
    token: str
    folder: Path

    @property
    def address(self) -> str:
        """What a person would open."""
        return f"{self.base}/#token={self.token}"

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and answer; *body* as bytes goes as it is."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        given = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.base + path, data=data, headers=given)
        try:
            with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")

    def until_said(self, words: str) -> str:
        """Wait until the terminal says so; return all that was said there, but for results."""
        deadline = time.monotonic() + _WAIT_S
        while words not in (said := (self.folder.parent.parent / "err").read_text()):
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        return said

    def prompts(self, *lines: str) -> None:
        """Say *lines* at the town's prompt."""
        words = [sys.executable, "-m", "sekisho.cli", "shell", "--town", str(self.folder)]
        given = "".join(f"{line}\n" for line in lines)
        subprocess.run(words, cwd=ROOT, input=given, text=True, check=True, timeout=_WAIT_S)

    @contextmanager
    def full_table(self) -> Iterator[dict[str, str]]:
        """For the time of the block a table takes too few rules; yield what cannot be healed."""
        limit = "--id=@t create Flow_Table flow_limit=9 overflow_policy=refuse"
        try:
            self.prompts(
                f"sh ovs-vsctl {limit} -- set Bridge floor flow_tables:5=@t",
                "sh ovs-ofctl -O OpenFlow13 del-flows floor",
            )
            while not (troubles := self.until("in_force", False)["troubles"]):
                time.sleep(0.1)
            yield troubles
        finally:
            self.prompts("sh ovs-vsctl clear Bridge floor flow_tables")
            self.until("in_force", True)

    def until(self, key: str, value: object) -> dict[str, Any]:
        """Wait until the state says so, and return it."""
        deadline = time.monotonic() + _WAIT_S
        while True:
            state: dict[str, Any] = self.ask("/api/state")[1]
            if state.get(key) == value:
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.1)


@contextmanager
def demo(folder: Path, plan: Path = TINY) -> Iterator[Demo]:
    """Run ``sekisho demo`` on a town, and end it as Ctrl-C does."""
    words = [sys.executable, "-m", "sekisho.cli", "demo", str(plan), "--port", "0", "--quiet"]
    with (folder / "err").open("wb") as log:
        process = subprocess.Popen(
            [*words, "--lang", "en", "--out", str(folder / "runs")],
            cwd=ROOT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        found = None
        for line in process.stdout:
            if found := _ADDRESS.search(line):
                break
        said = (folder / "err").read_text(errors="replace")[-2000:]
        if found is None and "namespace" in said:
            pytest.skip(said)
        assert found, said
        run = next(path for path in (folder / "runs").iterdir() if not path.is_symlink())
        yield Demo(found[1], found[2], run)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_WAIT_S)
        finally:
            process.kill()
            process.stdout.close()
