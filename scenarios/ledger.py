"""The ledger of one window: every copy that was heard, put to the frame it belongs to."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

from scenarios.frames import Fields, frame_number
from scenarios.gate import Frame
from scenarios.ring import Copy
from scenarios.wire import Place
from sekisho.books import Seen

_TUPLE = struct.Struct(">4s4sHH")  # IPv4 source, destination and the ports behind them
_PROTOCOL_AT = 23  # of an IPv4 header behind an untagged Ethernet header


@dataclass(slots=True)
class Ledger:
    """Everything that was heard of the frames of one window."""

    seen: dict[int, Seen] = field(default_factory=dict)
    sent_at_ns: dict[int, int] = field(default_factory=dict)
    heard_at_ns: dict[int, int] = field(default_factory=dict)
    data: dict[tuple[int, str], bytes] = field(default_factory=dict)

    def listen(
        self, heard: Iterable[tuple[Place, Copy]], run: int, frames: dict[int, Frame]
    ) -> None:
        """Sort every copy: the sender's own, a sight of a frame, or an answer to one."""
        owner = {n: f.fields for n, f in frames.items()}
        unmarked: list[tuple[str, Copy]] = []
        for place, copy in heard:
            number = frame_number(run, copy.data)
            if number is None:
                if place.kind == "attachment" and not copy.outgoing:
                    unmarked.append((place.name, copy))
                continue
            seen = self.seen.setdefault(number, Seen())
            if place.kind == "attachment" and copy.outgoing:
                seen.own += 1
                self.sent_at_ns.setdefault(number, copy.at_ns)
                continue
            seen.places[place.name] += 1
            self.heard_at_ns.setdefault(number, copy.at_ns)
            self.data.setdefault((number, place.name), copy.data)
        if unmarked:
            self._match_answers(owner, unmarked)

    def _match_answers(self, owner: dict[int, Fields], unmarked: list[tuple[str, Copy]]) -> None:
        """Count frames without a token that answer one of ours: addresses and ports reversed."""
        asked = {
            (int(f.ip_dst), int(f.ip_src), f.dport, f.sport): number for number, f in owner.items()
        }
        for name, copy in unmarked:
            if len(copy.data) < 38 or copy.data[12:14] != b"\x08\x00":
                continue
            if copy.data[_PROTOCOL_AT] not in (6, 17):
                continue
            source, target, sport, dport = _TUPLE.unpack_from(copy.data, 26)
            key = (int.from_bytes(source, "big"), int.from_bytes(target, "big"), sport, dport)
            number = asked.get(key)
            if number is not None:
                self.seen.setdefault(number, Seen()).answers += 1
                self.data.setdefault((number, f"answer to {name}"), copy.data)
