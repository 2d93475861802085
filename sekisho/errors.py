"""Every failure that Sekisho expects, drawn as a tree.

::

    SekishoError                exit 3
    ├── PlanError               exit 2   the plan (or the command line) is wrong; carries faults
    ├── UsageError              exit 2   a command was called with words it cannot take
    ├── RuleError               exit 3   a flow rule uses something that is not modelled
    ├── SealError               exit 3   a run folder is not as its run left it
    ├── RefusedError            exit 4   tables have a part that the proof does not model
    ├── DisagreementError       exit 5   two judges do not say the same of the same tables
    └── LabError                exit 3   the laboratory could not be built, or broke
        └── NamespaceError      exit 3   user namespaces are refused on this machine

Whatever else is raised is told in a sentence (`sekisho.text.trouble`) and ends with 3 as well: what
is wrong with the machine, or a bug, whose traceback goes to the log of the run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One mistake in a file: where it is, what is wrong, and what to do about it.

    Attributes:
        file: Path as the user gave it.
        line: 1-based line; 0 when the mistake has no line (an unreadable file).
        text: What is wrong, with the value.
        hint: What to do, or empty.
    """

    file: str
    line: int
    text: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        hint = f"\n  hint: {self.hint}" if self.hint else ""
        return f"{where}: {self.text}{hint}"


class SekishoError(Exception):
    """The root of all expected failures."""

    exit_code = 3


class PlanError(SekishoError):
    """A plan that cannot be used; carries every fault of the phase that failed."""

    exit_code = 2

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class UsageError(SekishoError):
    """A command was called with words that it cannot take."""

    exit_code = 2


class RuleError(SekishoError):
    """A rule or a packet uses something that is not modelled; never guessed past."""


class SealError(SekishoError):
    """A run folder is not as its run left it: nothing that it says is believed."""


class LabError(SekishoError):
    """The laboratory could not be built, or a part of it broke during the run."""


class NamespaceError(LabError):
    """The kernel refuses the namespaces that a run lives in."""


class RefusedError(SekishoError):
    """Tables have a part that the proof does not model: nothing is said about them."""

    exit_code = 4


class DisagreementError(SekishoError):
    """Two judges do not say the same of the same tables: one of them is wrong."""

    exit_code = 5
