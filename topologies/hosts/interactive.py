"""A host's shell at Mininet's prompt: started when first needed, and never stuck for good.

Mininet keeps one interactive shell for each host and writes commands to its terminal. Here a host
is its namespaces alone until somebody commands it; a command is handed to the shell as one word
(``eval``), so that a quote too many is its own mistake and not the next command's; and a shell that
has ended is started anew.
"""

from __future__ import annotations

import errno
import os
import select
import shlex
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from mininet.node import Host  # type: ignore[import-untyped]  # Mininet has no types

from sekisho.errors import LabError

_PROMPT = chr(127)  # Mininet's sign that a command has ended
_PID_OF_A_JOB = ' printf "\\001%d\\012" $!'  # as Mininet wants it to be told
_ATTACHES = "a"  # an option of mnexec(1)


class OnDemand(Host):
    """A host whose namespaces may have been made already.

    Attributes:
        lender: What gives the terminal of a host's shell, in a process that is not the town's own;
            told the host's name, and whether the one it gave before has ended.
    """

    lender: ClassVar[Callable[[str, bool], int] | None] = None

    def startShell(self, mnopts: str | None = None) -> None:  # noqa: N802  # Mininet's name
        """Start none where the host is there already: `wake` does."""
        self._has_ended = self._is_waking = False
        self.shell: Any
        self.slave: int
        self.first: int | None = self.params.get("first")
        if self.first is None:
            super().startShell(mnopts)
        else:
            self.pid = self.first

    def wake(self) -> None:
        """Have a shell.

        Raises:
            LabError: It does not start.
        """
        if self.shell is not None or self.first is None:
            return
        if OnDemand.lender is not None:
            self._hold(OnDemand.lender(self.name, self._has_ended))
            return
        self._is_waking = True
        try:
            super().startShell()
        finally:
            self._is_waking, self.pid = False, self.first
        os.close(self.slave)  # else nobody would learn that the shell has ended
        self.slave = os.open(os.devnull, os.O_RDONLY)  # Mininet closes it, too

    def _hold(self, terminal: int) -> None:
        """Take over the *terminal* of a shell that the town has started."""
        self.master, self.shell = terminal, self
        self.stdin = self.stdout = os.fdopen(terminal)
        self.pollOut = select.poll()
        self.pollOut.register(self.stdout)
        self.outToNode[terminal] = self.inToNode[terminal] = self
        self.readbuf, self.waiting, self._has_ended = "", False, False

    def forget(self) -> None:
        """Know of no shell: in a child of the town, which must ask for it."""
        self.shell = None

    def leave(self) -> None:
        """End the shell and what runs in its foreground."""
        if self.shell is not None and self.first is not None:
            self.stdin.close()
            os.close(self.slave)
            self.shell.terminate()
            self.shell.wait()
            self.shell = None

    def _popen(self, cmd: list[str], **params: Any) -> Any:
        """Enter our own namespaces where Mininet would call ``mnexec``."""
        if self.first is None or cmd[0] != "mnexec":
            return super()._popen(cmd, **params)
        program = cmd[3:] if _ATTACHES in cmd[1] else ["setsid", "--ctty", *cmd[2:]]
        words = [sys.executable, "-m", "sekisho.runtime.entering", str(self.first), "--", *program]
        return super()._popen(words, **{**params, "close_fds": True})

    def cmd(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command in the shell, and return what it prints."""
        self.wake()
        return super().cmd(*args, **kwargs)

    def sendCmd(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802  # Mininet's name
        """Begin a command: handed over whole, whatever its quotes."""
        self.wake()
        words = args[0] if len(args) == 1 and isinstance(args[0], list) else args
        text = " ".join(str(word) for word in words).strip()
        if self.first is not None and text:
            text += _PID_OF_A_JOB if text.endswith("&") else ""
            text = f"eval {shlex.quote(text)}"
        super().sendCmd(text, **kwargs)

    def read(self, size: int = 1024) -> str:
        """Return what the shell printed; a shell that has ended prints its last prompt.

        Raises:
            LabError: It has ended before it began.
        """
        try:
            return str(super().read(size))
        except OSError as error:
            if error.errno != errno.EIO:  # what the other end of a terminal says when it is gone
                raise
        self.shell, self._has_ended = None, True
        if self._is_waking:
            raise LabError(f"{self.name}: no shell starts there")
        return _PROMPT
