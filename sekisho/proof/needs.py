"""What tables write and use: whatever a proof over them must have bits for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """What a proof over some tables needs to have bits for.

    Attributes:
        written: Fields that some action writes.
        used: Bits of metadata, register and mark that some rule reads or writes.
        marking: Zones whose entries get marks.
        looked_up: Zones whose entries are asked for.
    """

    written: frozenset[str]
    used: dict[str, int]
    marking: frozenset[int] = frozenset()
    looked_up: frozenset[int] = frozenset()

    def with_(self, other: Needs) -> Needs:
        """Return what both need."""
        return Needs(
            self.written | other.written,
            {field: bits | other.used[field] for field, bits in self.used.items()},
            self.marking | other.marking,
            self.looked_up | other.looked_up,
        )
