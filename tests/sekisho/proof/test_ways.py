"""Which rules may be followed together, and that the sets are then the same."""

from __future__ import annotations

import pytest

from sekisho.openflow.rules import DecTtl, Move, Output, PopVlan, PushVlan, SetField
from sekisho.proof.ways import Doing, way_of
from tests.test_meaning import tables

_ASKED = frozenset({"eth_type", "ip_proto", "metadata", "ipv4_dst", "in_port"})
_TO, _OUT = SetField("eth_dst", 5), Output(3)
_METADATA = (1, 1)


def test_deliveries_to_two_desks_go_one_way() -> None:
    """They differ in the address that they write and in the port alone."""
    one = Doing((SetField("eth_src", 1), _TO, DecTtl(), _OUT), None, None)
    two = Doing((SetField("eth_src", 1), SetField("eth_dst", 6), DecTtl(), Output(4)), None, None)

    way = way_of(one, _ASKED, 0)

    assert way is not None and way.leaves
    assert way == way_of(two, _ASKED, 0)


@pytest.mark.parametrize(
    "doing",
    [
        pytest.param(Doing((_TO, _OUT, _OUT), None, None), id="two ports"),
        pytest.param(Doing((SetField("ipv4_dst", 1), _OUT), None, None), id="asked for"),
        pytest.param(Doing((SetField("nw_ttl", 9), DecTtl(), _OUT), None, None), id="read on"),
        pytest.param(Doing((_TO, _TO, _OUT), None, None), id="written twice"),
        pytest.param(Doing((_TO, PushVlan(), _OUT), None, None), id="pushed behind"),
        pytest.param(Doing((PopVlan(), _OUT), None, None), id="popped"),
        pytest.param(Doing((SetField("metadata", 1), _OUT), None, None), id="of a switch alone"),
        pytest.param(Doing((_OUT,), _METADATA, 3), id="goes on"),
    ],
)
def test_other_rules_are_followed_by_themselves(doing: Doing) -> None:
    """What is written together must be all that the packets meet with."""
    way = way_of(doing, _ASKED, 0xFF)

    assert way is None or not way.leaves


def test_a_tag_from_metadata_goes_before_the_port() -> None:
    """A frame to another switch is tagged by what is known of its sender, then let out."""
    way = way_of(Doing((PushVlan(), Move("metadata", "vlan_vid", 12), _OUT), None, None), _ASKED, 0)

    assert way is not None
    assert way.leaves and way.before and not way.fields


def test_tables_of_a_town_have_such_ways() -> None:
    """The shortcut is taken: a table of deliveries has fewer groups than things that are done."""
    rules = [rule for rule in tables("alpha")["spine"] if rule.actions]
    doings = {Doing(rule.actions, rule.metadata, rule.goto) for rule in rules}
    ways = {way for way in (way_of(doing, _ASKED, 0) for doing in doings) if way and way.leaves}

    assert 0 < len(ways) < len(doings)
