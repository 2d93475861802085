"""Where a command speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from sekisho.spoken import japanese
from sekisho.text.printable import carried, is_carried, printable

_PLAIN = ("C", "POSIX")  # locales whose characters are ASCII; Python writes UTF-8 all the same
_JAPANESE = "日本語"


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
        """Yield what is shown, its text made printable, in signs that the output can carry."""
        for segment in super().render(renderable, options):
            text = segment.text
            plain = text if segment.control else carried(printable(text), self.encoding)
            yield segment if plain == text else Segment(plain, segment.style)

    def on_broken_pipe(self) -> None:
        """Say nothing more where whoever read has gone (``| head``): no reason to end otherwise."""
        self.quiet = True
        silence(self.file)

    @property
    def encoding(self) -> str:
        """What the output can carry, by its own word and the locale's."""
        return encoding(super().encoding)


class Parser(ArgumentParser):
    """A parser that shows words that it does not know without doing what they say.

    Attributes:
        is_japanese: Whether it speaks Japanese.
    """

    is_japanese = False

    # argparse's own signature has two overloads more, for namespaces of other classes
    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Namespace | None = None
    ) -> tuple[Namespace, list[str]]:
        """Refuse words that nobody knows where they stand: with the usage of that command."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Show *message* and end with 2."""
        if self.is_japanese:
            self.print_usage(sys.stderr)
            self.exit(2, f"{self.prog}: 誤り: {japanese(printable(message))}\n")
        super().error(printable(message))


@dataclass(frozen=True, slots=True)
class Screen:
    """The two consoles of a command.

    Attributes:
        out: For results.
        err: For progress and complaints.
        language: In which complaints are made: ``"ja"`` or ``"en"``.
    """

    out: Console
    err: Console
    language: str = "en"

    def say(self, text: str) -> None:
        """Print *text* as it is: no line is broken, no word coloured."""
        self.out.print(text, markup=False, highlight=False, soft_wrap=True)

    def complain(self, text: str) -> None:
        """Say what is wrong; a terminal that is gone is no reason to fail once more."""
        said = japanese(text) if self.language == "ja" else text
        with suppress(OSError):
            self.err.print(said, style="", markup=False, highlight=False, soft_wrap=True)


def silence(stream: IO[str]) -> None:
    """Let what is still to be written to *stream* go nowhere: nobody can be told any more."""
    with suppress(OSError, ValueError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), stream.fileno())


def open_standard_files() -> None:
    """See to it that 0, 1 and 2 are open: a file of ours that took such a number would be written.

    What was closed takes nothing, and says so when it is written to.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115  # the process's own
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8")  # noqa: SIM115


def screen(language: str = "en") -> Screen:
    """Return the consoles of this process; where no sign stands for what it lacks, ``?`` does."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a test may have put another kind of stream there
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # TextIOWrapper has it
    return Screen(Paper(), Paper(stderr=True), language)


def encoding(own: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the encoding that an output can carry.

    Args:
        own: The stream's own; Python takes UTF-8 in the locale ``C`` (PEP 540), whose terminals may
            know ASCII alone.
        environment: Its locale counts, unless it chooses Python's encoding outright.
    """
    is_chosen = environment.get("PYTHONIOENCODING") or environment.get("PYTHONUTF8")
    named = (environment.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    is_plain = next((value for value in named if value), "") in _PLAIN
    return "ascii" if is_plain and not is_chosen else own


def language(environment: Mapping[str, str] = os.environ, own: str | None = None) -> str:
    """Return ``en`` where the locale names another language, or the output carries no Japanese.

    Args:
        environment: Its locale counts; without one, or in ``C.UTF-8``, it is ``ja``.
        own: Encoding of the output; that of standard output where None.
    """
    if own is None:
        own = getattr(sys.stdout, "encoding", None) or "utf-8"
    if not is_carried(_JAPANESE, encoding(own, environment)):
        return "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            spoken = value.split(".")[0]
            return "ja" if spoken in _PLAIN or spoken.startswith("ja") else "en"
    return "ja"
