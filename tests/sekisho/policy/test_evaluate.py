"""What the smallest town means, sentence by sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sekisho.model import PortRef, Protocol
from sekisho.packet.packet import (
    ARP_REPLY,
    ARP_REQUEST,
    ETH_ARP,
    ETH_IPV6,
    ICMP,
    TCP_ACK,
    TCP_FIN,
    TCP_RST,
    TCP_SYN,
    ConnState,
    Decision,
    DropPoint,
    Packet,
)
from sekisho.policy.evaluate import Policy, Ruling
from tests.population import town

TINY = town("tiny")
POLICY = Policy(TINY)
WIRED, WIRELESS = TINY.attachment["nb.wired"], TINY.attachment["nb.wireless"]
GUEST, JUKI, WWW = (TINY.attachment[n] for n in ("guest.wireless", "juki.lan", "www.lan"))


def packet(source: str, target: str, port: int, phase: ConnState = ConnState.NEW) -> Packet:
    """Return an honest TCP packet from one attachment to a port of another."""
    a, b = TINY.attachment[source], TINY.attachment[target]
    return Packet(
        at=a.at,
        eth_src=a.mac,
        eth_dst=TINY.router_mac,
        ip_src=a.ip,
        ip_dst=b.ip,
        ip_proto=Protocol.TCP.value,
        sport=50000,
        dport=port,
        tcp_flags=TCP_SYN if phase is ConnState.NEW else TCP_ACK,
        phase=phase,
    )


def reply(source: str, target: str, port: int) -> Packet:
    """Return what a server's *port* answers."""
    return packet(source, target, 50000, ConnState.REPLY)._replace(sport=port)


def arp(**fields: object) -> Packet:
    """Return the wired notebook's honest question for its gateway, spoilt by *fields*."""
    honest = Packet(
        at=WIRED.at,
        eth_src=WIRED.mac,
        eth_dst="ff:ff:ff:ff:ff:ff",
        eth_type=ETH_ARP,
        arp_op=ARP_REQUEST,
        arp_sha=WIRED.mac,
        arp_spa=WIRED.ip,
        arp_tpa=TINY.gateway(WIRED),
    )
    return honest._replace(**fields)  # type: ignore[arg-type]  # the fields of a packet


def dropped(asked: Packet) -> str:
    """Return by which rule *asked* must die."""
    ruling = POLICY.ruling(asked)
    assert ruling.verdict is Decision.DENY
    return str(ruling.drop)


HELLO = packet("nb.wired", "juki.lan", 443)


@pytest.mark.parametrize(
    ("source", "target", "port", "clause"),
    [
        ("nb.wired", "juki.lan", 443, "A01"),
        ("nb.wired", "www.lan", 443, "A02"),
        ("nb.wireless", "www.lan", 80, "A02"),
        ("guest.wireless", "www.lan", 80, "A03"),
    ],
)
def test_what_a_clause_names_is_allowed(source: str, target: str, port: int, clause: str) -> None:
    """The ruling names the clause, its line in the plan and who must receive the packet."""
    ruling = POLICY.ruling(packet(source, target, port))
    (where,) = [allow.where for c in TINY.clauses if c.id == clause for allow in c.allows]

    assert ruling == Ruling(Decision.ALLOW, clause, where, TINY.attachment[target])


@pytest.mark.parametrize(
    ("source", "target", "port", "cell"),
    [
        ("nb.wireless", "juki.lan", 443, "S2/D1"),
        ("nb.wired", "juki.lan", 80, "S1/D1"),
        ("guest.wireless", "www.lan", 443, "S3/D2"),
        ("guest.wireless", "juki.lan", 443, "S3/D1"),
        ("juki.lan", "nb.wired", 443, "S4/D3"),
        ("www.lan", "juki.lan", 443, "S5/D1"),
    ],
)
def test_what_no_clause_names_dies_in_its_cell(
    source: str, target: str, port: int, cell: str
) -> None:
    """The same notebook may open the register by cable, and not by Wi-Fi."""
    assert dropped(packet(source, target, port)) == f"cell {cell} at {_home(source)}"


def _home(attachment: str) -> str:
    return TINY.attachment[attachment].at.switch


def test_a_reply_lives_by_the_clause_of_its_request() -> None:
    """What the register answers a wired notebook passes, because the notebook may ask."""
    assert POLICY.ruling(reply("juki.lan", "nb.wired", 443)).clause == "A01"
    assert dropped(reply("juki.lan", "nb.wireless", 443)) == "cell S4/D3 at room"
    assert dropped(reply("juki.lan", "nb.wired", 80)) == "cell S4/D3 at room"


def test_a_conversation_goes_on_only_where_it_may_begin() -> None:
    """An established state is no permission."""
    assert POLICY.ruling(packet("nb.wired", "juki.lan", 443, ConnState.ESTABLISHED)).clause == "A01"
    assert dropped(packet("nb.wireless", "juki.lan", 443, ConnState.ESTABLISHED)).startswith("cell")


