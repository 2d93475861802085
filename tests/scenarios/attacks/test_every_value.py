"""EX leaves out no value: the sets of what it sends are counted against the plan and the fields."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from scenarios.attacks import load_families
from scenarios.probes.roles import RoleAssignment, Roles
from scenarios.suites.attack_cases import Catalogue, finished, representative_pairs
from sekisho.model import Plan, PortRef, Protocol
from sekisho.packet.dissect import dissect
from sekisho.packet.packet import Packet
from tests.population import town

TOWNS = ("tiny", "alpha", "matsuno")
_AT = PortRef("floor", 1)


def sent(name: str, roles: Roles) -> Iterator[tuple[str, Packet, bytes]]:
    """Yield sender, packet and bytes of everything that an entry sends."""
    (one,) = (entry for entry in load_families() if entry.id == name)
    for sendable in one.recipe(roles):
        sender, raw = finished(sendable, roles.w.id)
        packet = dissect(raw, _AT)
        assert packet is not None
        yield sender, packet, raw


def assignment(plan: Plan) -> Roles:
    """Return the roles of the first pair, which gets everything."""
    source, target = representative_pairs(plan)[0]
    return RoleAssignment(plan).roles(source, target, is_whole=True)


@pytest.mark.parametrize("name", TOWNS)
def test_every_service_class_comes_to_every_offered_port(name: str) -> None:
    """256 values of a byte, for each port of the target."""
    roles = assignment(town(name))
    found = {(p.protocol, p.dport, raw[15]) for _, p, raw in sent("EX-01", roles)}

    assert found == {(o, port, n) for o, port in roles.r.offered for n in range(256)}


@pytest.mark.parametrize("name", TOWNS)
def test_every_pair_of_offered_ports_is_tried(name: str) -> None:
    """A reply rule that asks for one port only would let one of them pass."""
    plan = town(name)
    used = {s for device in plan.devices for s in device.services}
    for protocol in Protocol:
        ports = {
            port
            for service in plan.services
            if service.id in used and service.protocol is protocol
            for port in service.edges()
        }
        tried = [p for _, p, _ in sent("EX-02", assignment(plan)) if p.protocol is protocol]

        assert {(p.sport, p.dport) for p in tried} >= {(s, d) for s in ports for d in ports}


@pytest.mark.parametrize("name", TOWNS)
def test_every_admitted_identity_has_all_its_neighbours_tried(name: str) -> None:
    """In a whole run: each bit of each MAC and IP address of each terminal that is a source."""
    plan = town(name)
    catalogue = Catalogue(plan, seed=1, first_case=1, first_window=1)
    (one,) = (entry for entry in load_families() if entry.id == "EX-04")
    pairs = representative_pairs(plan)
    found: set[tuple[str, str, str]] = set()
    for window in catalogue.windows([one], pairs):
        senders = {case.number: case.source for case in window.cases}
        for frame in window.frames:
            packet = dissect(frame.raw, _AT)
            assert packet is not None
            found.add((senders[frame.case].id, packet.eth_src, str(packet.ip_src)))
    keys = {(source.source, source.site) for source, _ in pairs}
    known = [a for a in plan.attachments if a.registered and (a.source, a.site) in keys]
    wanted = {
        (a.id, a.mac, str(IPv4Address(int(a.ip) ^ 1 << bit))) for a in known for bit in range(32)
    }
    for a in known:
        number = int(a.mac.replace(":", ""), 16)
        macs = [f"{number ^ 1 << bit:012x}" for bit in range(48)]
        texts = [":".join(mac[at : at + 2] for at in range(0, 12, 2)) for mac in macs]
        wanted |= {(a.id, mac, str(a.ip)) for mac in texts}

    assert wanted
    assert found >= wanted
