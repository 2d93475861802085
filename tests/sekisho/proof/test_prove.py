"""For all packets: the shipped plans are proved, and each planted fault has its packet."""

from __future__ import annotations

from functools import cache

import pytest

from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError, RuleError
from sekisho.model import PortRef
from sekisho.openflow.reference_switch import Fabric as Switches
from sekisho.openflow.reference_switch import headers
from sekisho.openflow.rules import IN_PORT, LOCAL, Kind, Output, Rule, match
from sekisho.packet.packet import ConnState
from sekisho.proof.engine import ENGINES, Set, cube
from sekisho.proof.fields import Part
from sekisho.proof.flood import Fabric, Reached
from sekisho.proof.meaning import Meaning
from sekisho.proof.verdict import Proof, Wrong, beside_at, differences, prove
from sekisho.proof.witness import Walker
from tests.population import population, town
from tests.test_meaning import FAULTS, changed, kind_of, missing, tables

#: Faults that let nothing arrive and stop nothing: another rule drops the same packets, or the
#: next switch does. Only the counters tell them.
_HARMLESS = {
    "cells drop anonymously",
    "TTL is not looked at",
    "IPv6 dies unnamed",
    "groups die as strangers",
    "admission goes before tags",
}
#: Faults that leave open which of two rules is met: OpenFlow says nothing of such tables.
_REFUSED = {"replies need no conversation"}
_PHASES = {ConnState.NEW: 1, ConnState.ESTABLISHED: 2, ConnState.REPLY: 10, ConnState.INVALID: 16}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["tiny", "peers"])
def test_a_small_town_is_proved_by_either_engine(name: str, engine: str) -> None:
    """Nothing forbidden arrives, everything promised does, from every edge port."""
    proof = prove(town(name), tables(name), engine=engine)

    assert proof.differences == ()
    assert proof.sources == 16  # 14 ports without a line, and the switches' own
    assert proof.rules == sum(map(len, tables(name).values()))


@pytest.mark.parametrize("name", ["alpha", "matsuno", "city", "trunk"])
def test_larger_towns_are_proved(name: str) -> None:
    """The same of the towns with backup lines, shared ports and hundreds of ports."""
    assert prove(town(name), compile_town(town(name))).differences == ()


@cache
def spoilt(fault: str) -> dict[str, tuple[Rule, ...]]:
    """Return the tiny town's tables with one fault."""
    return changed(tables("tiny"), FAULTS[fault])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("fault", sorted(FAULTS.keys() - _REFUSED - _HARMLESS))
def test_a_planted_fault_has_its_packet(fault: str, engine: str) -> None:
    """The sets and the reference switch, which share no code, agree on what it does."""
    proof = prove(town("tiny"), spoilt(fault), engine=engine)
    walker = Walker(town("tiny"), spoilt(fault))

    assert proof.differences
    for difference in proof.differences:
        assert walker.shown(difference).steps


@pytest.mark.parametrize("fault", sorted(_HARMLESS))
def test_a_fault_that_changes_no_arrival_is_none(fault: str) -> None:
    """No false alarm: what dies anyhow may die by another rule."""
    assert prove(town("tiny"), spoilt(fault)).differences == ()


@pytest.mark.parametrize("fault", sorted(_REFUSED))
def test_a_fault_that_openflow_leaves_open_is_refused(fault: str) -> None:
    """Nothing is proved of tables whose meaning nobody knows."""
    with pytest.raises(RefusedError, match="two rules match the same packets"):
        prove(town("tiny"), spoilt(fault))


def test_each_rule_that_serves_somebody_is_missed() -> None:
    """Take away any rule that lets on: where it serves somebody, something does not arrive."""
    found: dict[Kind, int] = {}
    for switch, rules in tables("tiny").items():
        for rule in rules:
            if not rule.drops and is_missed(prove(town("tiny"), missing(switch, rule))):
                found[kind_of(rule)] = found.get(kind_of(rule), 0) + 1
    count = len(town("tiny").attachments)

    assert found.keys() == {kind for kind in Kind if kind < Kind.DROP_TAGGED}
    assert found[Kind.ADMIT] == found[Kind.DELIVER] == found[Kind.ADMIT_ARP] == count


def is_missed(proof: Proof) -> bool:
    """Tell whether something promised does not arrive, and nothing else is wrong."""
    wrong = {difference.wrong for difference in proof.differences}
    assert wrong <= {Wrong.MISSING}
    return bool(wrong)


