"""What Open vSwitch prints about its flows, read back."""

from __future__ import annotations

import pytest

from sekisho.errors import RuleError
from sekisho.openflow.flow_dump import FlowLine, counters, digest, flows

DUMP = """\
OFPST_FLOW reply (OF1.3) (xid=0x2):
 cookie=0x5e40000100000000, duration=7.1s, table=0, n_packets=3, n_bytes=180, priority=400,vlan_tci=0x1000/0x1000,in_port=1 actions=drop
 cookie=0x5e01000100010000, duration=7.1s, table=0, n_packets=12, n_bytes=980, idle_age=4, priority=200,ip,in_port="floor-eth1" actions=goto_table:2
 cookie=0x5e4d000100020000, duration=0.002s, table=5, n_packets=0, n_bytes=0, actions=drop
 cookie=0x5e4d000100020000, duration=0.002s, table=5, n_packets=4, n_bytes=0, priority=7 actions=drop
"""  # noqa: E501  # as printed


def test_a_dump_is_read_line_by_line() -> None:
    """Cookie, table, priority and packets; the rest as text, without ages."""
    first, second, third, _ = flows(DUMP)

    assert first == FlowLine(
        0x5E40000100000000,
        0,
        400,
        3,
        "priority=400,vlan_tci=0x1000/0x1000,in_port=1 actions=drop",
    )
    assert second.text == 'priority=200,ip,in_port="floor-eth1" actions=goto_table:2'
    assert (third.priority, third.text) == (32768, "actions=drop")


def test_a_rule_is_taken_apart_once_for_all() -> None:
    """Priority and match, its fields, where a packet goes on and where it is sent."""
    text = "priority=200,tcp,nw_src=10.0.0.1 actions=ct(commit,table=7,zone=1),output:3"
    line = FlowLine(0, 4, 200, 0, text)

    assert line.head == "priority=200,tcp,nw_src=10.0.0.1"
    assert line.conditions == ("tcp", "nw_src=10.0.0.1")
    assert line.match == {"protocol": "ip tcp", "nw_src": "10.0.0.1"}
    assert line.actions == "ct(commit,table=7,zone=1),output:3"
    assert (line.leads_to, line.outputs) == ((7,), (3,))


def test_a_rule_that_matches_everything_has_no_head() -> None:
    """At the default priority the switch prints neither priority nor match."""
    line = FlowLine(0, 5, 32768, 0, "actions=drop")

    assert (line.head, line.conditions, dict(line.match), line.actions) == ("", (), {}, "drop")


def test_counters_are_summed_by_cookie() -> None:
    """Rules of one cell share a name and count together."""
    assert counters(flows(DUMP))[0x5E4D000100020000] == 4


def test_the_digest_forgets_counters_ages_and_order() -> None:
    """The same tables later in the evening have the same digest."""
    head, *lines = DUMP.replace("n_packets=3,", "n_packets=9,").replace("7.1s", "9s").splitlines()
    later = "\n".join([head, *reversed(lines)]).replace("idle_age=4", "idle_age=5")

    assert digest(flows(later)) == digest(flows(DUMP))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("cookie=0x5e4d000100020000", "cookie=0x5e4d000100020001"),
        ("table=0", "table=1"),
        ("priority=400", "priority=401"),
        ("goto_table:2", "goto_table:3"),
        ("in_port=1", "in_port=2"),
    ],
)
def test_the_digest_sees_every_change_of_a_rule(old: str, new: str) -> None:
    """Name, place, priority, match or deed."""
    assert digest(flows(DUMP.replace(old, new, 1))) != digest(flows(DUMP))


def test_a_missing_rule_changes_the_digest() -> None:
    """Even one that never counted anything."""
    less = [x for x in flows(DUMP) if x.priority != 7]

    assert digest(less) != digest(flows(DUMP))


@pytest.mark.parametrize(
    "line", ["ovs-ofctl: floor is not a bridge or a socket", "cookie=0x0, table=0, actions=drop"]
)
def test_an_unreadable_line_is_an_error(line: str) -> None:
    """A dump that is not understood is not taken for an empty one."""
    with pytest.raises(RuleError) as caught:
        flows(f"{DUMP}{line}\n")

    assert str(caught.value) == f"cannot read this line of a flow dump: {line!r}"
