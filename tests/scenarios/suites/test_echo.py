"""An ICMP echo as a service that rules may name: monitoring by ping, and nothing else of ICMP."""

from __future__ import annotations

import random
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from scenarios.suites.services import exchanges
from sekisho.compiler.tables import compile_town
from sekisho.draw.plan_tables import rules_table
from sekisho.errors import PlanError
from sekisho.model import Plan, Protocol
from sekisho.openflow.reference_switch import Fabric
from sekisho.openflow.rules import Rule
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import ICMP, ConnState, Decision, Packet
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from sekisho.proof.answers import Answers
from sekisho.proof.verdict import prove
from sekisho.proof.witness import Walker
from sekisho.proof.words import packet_words
from tests.population import packet, places_of
from tests.readings import differences
from tests.small import clause, server, service, small, terminal
from topologies.hosts import echo

_PING = {"label": {"ja": "死活監視", "en": "Ping"}, "protocol": "icmp", "kind": "echo"}


def watched(folder: Path, **ping: Any) -> Plan:
    """A desk that may ping a server and open its page, and a desk of another class that may not."""
    return load(written(folder, **ping))


def written(folder: Path, **ping: Any) -> Path:
    """Write that town; return its path."""
    services = {"web": service([443], "https"), "ping": {**_PING, **ping}}
    other = terminal(5)
    other["attachments"]["lan"]["source"] = "S2"
    devices = {"pc": terminal(1), "other": other, "srv": server(3, "web", "ping")}
    return small(folder, services=services, devices=devices, policy=[clause("A01", "web", "ping")])


def asks(plan: Plan, who: str, **changes: Any) -> Packet:
    """Return a packet of ICMP from *who* to the server."""
    own = plan.attachment[who]
    base = Packet(
        own.at, own.mac, plan.router_mac, ip_src=own.ip, ip_dst=plan.attachment["srv.lan"].ip,
        ip_proto=ICMP,
    )  # fmt: skip
    return base._replace(**changes)


def test_whom_a_rule_names_may_ask_and_nobody_else(tmp_path: Path) -> None:
    """The echo alone: no other message of ICMP, and no answer to what nobody asked."""
    plan = watched(tmp_path)
    policy = Policy(plan)

    assert policy.ruling(asks(plan, "pc.lan", dport=8)).clause == "A01"
    assert policy.ruling(asks(plan, "other.lan", dport=8)).verdict is Decision.DENY
    assert policy.ruling(asks(plan, "pc.lan")).verdict is Decision.DENY
    assert policy.ruling(asks(plan, "pc.lan", sport=8)).verdict is Decision.DENY


def test_the_server_answers_and_does_not_ask(tmp_path: Path) -> None:
    """Its answer belongs to a conversation that somebody else began."""
    plan = watched(tmp_path)
    own, desk = plan.attachment["srv.lan"], plan.attachment["pc.lan"]
    answer = asks(plan, "srv.lan", sport=8, ip_dst=desk.ip, phase=ConnState.REPLY)

    assert Policy(plan).ruling(answer).to == desk
    assert Policy(plan).ruling(answer._replace(sport=0, dport=8, phase=ConnState.NEW)).to is None
    assert own.services == ("web", "ping")


def test_meaning_and_tables_agree(tmp_path: Path) -> None:
    """On echoes, answers and other messages, in every phase, among everybody."""
    plan, chance = watched(tmp_path), random.Random(3)
    kinds: tuple[dict[str, int], ...] = ({"dport": 8}, {"sport": 8}, {})
    sent = [
        asks(plan, a.id, ip_dst=b.ip, phase=phase, **kind)
        for a in plan.attachments
        for b in plan.attachments
        for phase in ConnState
        for kind in kinds
    ]
    here = places_of(plan)
    more = [packet(here, chance.choice) for _ in range(2000)]
    more = [p._replace(sport=0) if p.ip_proto == ICMP else p for p in more]

    assert list(differences(Policy(plan), Fabric(plan, compile_town(plan)), [*sent, *more])) == []


def test_a_rule_that_lets_all_of_icmp_through_is_found(tmp_path: Path) -> None:
    """The comparison sees it: it is not blind to the type."""
    plan = watched(tmp_path)
    wide = _without_types(compile_town(plan))

    assert list(differences(Policy(plan), Fabric(plan, wide), [asks(plan, "pc.lan")]))


