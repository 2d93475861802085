"""Where a command speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from sekisho.printable import printable


class Paper(Console):
    """A console whose text commands nothing: only what the console itself adds does.

    Neither is it markup (``[red]``) nor a name of a sign (``:bomb:``): that is for those who write
    code, and text comes from anywhere.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None) -> None:
        super().__init__(stderr=stderr, width=width, markup=False, emoji=False)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is shown, its text made printable."""
        for segment in super().render(renderable, options):
            plain = segment.text if segment.control else printable(segment.text)
            yield segment if plain == segment.text else Segment(plain, segment.style)


class Parser(ArgumentParser):
    """A parser that shows words that it does not know without doing what they say."""

    def error(self, message: str) -> NoReturn:
        """Show *message* and end with 2."""
        super().error(printable(message))


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
    return Screen(Paper(), Paper(stderr=True))


def language(environment: Mapping[str, str] = os.environ) -> str:
    """Return ``en`` where the locale names a language other than Japanese, else ``ja``."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            spoken = value.split(".")[0]
            return "ja" if spoken in ("C", "POSIX") or spoken.startswith("ja") else "en"
    return "ja"