@pytest.mark.parametrize("fault", ["", *sorted(FAULTS.keys() - _REFUSED)])
def test_numbers_for_addresses_lose_nothing(fault: str) -> None:
    """Where each bit of an address stands for itself, the differences are the same."""
    rules = spoilt(fault) if fault else tables("tiny")
    short, long = (
        [(d.wrong, d.at, d.sources) for d in differences(fabric, arriving_in(fabric))]
        for fabric in (Fabric(town("tiny"), rules, is_short=s) for s in (True, False))
    )

    assert short == long


def arriving_in(fabric: Fabric) -> dict[str, Set]:
    """Return what the plan means, in the fabric's own bits."""
    return Meaning(fabric.plan, fabric.layout, fabric.number).arriving()


_ASKED = ("tiny", "peers")


@pytest.mark.parametrize("name", _ASKED)
@pytest.mark.parametrize("fault", ["", "any class opens", "delivery without rewriting"])
def test_single_packets_do_what_the_sets_say(name: str, fault: str) -> None:
    """Each packet of a fixed population arrives where the sets have it, changed as they say."""
    rules = changed(tables(name), FAULTS[fault]) if fault else tables(name)
    fabric = Fabric(town(name), rules, is_short=False)
    switches = Switches(town(name), rules)
    reached = fabric.flood()
    arrivals = 0
    for asked in population(name, 500):
        sent = {**headers(asked), "phase": _PHASES[asked.phase] if asked.ip_src else 0}
        here = dict(switches.send(asked).delivered)
        arrivals += len(here)
        said = arriving(fabric, reached, asked.at, sent)
        assert said.keys() == here.keys(), asked
        for port, fields in here.items():
            assert holds(fabric, said[port], dict(fields)), (asked, port)

    assert arrivals > 50


def arriving(
    fabric: Fabric, reached: Reached, at: PortRef, sent: dict[str, int]
) -> dict[PortRef, Set]:
    """Return where the one packet *sent* arrives, and as what."""
    layout = fabric.layout
    source = {"source": fabric.number[at], "room": 1, **named(sent)}
    bits = [
        (number, bool(source.get(field, 0) >> place & 1))
        for (field, part, place), number in layout.number.items()
        if part is Part.SENT and (field in source or field.startswith(("arp", "ip", "tp", "nw")))
    ]
    one = cube(layout.engine, bits)
    found = {port: fabric.at(reached.edges, port) & one for port in fabric.sources}
    return {port: packets for port, packets in found.items() if packets != layout.engine.false}


def holds(fabric: Fabric, packets: Set, now: dict[str, int]) -> bool:
    """Tell whether *packets* is exactly the packet *now*."""
    layout = fabric.layout
    values = named(now)
    one = layout.engine.true
    for field in layout.copied:
        one = one & layout.equals(field, values.get(field, 0))
    return bool(packets & one != layout.engine.false and packets & ~one == layout.engine.false)


def named(fields: dict[str, int]) -> dict[str, int]:
    """Return match fields under the names that the sets have for them."""
    out = {k: v for k, v in fields.items() if not k.startswith(("tcp_", "udp_"))}
    for kind in ("tcp", "udp"):
        if f"{kind}_src" in fields:
            out |= {"tp_src": fields[f"{kind}_src"], "tp_dst": fields[f"{kind}_dst"]}
    out |= {k: v for k, v in fields.items() if k == "tcp_flags_nxm"}
    for gone in ("in_port", "metadata", "reg0", "ct_state", "ct_mark"):
        out.pop(gone, None)
    return out


def test_what_goes_back_to_the_switch_itself_is_told() -> None:
    """OFPP_IN_PORT, of what the switch's own host sends, is that host again."""
    rules = {"floor": (Rule(0, 1, match(), 0, (Output(IN_PORT),)),), "room": ()}
    own = PortRef("floor", LOCAL)
    (shown,) = (d for d in prove(town("tiny"), rules).differences if d.at == own)

    assert Walker(town("tiny"), rules).shown(shown).steps


def test_what_leaves_by_no_edge_port_is_never_lost() -> None:
    """A difference that no port has would be a proof of nothing."""
    fabric = Fabric(town("tiny"), tables("tiny"))
    line = next(link.a for link in town("tiny").links)
    lost = fabric.layout.equals("out_port", line.port)

    with pytest.raises(RuleError, match=f"{line.switch}: packets leave by a port that is none"):
        list(beside_at(fabric, Reached(edges={line.switch: lost}), {}, line.switch))
