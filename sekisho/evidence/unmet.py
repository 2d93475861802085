"""Why a rule was not met, or a condition not seen false: the codes of ``coverage.json``."""

from __future__ import annotations

from enum import Enum

from sekisho.model import Label


class UnmetReason(Enum):
    """A reason that the plan or the tables give; a rule without one should have been met.

    The value of each is its code in ``coverage.json``. In schema 1 the English sentence stood
    there, which is still read.
    """

    NO_WAY = "no-way"
    NO_PASSAGE = "no-passage"
    NOBODY_HERE = "nobody-here"
    NO_TARGET = "no-target"
    NO_TERMINAL = "no-terminal"
    KEPT = "kept"
    ONLY_SWITCHES = "only-switches"
    NOTHING_PLUGGED = "nothing-plugged"
    FLOOD = "flood"
    NO_OPENING = "no-opening"
    NEVER = "never"
    OWN_CELL = "own-cell"
    SHADOWED = "shadowed"
    NOT_OFFERED = "not-offered"
    UNTOUCHED = "untouched"
    ALWAYS = "always"
    FULL = "full"
    LINES = "lines"
    OTHERS = "others"

    @classmethod
    def _missing_(cls, value: object) -> UnmetReason | None:
        return next((reason for reason, (_, en) in _WORDS.items() if en == value), None)

    @property
    def label(self) -> Label:
        """The reason in words."""
        return Label(*_WORDS[self])


_WORDS = {
    UnmetReason.NO_WAY: (
        "許可された経路がそこを通らない",
        "no permitted way leads there",
    ),
    UnmetReason.NO_PASSAGE: (
        "この許可の通信はこの装置を通らない",
        "no conversation of this permission passes this switch",
    ),
    UnmetReason.NOBODY_HERE: (
        "この区分の機器がこの装置にない(他の装置では入口で遮断)",
        "no terminal of this class stands at this switch; elsewhere it dies where it enters",
    ),
    UnmetReason.NO_TARGET: (
        "この区分の機器がない、または対象外のマス",
        "nobody is of this class, or the plan says that the cell is not applicable",
    ),
    UnmetReason.NO_TERMINAL: (
        "この装置に機器がなく、該当するものは入口で遮断",
        "no terminal stands at this switch, and such frames die where they enter",
    ),
    UnmetReason.KEPT: (
        "系統変更のために空けてある",
        "kept for ports that may be moved; nobody has such an address",
    ),
    UnmetReason.ONLY_SWITCHES: (
        "装置間の回線で、必ずタグが付く",
        "only a switch stands there, and it tags every frame",
    ),
    UnmetReason.NOTHING_PLUGGED: (
        "空きポートで、何もない",
        "nothing is plugged into a port that the plan gives to nobody",
    ),
    UnmetReason.FLOOD: (
        "1ポートの上限を超えて通信を始めたときだけ通る",
        "only a port that begins more conversations than its share comes to it",
    ),
    UnmetReason.NO_OPENING: (
        "ここから始まる許可された通信がない",
        "nobody may open a conversation that enters here",
    ),
    UnmetReason.NEVER: (
        "前の規則がある限り届かない最後の規則",
        "a last resort that no packet comes to while the rules before it stand",
    ),
    UnmetReason.OWN_CELL: (
        "自分あてはその前にマスで遮断",
        "a packet to oneself dies in its own cell before",
    ),
    UnmetReason.SHADOWED: (
        "同じマスの別の許可に含まれる",
        "another permission of the same cell lets all of it on",
    ),
    UnmetReason.NOT_OFFERED: (
        "この区分にこのサービスの提供者がない",
        "nobody of the class offers this service",
    ),
    UnmetReason.UNTOUCHED: (
        "どの許可にも出てこない",
        "nobody may open it, and it may open nothing",
    ),
    UnmetReason.ALWAYS: (
        "表に導く規則がすべて先に問う",
        "every rule that leads to the table asks for it before",
    ),
    UnmetReason.FULL: (
        "上限を超えた通信だけが異なる",
        "only what a full share refuses lacks it",
    ),
    UnmetReason.LINES: (
        "回線の向こうの装置がほかのものを送らない",
        "what comes over the line has it: the switch at its other end sends nothing else",
    ),
    UnmetReason.OTHERS: (
        "別の値を問う規則は、それぞれの理由で通過しない",
        "only rules that cannot be met ask for another value, each for a reason of its own",
    ),
}
