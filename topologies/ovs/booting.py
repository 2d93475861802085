"""While a town is built: notice at once that Open vSwitch has ended, and say so.

Its tools wait for a daemon that is gone, up to a minute each. Whoever waits is then ended: it is a
child of this process, and has nobody left to speak to.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Protocol

from sekisho.errors import LabError

_LOOK_S = 0.2
_WAITING = frozenset({"ovs-vsctl", "ovs-ofctl", "ovs-appctl"})


class Daemons(Protocol):
    """What may end by itself, and can say which has."""

    def dead(self) -> list[str]:
        """Return the names of those that have ended by themselves."""
        ...


@contextmanager
def attended(daemons: Daemons, log: Path) -> Iterator[None]:
    """Watch *daemons* during the block.

    Args:
        daemons: Those of the town.
        log: Where theirs are.

    Raises:
        LabError: One of them has ended, whatever the block has met by it.
    """
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(daemons, over), daemon=True)
    watch.start()
    try:
        yield
    except (Exception, SystemExit) as error:  # Mininet exits where a tool fails
        if dead := daemons.dead():
            raise _ended(dead, log) from error
        raise
    finally:
        over.set()
        watch.join()
    if dead := daemons.dead():
        raise _ended(dead, log)


def _ended(dead: list[str], log: Path) -> LabError:
    return LabError(f"{' and '.join(dead)} ended by itself while the town was built; see {log}")


def _watch(daemons: Daemons, over: threading.Event) -> None:
    while not over.wait(_LOOK_S):
        if daemons.dead():
            for pid in _waiting():
                with suppress(ProcessLookupError):
                    os.kill(pid, SIGKILL)


def _waiting() -> Iterator[int]:
    """Yield the children of this process that are tools of Open vSwitch, proc(5)."""
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            for pid in path.read_text().split():
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if Path(os.fsdecode(words[0])).name in _WAITING:
                    yield int(pid)
