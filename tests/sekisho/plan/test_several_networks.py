"""A zone that has several networks at a site: a building that outgrew its first one."""

from __future__ import annotations

import random
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.draw.plan_tables import hosts_table
from sekisho.model import Plan
from sekisho.model.pools import pools
from sekisho.openflow.reference_switch import Fabric
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from sekisho.resegment.validation import plan_moves
from tests.population import packet, places_of
from tests.readings import differences

_ONE = "subnets: {hall: 10.41.0.0/24}"
_TWO = "subnets: {hall: [10.41.0.0/28, 10.43.0.0/24]}, gateways: {hall: 10.43.0.254}"
_NOTEBOOK = """  nb2:
    label: {ja: 職員ノート2, en: Second notebook}
    kind: terminal
    attachments:
      wired: {at: "floor:4", zone: wired, ip: 10.43.0.11, mac: "02:43:00:00:00:0b", source: S1,
              destination: D3}
  guest:"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the tiny town with two networks of wired notebooks, one in each."""
    return load(grown(tmp_path))


def grown(folder: Path) -> Path:
    """Write that town; return its path."""
    text = Path("topologies/tiny.yaml").read_text("utf-8")
    assert _ONE in text and "\n  guest:" in text
    text = text.replace(_ONE, _TWO).replace("  guest:", _NOTEBOOK, 1)
    path = folder / "grown.yaml"
    path.write_text(text, "utf-8")
    return path


def test_each_stands_in_the_network_of_its_address(plan: Plan) -> None:
    """With that network's gateway and mask."""
    first, second = plan.attachment["nb.wired"], plan.attachment["nb2.wired"]

    assert plan.subnet(first) == IPv4Network("10.41.0.0/28")
    assert plan.subnet(second) == IPv4Network("10.43.0.0/24")
    assert plan.gateway(first) == IPv4Address("10.41.0.1")
    assert plan.gateway(second) == IPv4Address("10.43.0.254")


def test_everybody_is_shown_with_the_gateway_of_his_network(plan: Plan) -> None:
    """`plan show --hosts` says both."""
    cells = {str(c) for column in hosts_table(plan, width=200).columns for c in column._cells}

    assert {"10.41.0.11/28", "10.43.0.11/24", "10.43.0.254"} <= cells


def test_meaning_and_tables_agree_about_both(plan: Plan) -> None:
    """Also about who asks for a neighbour in the other network: nobody answers."""
    chance = random.Random(7)
    here = places_of(plan)
    sent = [packet(here, chance.choice) for _ in range(3000)]
    ends = [a.ip for a in plan.attachments] + [plan.gateway(a) for a in plan.attachments]
    sent += [p._replace(arp_tpa=chance.choice(ends)) for p in sent if p.arp_tpa]

    assert list(differences(Policy(plan), Fabric(plan, compile_town(plan)), sent)) == []


def test_a_moved_port_gets_an_address_of_the_first_network_with_room(plan: Plan) -> None:
    """One block a switch: whose it is must be known by the address."""
    kept = [pool for pool in pools(plan) if pool.zone == "wired"]

    assert [pool.switch for pool in kept] == ["floor"]
    assert kept[0].network.subnet_of(IPv4Network("10.43.0.0/24"))


def test_a_port_can_be_moved_away_and_back(plan: Plan) -> None:
    """It comes back to its own address."""
    (away,) = plan_moves(plan, ["floor:4"], "quarantine")

    assert (away.attachment, away.ip) == ("nb2.wired", "10.43.0.11")
