"""Rules survive the wire: value to message to bytes and back, under both frameworks."""

from __future__ import annotations

import importlib.util
import os
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import framework as fw
from controller.openflow import add_bytes, delete_bytes, wire_action, wire_match
from controller.read_back import Entry, UnreadableError, entries
from controller.switch_io import SilentError, sentence
from sekisho.compiler.tables import compile_town
from sekisho.errors import RuleError
from sekisho.openflow.rules import Output, Rule, Track, match
from tests.population import TOWNS, town

ROOT = Path(__file__).parents[2]
ONE = Rule(0, 7, match(in_port=1, eth_type=0x0800, ipv4_src=(0x0A290000, 0xFFFF0000)), 0x5E01 << 48)


def message(raw: bytes) -> Any:
    """Parse one flow-mod."""
    version, kind = raw[0], raw[1]
    assert int.from_bytes(raw[2:4], "big") == len(raw)
    return fw.parser.OFPFlowMod.parser(fw.nobody, version, kind, len(raw), 0, raw)


def said(rule: Rule, **told: int) -> bytes:
    """Return what a switch that holds *rule* says of it in a flow-stats reply."""
    facts = {"seconds": 5, "idle": 0, "hard": 0, "flags": 0, "packets": 7} | told
    body = add_bytes(rule)[48:]  # the match and the instructions follow the fixed part
    head = struct.pack(
        fw.ofp.OFP_FLOW_STATS_0_PACK_STR,
        48 + len(body),
        rule.table,
        facts["seconds"],
        6,
        rule.priority,
        facts["idle"],
        facts["hard"],
        facts["flags"],
        rule.cookie,
        facts["packets"],
        8,
    )
    return head + body


@cache
def distinct(name: str) -> tuple[Rule, ...]:
    """Return every rule of a town once."""
    return tuple(dict.fromkeys(r for own in compile_town(town(name)).values() for r in own))


def read(raw: bytes) -> Entry:
    """Read a reply of one entry."""
    (entry,) = entries(raw)
    return entry


def acting(*actions: bytes) -> bytes:
    """Return an entry like that of `ONE`, with other actions."""
    body = add_bytes(ONE)[48:]
    apply = struct.pack("!HH4x", fw.ofp.OFPIT_APPLY_ACTIONS, 8 + sum(map(len, actions)))
    raw = said(ONE)[2:48] + body + apply + b"".join(actions)
    return (len(raw) + 2).to_bytes(2, "big") + raw


@pytest.mark.parametrize("name", [*TOWNS, "trunk"])
def test_every_rule_survives_the_wire(name: str) -> None:
    """What is read back from a switch is the very value that was sent to it."""
    found = [read(said(rule)).rule for rule in distinct(name)]

    assert tuple(found) == distinct(name)


def test_entries_are_read_one_after_another() -> None:
    """A reply holds many entries; each says how long it is."""
    rules = distinct("tiny")

    assert tuple(e.rule for e in entries(b"".join(map(said, rules)))) == rules


def test_ages_and_counters_are_not_part_of_a_rule() -> None:
    """A rule that has counted a million packets for a year is still the same rule."""
    old = read(said(ONE, seconds=31_536_000, packets=1_000_000))

    assert old.rule == read(said(ONE, seconds=0, packets=0)).rule == ONE


@pytest.mark.parametrize("told", [{"idle": 60}, {"hard": 60}, {"flags": 1}])
def test_a_rule_that_will_go_away_is_a_stranger(told: dict[str, int]) -> None:
    """It matches and acts like ours, but the switch would forget it."""
    entry = read(said(ONE, **told))

    assert entry.rule is None
    assert entry.foreign == "table 0, priority 7: a rule with a time-out or flags is not modelled"


def test_a_stranger_can_be_deleted() -> None:
    """Whatever a foreign rule does, its table, priority and match are enough to be rid of it."""
    delete = message(read(said(ONE, hard=60)).delete)

    assert (delete.command, delete.table_id, delete.priority) == (
        fw.ofp.OFPFC_DELETE_STRICT,
        ONE.table,
        ONE.priority,
    )
    assert dict(delete.match.items()) == dict(wire_match(ONE.match).items())


CT = struct.Struct("!HHIHHIHB3xH")
TRACKED = (0xFFFF, 24, 0x2320, 35, 1, 0, 7, 255, 0)  # ct(commit,zone=7), ovs-actions(7)


def test_tracking_is_read_back() -> None:
    """As Open vSwitch says it, byte for byte."""
    entry = read(acting(CT.pack(*TRACKED)))

    assert entry.rule is not None
    assert entry.rule.actions == (Track(7, commit=True),)


