"""Where a command speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console


@dataclass(frozen=True, slots=True)
class Screen:
    """The two consoles of a command.

    Attributes:
        out: For results.
        err: For progress and complaints.
    """

    out: Console
    err: Console

    def complain(self, text: str) -> None:
        """Say what is wrong; a terminal that is gone is no reason to fail once more."""
        with suppress(OSError):
            self.err.print(text, style="", markup=False, highlight=False, soft_wrap=True)


def screen() -> Screen:
    """Return the consoles of this process; a character that the terminal lacks becomes ``?``."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test may have put another kind of stream there
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # TextIOWrapper has it
    return Screen(Console(), Console(stderr=True))


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return ``en`` where the locale names a language other than Japanese, else ``ja``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            spoken = value.split(".")[0]
            return "ja" if spoken in ("C", "POSIX") or spoken.startswith("ja") else "en"
    return "ja"
