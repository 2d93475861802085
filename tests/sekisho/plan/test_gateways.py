"""A gateway that is not the first address: most towns have .254."""

from __future__ import annotations

import random
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.model import Plan
from sekisho.model.pools import pools
from sekisho.openflow.reference_switch import Fabric
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from tests.population import packet, places_of, town
from tests.readings import differences

_WEB = "subnets: {hall: 10.40.0.0/24}"
_WIRED = "subnets: {hall: 10.41.0.0/24}"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the tiny town with gateways of its own."""
    text = Path("topologies/tiny.yaml").read_text("utf-8")
    for network, address in ((_WEB, "10.40.0.254"), (_WIRED, "10.41.0.77")):
        assert network in text
        text = text.replace(network, f"{network}, gateways: {{hall: {address}}}")
    path = tmp_path / "gateways.yaml"
    path.write_text(text, "utf-8")
    return load(path)


def test_a_gateway_is_where_the_plan_says_and_else_the_first(plan: Plan) -> None:
    """A host is sent to it, whichever it is."""
    found = {a.id: str(plan.gateway(a)) for a in plan.attachments}

    assert found == {
        "nb.wired": "10.41.0.77",
        "nb.wireless": "10.45.0.1",
        "guest.wireless": "172.30.0.1",
        "juki.lan": "10.10.0.1",
        "www.lan": "10.40.0.254",
    }


def test_meaning_and_tables_agree_about_such_a_gateway(plan: Plan) -> None:
    """Also about who asks for it, and about the address that is the usual one."""
    chance = random.Random(5)
    here = places_of(plan)
    asked = [packet(here, chance.choice) for _ in range(3000)]
    gateways = [plan.gateway(a) for a in plan.attachments] + [IPv4Address("10.40.0.1")]
    more = [p._replace(arp_tpa=chance.choice(gateways)) for p in asked if p.arp_tpa]
    more += [p._replace(ip_dst=chance.choice(gateways)) for p in asked if p.ip_dst]

    assert more
    assert list(differences(Policy(plan), Fabric(plan, compile_town(plan)), [*asked, *more])) == []


def test_no_port_that_is_moved_gets_the_gateways_address(plan: Plan) -> None:
    """Its block is left out of those that are kept for moves."""
    kept = [pool for pool in pools(plan) if pool.zone == "wired"]

    assert kept
    assert not any(IPv4Address("10.41.0.77") in pool.network for pool in kept)
    before = [pool for pool in pools(town("tiny")) if pool.zone == "wired"]
    assert any(IPv4Address("10.41.0.77") in pool.network for pool in before)
