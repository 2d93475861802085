"""Words of the command line that have new names: taken for one more release, with a note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

#: A retired command, word by word, and what it is called now.
COMMANDS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("disturb",): ("chaos",),
    ("plan", "check"): ("plan", "lint"),
    ("plan", "relays"): ("plan", "paths"),
}
#: A command as it is called now, and the options of it that have new names.
OPTIONS: Mapping[tuple[str, ...], Mapping[str, str]] = {
    ("check",): {"--situation": "--scenario"},
    ("chaos",): {"--situation": "--scenario", "--seed": "--token"},
    ("up",): {"--no-heal": "--no-repair"},
    ("plan", "show"): {"--run": "--town"},
    ("vm", "run"): {"--boot": "--boot-timeout", "--limit": "--timeout"},
    ("vm", "shell"): {"--boot": "--boot-timeout", "--limit": "--timeout"},
}
#: Hands words to a program: those from the first one on are its own.
_HANDS_ON = ("vm", "run")
_LANG = "--lang"


class Renamed(NamedTuple):
    """One retired word that was used.

    Attributes:
        old: As it was given.
        new: What it is called now.
    """

    old: str
    new: str

    def __str__(self) -> str:
        """Return what the user is told."""
        return f"note: '{self.old}' is now '{self.new}'; the next release takes that alone"


def renewed(words: Sequence[str]) -> tuple[list[str], list[Renamed]]:
    """Return *words* with today's names, and what was renamed in them."""
    at = _command_at(words)
    command, notes = _command(words[at:])
    rest, options = _options(words[at + len(command) :], command)
    return [*words[:at], *command, *rest], [*notes, *options]


def _command_at(words: Sequence[str]) -> int:
    """Return where the command begins: behind the options of all commands."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] == _LANG else 1
    return min(at, len(words))


def _command(words: Sequence[str]) -> tuple[tuple[str, ...], list[Renamed]]:
    for length in (2, 1):
        said = tuple(words[:length])
        if said in COMMANDS:
            new = COMMANDS[said]
            return new, [Renamed(" ".join(said), " ".join(new))]
        if said in OPTIONS:
            return said, []
    return (), []


def _options(words: Sequence[str], command: tuple[str, ...]) -> tuple[list[str], Iterable[Renamed]]:
    names, out, notes = OPTIONS.get(command, {}), list(words), dict[str, Renamed]()
    for at, word in enumerate(words):
        if word == "--" or (command == _HANDS_ON and not _is_option(words, at)):
            break
        option, equals, value = word.partition("=")
        if option in names:
            out[at] = names[option] + equals + value
            notes[option] = Renamed(option, names[option])
    return out, notes.values()


def _is_option(words: Sequence[str], at: int) -> bool:
    """Whether the word at *at* is an option, or the value of the one before it."""
    before = words[at - 1] if at else ""
    takes_value = before.startswith("--") and "=" not in before and before not in _FLAGS
    return words[at].startswith("-") or takes_value


#: Options of `_HANDS_ON` that take no value.
_FLAGS = {"--exec", "--quiet", "--help"}
