"""Whether something stood still that a measurement depends on: the switches, or this process.

A frame that did not arrive while the switches were stopped, or while this machine gave nobody its
time, says nothing about the town. A thread asks ``ovs-vswitchd`` over and over for its version, and
looks at the clock between; whoever waits too long has stood still.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

from sekisho.errors import LabError
from topologies.ovs.daemon import OpenVSwitch

_PERIOD_S = 0.1
_SWITCHES_S = 2.0  # a switch that answers nothing for so long: sockets and retries run out by then
_CLOCK_S = 2.0  # a thread that sleeps 0.1 s and wakes so late


class Watchdog:
    """Watch, for the time of a ``with`` block, whether anything stands still.

    Attributes:
        stalled: What stood still in the last block, in words; empty where nothing did.
    """

    def __init__(self, ovs: OpenVSwitch) -> None:
        self._ovs = ovs
        self.stalled = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._asked_at = 0.0

    def __enter__(self) -> Watchdog:
        self.stalled = ""
        self._stop.clear()
        self._asked_at = 0.0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asked = self._asked_at
        if asked and time.monotonic() - asked > _SWITCHES_S:
            self._note("the switches", time.monotonic() - asked)
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while True:
            slept_at = time.monotonic()
            if self._stop.wait(_PERIOD_S):
                return
            late = time.monotonic() - slept_at - _PERIOD_S
            if late > _CLOCK_S:
                self._note("this process", late)
            self._asked_at = time.monotonic()
            try:
                self._ovs.cache.ask("version")
            except LabError as error:
                self.stalled = self.stalled or str(error)
                return
            took, self._asked_at = time.monotonic() - self._asked_at, 0.0
            if took > _SWITCHES_S:
                self._note("the switches", took)

    def _note(self, who: str, seconds: float) -> None:
        self.stalled = self.stalled or f"{who} stood still for {seconds:.1f} s meanwhile"
