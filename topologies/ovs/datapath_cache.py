"""What the switches remember of their decisions, and how that is made to follow their tables.

Open vSwitch's datapath remembers what became of a packet and treats the next ones alike. After a
rule was changed, its revalidator goes through all that is remembered and mends what is no longer
so, some milliseconds later; nothing says when. Here it is stopped before the rules are changed,
and when it goes on, its next round is waited for, which began after the change. What has not
changed stays remembered: nobody else's packets notice.

Asked on the daemon's own socket (ovs-vswitchd(8), ``--unixctl``), since somebody may be waiting.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sekisho.errors import LabError

_TIMEOUT_S = 20.0


class DatapathCache:
    """The caches of one ``ovs-vswitchd``.

    Args:
        door: Gives the path of its control socket as it is now.
    """

    def __init__(self, door: Callable[[], Path]) -> None:
        self._door = door
        self._turn = threading.Lock()  # stopped twice, or let go on twice, the daemon would hang

    def ask(self, method: str) -> None:
        """Ask something harmless, and return when the daemon's main loop has answered.

        Raises:
            LabError: It was refused, or the daemon has ended.
        """
        with _Request(self._door(), method) as asked:
            asked.finish()

    def purge(self) -> None:
        """Forget every decision; counters are then up to date.

        Raises:
            LabError: It was refused, or the daemon has ended.
        """
        with _Request(self._door(), "revalidator/purge") as purge:
            purge.finish()

    def follow(self) -> None:
        """Return when nothing is remembered any more of rules that were gone before the call.

        Raises:
            LabError: It was refused, or the daemon has ended.
        """
        with self.following() as following:
            following.hold()
            following.wait_for_round()

    @contextmanager
    def following(self) -> Iterator[Following]:
        """Give who sees to it that a change of rules is followed; at the end nothing is held.

        One at a time: another waits here, before he has asked anybody for anything.
        """
        with self._turn:
            following = Following(self._door)
            try:
                yield following
            finally:
                following.resume()


class Following:
    """Sees to it, for one asker, that what is remembered follows the rules.

    Args:
        door: Gives the path of the control socket.
    """

    def __init__(self, door: Callable[[], Path]) -> None:
        self._find = door
        self._door: Path | None = None  # of the daemon that is stopped: another must not go on

    def hold(self) -> None:
        """Stop the revalidator between two rounds, before rules are changed.

        Raises:
            LabError: It was refused, or the daemon has ended.
        """
        door = self._find()
        with _Request(door, "revalidator/pause") as pause:
            pause.finish()
        self._door = door

    def wait_for_round(self) -> None:
        """Let the revalidator go on, and return when a whole round has been made since.

        From then on no packet is treated by a decision that was made before the last rule was
        acknowledged. Call after `hold`; without it there is nothing to do.

        Raises:
            LabError: It was refused, or the daemon has ended.
        """
        if self._door is None:
            return
        with _Request(self._door, "revalidator/wait") as wait:
            # Connections are taken up in turn, so that this answer says that the wait was heard;
            # and who connects after it is heard a turn of the daemon's main loop later, in which
            # the revalidator was told that rules have changed (ofproto-dpif.c, type_run).
            with _Request(self._door, "version") as turn:
                turn.finish()
            self.resume()
            wait.finish()

    def resume(self) -> None:
        """Let the revalidator go on, if it is held, and wait for nothing."""
        if self._door is None:
            return
        door, self._door = self._door, None
        with contextlib.suppress(LabError), _Request(door, "revalidator/resume") as resume:
            resume.finish()  # a daemon that has ended holds nothing


class _Request:
    """One request on a connection of its own (ovs-appctl(8))."""

    def __init__(self, door: Path, method: str) -> None:
        self._method = method
        self._conn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._conn.settimeout(_TIMEOUT_S)
        words = {"id": 0, "method": method, "params": list[str]()}
        try:
            self._conn.connect(str(door))
            self._conn.sendall(json.dumps(words).encode())
        except OSError as error:
            self._conn.close()
            raise _silent(error) from error

    def __enter__(self) -> _Request:
        return self

    def __exit__(self, *_: object) -> None:
        self._conn.close()

    def finish(self) -> None:
        """Wait for the answer."""
        try:
            answer = self._conn.recv(1 << 16)
        except OSError as error:
            raise _silent(error) from error
        if not answer:
            raise LabError("ovs-vswitchd closed the door: ended by itself?")
        if json.loads(answer).get("error") is not None:
            raise LabError(f"ovs-vswitchd refused {self._method}: {answer.decode()}")


def _silent(error: OSError) -> LabError:
    return LabError(f"ovs-vswitchd does not answer ({error}): ended by itself?")
