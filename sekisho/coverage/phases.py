"""What can really be sent in a running town: from whose port, and in which state of a conversation.

The proof lets every packet be in any state, which is right for "nothing forbidden arrives". To send
a packet of a conversation that is under way, somebody must have begun it: here a state comes about
only where the tracker of the switch keeps what the opening packet was let on for.
"""

from __future__ import annotations

from collections.abc import Mapping

from sekisho.model import ECHO
from sekisho.packet.packet import ETH_IPV4
from sekisho.proof.engine import Set, cube
from sekisho.proof.fields import ICMP, TCP, Part
from sekisho.proof.flood import Fabric

#: What a tracker says, in its own bits: ovs-fields(7), "ct_state".
NEW, ESTABLISHED, REPLY = 0b00001, 0b00010, 0b01010
_ECHO_REPLY = 0  # RFC 792
_TUPLE = ("ipv4_src", "ipv4_dst", "ip_proto", "tp_src", "tp_dst", "eth_type")
_ENDS, _PORTS = ("ipv4_src", "ipv4_dst"), ("tp_src", "tp_dst")


class Phases:
    """Which packets can be sent, and met by the tracker of each switch in the state that they say.

    Args:
        fabric: The town.
        kept: By switch, what its tracker keeps, as it was sent.

    Attributes:
        plugged: Everything from ports where a device is plugged in.
        room: Everything from ports whose share has room.
    """

    def __init__(self, fabric: Fabric, kept: Mapping[str, Set]) -> None:
        layout = self._layout = fabric.layout
        self._engine = layout.engine
        self.room: Set = layout.equals("room", 1)
        self.plugged: Set = self._engine.false
        entering: dict[str, Set] = {}
        for number in dict.fromkeys(fabric.number[a.at] for a in fabric.plan.attachments):
            here = self._sent("source", number)
            switch = fabric.sources[number].switch
            self.plugged = self.plugged | here
            entering[switch] = entering.get(switch, self._engine.false) | here
        self._people = self._engine.false
        for a in fabric.plan.attachments:
            self._people = self._people | self._sent("ipv4_dst", int(a.ip))
        self._fresh = self._sent("phase", NEW) | ~self._sent("eth_type", ETH_IPV4)
        begun = self.plugged & self.room & self._sent("phase", NEW)
        self._under_way = {s: self._later(p & begun) for s, p in kept.items()}
        first = self._engine.false
        for switch, here in entering.items():
            first = first | here & self._known(switch)
        self._first = first & self.room & layout.possible

    def possible(self, switch: str) -> Set:
        """Return every packet that can be sent, if it is in a state that *switch* knows, too."""
        return self._first & self._known(switch)

    def _known(self, switch: str) -> Set:
        return self._fresh | self._under_way.get(switch, self._engine.false)

    def _later(self, opening: Set) -> Set:
        """Return what may follow *opening*: more of the same, and the answers.

        Only to a segment of TCP need nobody have answered before (``conntrack-tcp.c`` of Open
        vSwitch): any other protocol's packet is new until then.
        """
        followed = opening & (self._sent("ip_proto", TCP) | self._people)
        more = self._engine.without(followed, self._cube("phase", "tcp_flags_nxm"))
        kept = {n for name in _TUPLE for n in self._bits(name).values()}
        tuples = self._engine.without(opening, self._layout.all_but(kept))
        echo = self._sent("ip_proto", ICMP)
        back = self._engine.replace(tuples & ~echo, self._swap(_ENDS) | self._swap(_PORTS))
        asked = tuples & echo & self._sent("tp_src", ECHO)
        asked = self._engine.without(asked, self._cube("tp_src"))
        answer = self._engine.replace(asked, self._swap(_ENDS)) & self._sent("tp_src", _ECHO_REPLY)
        there, here = self._sent("phase", ESTABLISHED), self._sent("phase", REPLY)
        return more & there | (back | answer) & here

    def _swap(self, fields: tuple[str, str]) -> dict[int, Set]:
        one, other = (self._bits(name) for name in fields)
        pairs = [(one[place], other[place]) for place in one.keys() & other.keys()]
        return {a: self._engine.var(b) for x, y in pairs for a, b in ((x, y), (y, x))}

    def _cube(self, *fields: str) -> Set:
        return cube(self._engine, ((n, True) for f in fields for n in self._bits(f).values()))

    def _bits(self, field: str) -> dict[int, int]:
        return dict(self._layout.bits(field, Part.SENT))

    def _sent(self, field: str, value: int) -> Set:
        return self._layout.equals(field, value, -1, Part.SENT)