@pytest.mark.parametrize("flags", [0, TCP_ACK, TCP_RST, TCP_SYN | TCP_ACK, TCP_SYN | TCP_FIN])
def test_only_syn_begins_a_conversation(flags: int) -> None:
    """A scan with other flags finds nothing behind an open port (RFC 9293, 3.5)."""
    assert dropped(HELLO._replace(tcp_flags=flags)) == "cell S1/D1 at floor"


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (HELLO._replace(at=PortRef("floor", 5)), "quarantine at floor"),
        (HELLO._replace(tagged=True), "tagged 1 at floor"),
        (HELLO._replace(eth_type=ETH_IPV6), "ipv6 1 at floor"),
        (HELLO._replace(eth_type=0x88CC), "ethertype 1 at floor"),
        (HELLO._replace(at=WIRELESS.at), "identity 2 at floor"),
        (HELLO._replace(ip_src=WIRELESS.ip), "identity 1 at floor"),
        (HELLO._replace(eth_src=WIRELESS.mac), "identity 1 at floor"),
        (HELLO._replace(eth_src=JUKI.mac, ip_src=JUKI.ip), "identity 1 at floor"),
        (HELLO._replace(eth_dst="ff:ff:ff:ff:ff:ff"), "group at floor"),
        (HELLO._replace(eth_dst=JUKI.mac), "next-hop at floor"),
        (HELLO._replace(fragment=True), "fragment at floor"),
        (HELLO._replace(ttl=1), "ttl at floor"),
        (HELLO._replace(ip_dst=TINY.gateway(JUKI)), "destination at floor"),
        (HELLO._replace(ip_proto=ICMP), "cell S1/D1 at floor"),
        (HELLO._replace(phase=ConnState.INVALID), "cell S1/D1 at floor"),
    ],
)
def test_one_wrong_thing_is_enough_to_die(spoilt: Packet, said: str) -> None:
    """Each way to spoil an allowed packet has a dropping rule of its own."""
    assert dropped(spoilt) == said


def test_the_first_of_several_wrong_things_counts() -> None:
    """A forged, fragmented, expiring packet dies at the edge, as its counter says."""
    spoilt = HELLO._replace(ip_src=JUKI.ip, fragment=True, ttl=0)

    assert dropped(spoilt) == "identity 1 at floor"


def test_the_gateway_and_neighbours_are_answered_for() -> None:
    """A question about any other address of the subnet is answered, whether anybody is there."""
    neighbour = TINY.subnet(WIRED)[99]

    assert POLICY.ruling(arp()).to == WIRED
    assert POLICY.ruling(arp(arp_tpa=neighbour)).to == WIRED


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (arp(arp_op=ARP_REPLY), "arp-claim 1 at floor"),
        (arp(arp_sha=JUKI.mac), "arp-claim 1 at floor"),
        (arp(eth_src=JUKI.mac), "arp-claim 1 at floor"),
        (arp(arp_spa=WIRELESS.ip), "arp-claim 1 at floor"),
        (arp(at=WIRELESS.at), "arp-claim 2 at floor"),
        (arp(arp_tpa=WIRED.ip), "arp-target at floor"),
        (arp(arp_tpa=JUKI.ip), "arp-target at floor"),
    ],
)
def test_arp_is_a_question_in_ones_own_name(spoilt: Packet, said: str) -> None:
    """No reply, no announcement, nobody else's name, no other subnet (RFC 826, RFC 5227)."""
    assert dropped(spoilt) == said


def test_an_unregistered_device_is_nobody() -> None:
    """Its true addresses are as good as forged ones."""
    plan = town("matsuno")
    stranger = next(a for a in plan.attachments if not a.registered)
    asked = HELLO._replace(at=stranger.at, eth_src=stranger.mac, ip_src=stranger.ip)
    ruling = Policy(plan).ruling(asked)

    assert ruling.drop == DropPoint("identity", stranger.at.switch, str(stranger.at.port))


def test_a_permission_for_one_host_is_for_that_host() -> None:
    """``only_from`` and ``only_to`` narrow a direction to the attachments that they name."""
    allow = replace(TINY.clauses[1].allows[0], only_from=("nb.wired",), only_to=("www.lan",))
    plan = replace(TINY, clauses=(replace(TINY.clauses[1], allows=(allow,)),))
    policy = Policy(plan)

    assert policy.permission(WIRED, WWW, Protocol.TCP, 80) == (plan.clauses[0], allow)
    assert policy.permission(WIRELESS, WWW, Protocol.TCP, 80) is None
    assert policy.permission(GUEST, WWW, Protocol.TCP, 80) is None


def test_nobody_is_spoken_to_in_his_own_name() -> None:
    """Where a class may open its own kind, a packet from an address to itself still dies."""
    plan = town("peers")
    own = plan.attachment["nb.wireless"]
    asked = HELLO._replace(at=own.at, eth_src=own.mac, ip_src=own.ip, ip_dst=own.ip, dport=80)
    ruling = Policy(plan).ruling(asked)

    assert ruling == Ruling(Decision.DENY, drop=DropPoint("forward", "floor"))
