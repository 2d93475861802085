"""A process that proves a town's tables beside other work: once, or after one change and the next.

It takes one question a line, the name of a file, and answers in one line of JSON. What it reads is
a plan as a value and dumps: changes may be laid over the plan, and its file may have been edited.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.connection import wait  # knows files beyond 1,023, unlike select(2)
from pathlib import Path
from typing import Any

from sekisho.errors import LabError
from sekisho.model import Plan
from sekisho.openflow.rules import Rule

#: What each switch dumps, or its rules.
Held = Mapping[str, str] | Mapping[str, tuple[Rule, ...]]

_TURN_S = 600.0  # longer than any proof may take
_ASKED, ERRORS = "proof.asked", "proof.log"


class Prover:
    """The process: started when something is asked, and ended by `end`.

    Several may ask, each in its turn: whoever has asked has the process until its answer has come
    or the process has ended.

    Args:
        is_kept: Whether it remembers its last proof, for a town that is asked about again.
    """

    def __init__(self, *, is_kept: bool) -> None:
        self._is_kept = is_kept
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: Path | None = None
        self._turn = threading.Semaphore()

    def ask(self, plan: Plan, held: Held, log: Path) -> None:
        """Have what is *held* proved against *plan*; question and complaints go to *log*.

        Raises:
            LabError: The process takes no question.
        """
        if not self._turn.acquire(timeout=_TURN_S):  # nobody waits for that answer any more
            self.end()
            self._turn.acquire()
        log.mkdir(exist_ok=True)
        self._asked = log / _ASKED
        self._asked.write_bytes(pickle.dumps((plan, dict(held))))
        names = {"asked": str(self._asked.resolve()), "errors": str((log / ERRORS).resolve())}
        said = json.dumps({**names, "is_kept": self._is_kept})
        process = self._running(log / ERRORS)
        assert process.stdin is not None
        # sched(7): whoever probes meanwhile is never kept waiting, as it would be beside nice 19
        _schedule(process.pid, os.SCHED_IDLE)
        try:
            process.stdin.write(f"{said}\n".encode())
            process.stdin.flush()
        except OSError as error:
            raise self._broken(error) from error

    def answer(self, timeout_s: float) -> dict[str, Any]:
        """Wait for the answer to what was asked.

        Raises:
            LabError: It is none, or does not come.
        """
        process, asked = self._process, self._asked
        assert process is not None and process.stdout is not None and asked is not None
        _schedule(process.pid, os.SCHED_OTHER)  # nobody probes any more, and the run waits for it
        ready = wait([process.stdout.fileno()], timeout_s)
        line = process.stdout.readline() if ready else b""
        if not line:
            raise self._broken("no answer" if ready else f"no answer in {timeout_s:.0f} s")
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise self._broken(error) from error
        asked.unlink()  # what was asked stands in the run folder's dumps
        if self._is_kept:
            self._asked = None
            self._turn.release()
        else:
            self.end()
        return found

    def end(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        asked, self._asked = self._asked, None
        if process is not None:
            process.kill()
            process.communicate()
        if asked is not None:
            self._turn.release()

    def _broken(self, why: object) -> LabError:
        """End the process, which did not do as it should; return the error."""
        asked = self._asked
        self.end()
        assert asked is not None
        return LabError(
            f"the proof over all packets did not end as it should: {why}\n"
            f"  hint: {asked.with_name(ERRORS)} says why"
        )

    def _running(self, errors: Path) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self._process.communicate()  # it has ended by itself
            self._process = None
        if self._process is None:
            with errors.open("ab") as out:
                words = [sys.executable, "-m", "sekisho.proof"]
                self._process = subprocess.Popen(
                    words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=out
                )
        return self._process


def _schedule(pid: int, policy: int) -> None:
    """Let the proof run under *policy* of sched(7)."""
    try:
        os.sched_setscheduler(pid, policy, os.sched_param(0))
    except OSError:  # it has ended, or the system keeps it where it is
        return
