"""Why no packet that can be sent comes to a rule: codes in ``coverage.json``, of that suite."""

from __future__ import annotations

from enum import Enum

from sekisho.model import Label


class DeadReason(Enum):
    """A reason that the sets of all packets give; the value of each is its code."""

    UNREACHED = "unreached"
    TAKEN = "taken"
    UNPLUGGED = "unplugged"
    FULL = "full"
    NO_STATE = "no-state"

    @property
    def label(self) -> Label:
        """The reason in words."""
        return Label(*_WORDS[self])


_WORDS = {
    DeadReason.UNREACHED: (
        "該当するパケットがどの端からも届かない",
        "nothing that it matches comes there from any edge",
    ),
    DeadReason.TAKEN: (
        "優先度の高い規則がすべて先に受け取る",
        "shadowed: rules of higher priority take all that it matches",
    ),
    DeadReason.UNPLUGGED: (
        "空きポートか装置自身からだけ届く",
        "only from a port with nothing plugged in, or from a switch itself",
    ),
    DeadReason.FULL: (
        "1ポートの上限を超えたときだけ届く",
        "only from a port that has begun more conversations than its share",
    ),
    DeadReason.NO_STATE: (
        "許可された通信が作らない状態でだけ届く",
        "only in a state that no permitted conversation comes to",
    ),
}
