"""Changes of an access point's tables and ports between two readings, undone or not.

No controller of the town guards an access point, so nobody else is told of them. Here Open
vSwitch itself is asked to tell (ovs-ofctl(8), ``monitor`` with ``watch:``): of each rule that comes
or goes, and of each port that changes.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from sekisho.errors import LabError

_BEGINS = b"ONFST_FLOW_MONITOR reply"
_STARTS_S, _LOOK_S = 20.0, 0.005


class AirChanges:
    """Listen at every access point until `end`.

    Args:
        airs: Their names.

    Raises:
        LabError: One does not answer.
    """

    def __init__(self, airs: Iterable[str]) -> None:
        self._heard: dict[str, tuple[subprocess.Popen[bytes], BinaryIO]] = {}
        for air in airs:
            out: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
            command = ["ovs-ofctl", "-O", "OpenFlow13", "monitor", air, "watch:!initial"]
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
            self._heard[air] = process, out
        deadline = time.monotonic() + _STARTS_S
        for air, (process, out) in self._heard.items():
            while not _said(out).startswith(_BEGINS):
                if process.poll() is not None or time.monotonic() > deadline:
                    self.end()
                    raise LabError(f"{air} does not tell of its changes")
                time.sleep(_LOOK_S)

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield access point and words of everything that has changed so far."""
        for air, (process, out) in self._heard.items():
            if process.poll() is not None:
                yield air, "it told of no more changes"
            for line in _said(out).decode(errors="replace").splitlines():
                if "event=" in line:
                    yield air, f"a rule: {line.strip()}"
                elif "PORT_STATUS" in line:
                    yield air, f"a port: {line.partition('): ')[2]}"

    def end(self) -> None:
        """Listen no longer."""
        for process, out in self._heard.values():
            process.terminate()
            process.wait()
            out.close()
        self._heard.clear()


def _said(out: BinaryIO) -> bytes:
    """Return everything in the file, which the other process goes on to write."""
    return os.pread(out.fileno(), os.fstat(out.fileno()).st_size, 0)
