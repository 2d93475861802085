"""What an entry of the catalogue is, and how a family module says which it has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from types import ModuleType

from scapy.packet import Packet as ScapyPacket

from scenarios.probes.roles import Roles
from sekisho.errors import RuleError

#: What a recipe gives: packets to send from the source, or (attachment id, packet) from another.
Sendable = ScapyPacket | bytes | tuple[str, ScapyPacket]
Recipe = Callable[[Roles], Iterable[Sendable]]


class Kind(Enum):
    """How an entry is run.

    FRAMES are sent with the others of their family. STATEFUL ones leave something behind and get a
    window of their own. ELSEWHERE are run by another part of the suite (events, relays, the
    instrument's own controls), which is named. RESIDUAL cannot be decided by a network.
    SKIPPED cannot be sent on this machine.
    """

    FRAMES = "frames"
    STATEFUL = "stateful"
    ELSEWHERE = "elsewhere"
    RESIDUAL = "residual"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Entry:
    """One way across a boundary.

    Attributes:
        id: Family and number, e.g. ``VL-05``.
        name: In English, a few words.
        source: Standard, CVE or tool that it is known from.
        reason: Why it is not simply sent, for the kinds that are not; else empty.
        exotic: True where switches may read the frame in their own way, so that any dropping rule
            of the port where it enters may be the one that counts it.
    """

    id: str
    name: str
    source: str
    kind: Kind
    reason: str
    exotic: bool
    recipe: Recipe

    @property
    def family(self) -> str:
        """The two letters before the dash."""
        return self.id.partition("-")[0]

    @property
    def sort_key(self) -> tuple[str, int]:
        """Family, then number."""
        return self.family, int(self.id.partition("-")[2])


_SENT = frozenset({Kind.FRAMES, Kind.STATEFUL})


def entry(
    name_id: str,
    name: str,
    source: str,
    *,
    kind: Kind = Kind.FRAMES,
    exotic: bool = False,
) -> Callable[[Recipe], Entry]:
    """Make a recipe, whose frames are sent, an entry of the catalogue.

    Raises:
        RuleError: The kind is one whose frames are not sent.
    """
    if kind not in _SENT:
        raise RuleError(f"{name_id}: what is not sent has a reason: use note")

    def made(recipe: Recipe) -> Entry:
        return Entry(name_id, name, source, kind, "", exotic, recipe)

    return made


def note(name_id: str, name: str, source: str, *, kind: Kind, reason: str) -> Entry:
    """Return an entry that sends nothing here: run elsewhere, residual or skipped.

    Raises:
        RuleError: The kind is one that is sent, or the reason is missing.
    """
    if kind in _SENT or not reason:
        raise RuleError(f"{name_id}: a note is for what is not sent, and says why")
    return Entry(name_id, name, source, kind, reason, False, lambda roles: ())


def collected(families: Iterable[ModuleType]) -> tuple[Entry, ...]:
    """Return the entries of modules, sorted by id: their recipes, and their tuples of notes.

    Raises:
        RuleError: Two have one id.
    """
    found: dict[str, Entry] = {}
    for value in (value for family in families for value in vars(family).values()):
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Entry) and found.setdefault(one.id, one) is not one:
                raise RuleError(f"two catalogue entries are called {one.id}")
    return tuple(sorted(found.values(), key=lambda one: one.sort_key))
