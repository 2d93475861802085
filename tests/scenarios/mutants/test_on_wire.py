"""What goes before a proof's packet on the wire, and which faults have one."""

from __future__ import annotations

from dataclasses import replace

from scenarios.mutants.on_wire import Counts, built, conversation, shown
from sekisho.packet.packet import ETH_IPV4, TCP_ACK, TCP_SYN
from sekisho.proof.fields import HEADER, TCP
from sekisho.proof.verdict import Packet, Wrong
from tests.population import town

_PLAN = town("tiny")
_ENDS = {"ipv4_src": 10, "ipv4_dst": 20, "tp_src": 443, "tp_dst": 50000, "eth_src": 1, "eth_dst": 2}
_SENT = {**dict.fromkeys(HEADER, 0), "eth_type": ETH_IPV4, "ip_proto": TCP, "nw_ttl": 64, **_ENDS}
_REPLY = Packet(_PLAN.attachments[0].at, _SENT, _SENT, 0b01010, has_room=True)


def test_a_reply_is_preceded_by_what_it_answers() -> None:
    """By a SYN the other way, from port to port."""
    (opening,) = conversation(_REPLY)

    assert [opening.sent[name] for name in _ENDS] == [20, 10, 50000, 443, 2, 1]
    assert opening.sent["tcp_flags_nxm"] == TCP_SYN


def test_what_goes_on_is_preceded_by_its_opening_and_the_answer() -> None:
    """A SYN, and a SYN with ACK the other way."""
    first, second = conversation(replace(_REPLY, phase=0b00010))

    assert (first.sent["ipv4_src"], first.sent["tcp_flags_nxm"]) == (10, TCP_SYN)
    assert (second.sent["ipv4_src"], second.sent["tcp_flags_nxm"]) == (20, TCP_SYN | TCP_ACK)


def test_the_frame_is_what_the_proof_prints() -> None:
    """Ethernet, IPv4 and TCP, 54 bytes, with the addresses in their places."""
    frame = built(_REPLY)

    assert len(frame) == 54
    assert (frame[26:30], frame[30:34]) == (bytes([0, 0, 0, 10]), bytes([0, 0, 0, 20]))


def test_only_faults_that_open_a_forbidden_path_are_sent() -> None:
    """The others are counted."""
    counts = Counts()
    found = list(shown(_PLAN, 3, 1, counts))

    assert [each.wrong for _, each in found] == [Wrong.FORBIDDEN] * 3
    assert counts.faults == 3 + counts.none + counts.refused + counts.related