@pytest.mark.parametrize(
    "action",
    [
        CT.pack(*TRACKED[:4], 3, *TRACKED[5:]),  # force
        CT.pack(*TRACKED[:5], 0x00010004, *TRACKED[6:]),  # the zone is read from a register
        CT.pack(*TRACKED[:8], 21),  # alg=ftp
        CT.pack(0xFFFF, 40, *TRACKED[2:]) + bytes.fromhex("ffff001000002320002400000001 0000"),
        CT.pack(0xFFFF, 40, *TRACKED[2:])
        + bytes.fromhex("0019001080000606 020304050607 0000".replace(" ", "")),  # exec
        struct.pack("!HHH2x", 17, 8, 0x88A8),  # push_vlan of another type
        struct.pack("!HHIH6x", 0, 16, 3, 64),  # with a length for the controller
        struct.pack("!HHI", 22, 8, 3),  # group
        struct.pack("!HHI", 21, 8, 3),  # set_queue
    ],
    ids=["force", "zone-src", "alg", "nat", "exec", "tpid", "max-len", "group", "queue"],
)
def test_an_action_with_more_to_it_is_a_stranger(action: bytes) -> None:
    """Nothing of an action is passed over."""
    entry = read(acting(action))

    assert entry.rule is None
    assert "not modelled" in entry.foreign


def test_no_byte_of_an_entry_is_without_meaning() -> None:
    """Any other bit, and it is another rule, a stranger, or no entry at all."""
    by_shape = {(r.table, r.priority, len(r.actions)): r for r in distinct("tiny")}
    seen = 0
    for rule in by_shape.values():
        raw = said(rule)
        for bit in range(16, 8 * len(raw)):
            if 4 <= bit // 8 < 12 or 32 <= bit // 8 < 48:
                continue  # ages and counters
            other = bytearray(raw)
            other[bit // 8] ^= 1 << bit % 8
            try:
                found = read(bytes(other)).rule
            except UnreadableError:
                continue
            seen += found is not None
            assert found != rule, f"{rule}: bit {bit}"

    assert seen  # of other rules


@pytest.mark.parametrize("cut", range(2, 72))
def test_a_reply_that_ends_too_early_is_not_read(cut: int) -> None:
    """Nobody knows what it would have said."""
    with pytest.raises(UnreadableError):
        entries(said(ONE)[:-cut])


@given(st.binary(max_size=200), st.integers(0, 3))
def test_whatever_a_switch_says_is_an_entry_or_unreadable(rest: bytes, kind: int) -> None:
    """Nothing else is ever raised."""
    head = said(ONE)[2:48] + struct.pack("!HH", kind, len(rest) // 2)
    raw = (len(head) + 2 + len(rest)).to_bytes(2, "big") + head + rest
    try:
        found = entries(raw)
    except UnreadableError:
        return

    assert all(entry.foreign for entry in found if entry.rule is None)


def test_a_deletion_names_one_entry() -> None:
    """Strict: a match that is wider or narrower is another entry (OpenFlow 1.3.5, 6.4)."""
    delete = message(delete_bytes(ONE.table, ONE.priority, wire_match(ONE.match)))

    assert delete.command == fw.ofp.OFPFC_DELETE_STRICT
    assert (delete.out_port, delete.out_group) == (fw.ofp.OFPP_ANY, fw.ofp.OFPG_ANY)


def test_prerequisites_come_first() -> None:
    """Open vSwitch refuses ``nw_ttl`` before ``eth_type`` (OpenFlow 1.3.5, 7.2.3.6)."""
    fields = match(nw_ttl=1, eth_type=0x0800, in_port=2, ct_state=(1, 1), ip_proto=6)
    names = [name for name, _ in wire_match(fields)._fields2]

    assert names[:3] == ["in_port", "eth_type", "ip_proto"]


def test_a_switch_is_blamed_for_its_own_doing_alone() -> None:
    """What goes wrong in the controller is said to be the controller's."""
    assert sentence(SilentError(None, "did not answer in 10 s")) == "did not answer in 10 s"
    assert sentence(KeyError("floor")).startswith("the controller: ")


def test_an_unknown_action_is_refused() -> None:
    """What is not modelled is never sent."""
    with pytest.raises(RuleError, match=r"^action 'flood' is not modelled$"):
        wire_action("flood")  # type: ignore[arg-type]  # that is the point


def test_nothing_is_ever_sent_to_the_controller() -> None:
    """No rule of any town outputs to the controller: there is no packet-in to handle."""
    ports = {
        action.port
        for name in TOWNS
        for rule in distinct(name)
        for action in rule.actions
        if isinstance(action, Output)
    }

    assert fw.ofp.OFPP_CONTROLLER not in ports
    assert not ports & {fw.ofp.OFPP_FLOOD, fw.ofp.OFPP_ALL, fw.ofp.OFPP_NORMAL}


@pytest.mark.skipif(fw.NAME != "ryu", reason="this is the other framework's run")
def test_all_of_this_holds_on_os_ken() -> None:
    """The maintained fork serves as well: the same tests, in a process of their own."""
    if importlib.util.find_spec("os_ken") is None:
        pytest.skip("os-ken is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        env={**os.environ, "SEKISHO_FRAMEWORK": "os-ken"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize("name", ["ryu", "os-ken"])
def test_handlers_take_turns_whichever_framework_runs_them(name: str) -> None:
    """The controller's state has no locks: os-ken's own choice is a thread for each handler."""
    if importlib.util.find_spec(name.replace("-", "_")) is None:
        pytest.skip(f"{name} is not installed")
    words = "from controller import framework as fw; print(fw.hub.spawn(int).__class__.__module__)"
    done = subprocess.run(
        [sys.executable, "-c", words],
        env={**os.environ, "SEKISHO_FRAMEWORK": name, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip().startswith("eventlet.")