def test_it_is_tried_by_a_real_echo_and_shown(tmp_path: Path) -> None:
    """Among the conversations, and in the table of rules."""
    plan = watched(tmp_path)
    tried = {(e.source.id, e.service.id) for e in exchanges(plan)}
    columns = rules_table(plan).columns

    assert tried == {("pc.lan", "web"), ("pc.lan", "ping")}
    assert any("ping icmp echo" in str(cell) for column in columns for cell in column._cells)


def test_an_echo_gives_back_what_was_said() -> None:
    """Its own, and nobody else's; its checksum is right."""
    asked = echo.request(0x1234, b"odd")
    reply = b"\x45" + bytes(19) + b"\0" + asked[1:]

    assert echo.answered(reply, 0x1234) == b"odd"
    assert echo.answered(reply, 0x1235) is None
    assert echo.answered(b"\x45" + bytes(19) + asked, 0x1234) is None
    words = [int.from_bytes((asked + b"\0")[i : i + 2], "big") for i in range(0, 12, 2)]
    assert sum(words) % 0xFFFF == 0


@pytest.mark.parametrize(("kind", "sport", "dport"), [(8, 0, 8), (0, 8, 0), (13, 0, 0), (5, 0, 0)])
def test_a_frame_is_read_by_its_type(kind: int, sport: int, dport: int, tmp_path: Path) -> None:
    """And what is cut short is no echo."""
    plan = watched(tmp_path)
    own = plan.attachment["pc.lan"]
    for whole, ports in ((8, (sport, dport)), (4, (0, 0))):
        icmp = bytes([kind]) + bytes(whole - 1)
        head = b"\x45\0" + (20 + whole).to_bytes(2, "big") + bytes(4) + b"\x40\x01\0\0"
        ends = own.ip.packed + IPv4Address("10.30.0.13").packed
        found = dissect(bytes(12) + b"\x08\0" + head + ends + icmp, own.at)

        assert found is not None
        assert (found.sport, found.dport) == ports


@pytest.mark.parametrize(
    ("ping", "said"),
    [
        ({"ports": [8]}, r"services\.ping\.ports: 'icmp' has no ports"),
        ({"kind": "http"}, r"services\.ping\.kind: a service of 'icmp' is of kind 'echo'"),
        ({"protocol": "udp"}, r"services\.ping: key 'ports' is missing"),
    ],
)
def test_ports_and_kind_go_with_the_protocol(
    ping: dict[str, Any], said: str, tmp_path: Path
) -> None:
    """An echo has no ports; everything else has some."""
    with pytest.raises(PlanError, match=said):
        watched(tmp_path, **ping)


def test_the_tables_are_proved_for_all_packets(tmp_path: Path) -> None:
    """And where they let all of ICMP through, there is a packet that shows it."""
    plan = watched(tmp_path)
    right, wide = compile_town(plan), _without_types(compile_town(plan))
    found = prove(plan, wide).differences

    assert prove(plan, right).differences == ()
    assert found
    assert all(Walker(plan, wide).shown(each).steps for each in found)
    assert any("icmp/" in packet_words(plan, each.packet, "en") for each in found)


def _without_types(tables: dict[str, tuple[Rule, ...]]) -> dict[str, tuple[Rule, ...]]:
    """Let every message of ICMP pass where an echo may."""
    return {
        name: tuple(
            replace(rule, match=tuple(m for m in rule.match if m[0] != "icmpv4_type"))
            for rule in rules
        )
        for name, rules in tables.items()
    }


def test_what_may_be_opened_names_the_echo(tmp_path: Path) -> None:
    """As `explain` and `who` say it: the type of the request stands for a port."""
    plan = watched(tmp_path)
    ends = plan.attachment["pc.lan"], plan.attachment["srv.lan"]
    answers = Answers(plan, compile_town(plan))

    assert [str(each) for each in answers.opened(*ends)] == ["icmp/8", "tcp/443"]
    assert answers.one(*ends, (Protocol.ICMP, 8))[1]
    assert not answers.one(plan.attachment["other.lan"], ends[1], (Protocol.ICMP, 8))[1]
