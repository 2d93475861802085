"""``python -m scenarios.mutants.on_wire PLAN``: a proof's packets sent in a running town.

Each fault is planted, and the packet that the proof shows of it sent and awaited.

Runs inside the namespaces of one run, on one booted town whose controller leaves what is changed
by hand. A port where nobody stands gets a cable for the time.
"""

from __future__ import annotations

import argparse
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.capture.places import CHANNEL, Place
from scenarios.capture.rx_ring import Ring
from scenarios.mutants.flow_tables import of_tables
from scenarios.mutants.harness import MutationHarness
from scenarios.probes.frames import said_frame
from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError
from sekisho.model import Plan, PortRef
from sekisho.model.tracking import share_zones, zone_limits
from sekisho.mutation.table_faults import Fault, table_faults
from sekisho.openflow.rules import CONTROLLER, LOCAL
from sekisho.packet.packet import ETH_IPV4, TCP_ACK, TCP_SYN, mac_number
from sekisho.plan import load
from sekisho.proof.verdict import Difference, Packet, Wrong, prove
from sekisho.proof.words import packet_words
from sekisho.proof.words import scapy as line
from sekisho.runtime.child import ended, say
from sekisho.runtime.namespaces import WORK
from topologies.town import LENIENT_GUARD, Town

_MOST = 5000  # faults that are looked at
_NEW, _RELATED, _REPLY = 0b00001, 0b00100, 0b01000  # ovs-fields(7), "ct_state"
#: Whether a copy that left a switch is one that the listening interface sent, where that matters.
_OUTGOING = {"attachment": False, "stranger": False, "local": False, "air": True}
_PORTS = ("tp_src", "tp_dst")
_TRIES = 3  # a copy may be lost on a busy machine; one that arrives has arrived


@dataclass(slots=True)
class Counts:
    """How many faults were looked at, and what came of them."""

    faults: int = 0
    none: int = 0
    refused: int = 0
    related: int = 0


def shown(plan: Plan, paths: int, seed: int, counts: Counts) -> Iterator[tuple[Fault, Difference]]:
    """Yield *paths* faults that open a forbidden path, each with what the proof shows of it."""
    tables = compile_town(plan)
    for fault in table_faults(tables, seed=seed, count=_MOST):
        if not paths:
            return
        counts.faults += 1
        try:
            told = prove(plan, fault.applied(tables)).differences
        except RefusedError:
            counts.refused += 1
            continue
        opened = [each for each in told if each.wrong is Wrong.FORBIDDEN]
        if not opened:
            counts.none += 1
            continue
        first = min(opened, key=lambda each: each.packet.phase > _NEW)
        if first.packet.phase & _RELATED:
            counts.related += 1  # no switch of a town has a helper that makes such a conversation
            continue
        paths -= 1
        yield fault, first


class Sender:
    """Sends a proof's packets in a town, and listens where they should arrive.

    Args:
        harness: The town, and how faults are planted in it.
        seed: Of the marks by which packets are known again.
    """

    def __init__(self, harness: MutationHarness, seed: int) -> None:
        self._harness, self._chance = harness, random.Random(seed)
        self._town, self._wire, self._plan = harness.town, harness.wire, harness.plan

    def without(self, difference: Difference) -> bool:
        """Send the packet in the town as it should be, and tell whether it arrives even so."""
        self._cabled(difference.at)
        self._cabled(difference.packet.source)
        arrived = self._tried(difference)
        self._town.ovs.limit_conversations(zone_limits(self._plan))
        return arrived

    def arrives(self, fault: Fault, difference: Difference) -> bool:
        """Plant *fault*, send the packet, and tell whether it comes where the proof says."""
        with of_tables(fault).planted(self._harness):
            self._town.ovs.cache.follow()
            arrived = any(self._tried(difference) for _ in range(_TRIES))
        self._town.ovs.limit_conversations(zone_limits(self._plan))
        return arrived

    def _tried(self, difference: Difference) -> bool:
        packet, mark = difference.packet, self._chance.randbytes(16)
        self._town.ovs.flush_conntrack()
        if packet.phase > _NEW:
            self._begin(packet)
        if not packet.has_room:
            self._fill(packet)
        list(self._wire.heard())
        self._send(packet, built(packet) + mark)
        self._wire.settle()
        places = self._places(difference.at)
        return any(
            mark in copy.data and _is_as_said(difference, copy.data)
            for place, copy in self._wire.heard()
            if place in places and _OUTGOING.get(place.kind, copy.outgoing) == copy.outgoing
        )

    def _begin(self, packet: Packet) -> None:
        """Tell every switch's tracker of the conversation that *packet* belongs to."""
        for step in conversation(packet):
            for switch in self._plan.switches:
                self._commit(switch.id, step, switch.dpid)

    def _fill(self, packet: Packet) -> None:
        """Leave the share of the packet's port no room: one conversation is all that it holds."""
        zone = share_zones(self._plan)[packet.source]
        self._town.ovs.limit_conversations({zone: 1})
        other = replace(packet, sent={**packet.sent, "tp_src": packet.sent["tp_src"] ^ 1})
        self._commit(packet.source.switch, other, zone)

    def _commit(self, switch: str, packet: Packet, zone: int) -> None:
        """Have the tracker of *switch* keep the conversation of *packet* in *zone*."""
        words = f"in_port=controller packet={built(packet).hex()} actions=ct(commit,zone={zone})"
        self._harness.ofctl("packet-out", switch, words)

    def _send(self, packet: Packet, frame: bytes) -> None:
        """Send it as whoever stands at the port, best as the one with the packet's address."""
        here = [n for n, a in enumerate(self._plan.attachments) if a.at == packet.source]
        own = [
            n for n in here if mac_number(self._plan.attachments[n].mac) == packet.sent["eth_src"]
        ]
        if here:
            self._wire.send([((own or here)[0], frame)])
            return
        at = packet.source
        name = at.switch if at.port == LOCAL else _ends(at)[1]
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
            out.bind((name, 0))
            out.send(frame)

    def _places(self, at: PortRef) -> set[Place]:
        """Return where a copy is heard that leaves at *at*."""
        if at.port == CONTROLLER:
            return {Place("channel", CHANNEL)}
        if at.port == LOCAL:
            return {Place("local", at.switch)}
        here = {Place("attachment", a.id) for a in self._plan.attachments if a.at == at}
        here |= {Place("air", air.id) for air in self._plan.airs if air.at == at}
        return here or {_cable(at)}

    def _cabled(self, at: PortRef) -> None:
        """See to it that a port where nobody stands has a cable, and that it is listened to."""
        place = _cable(at)
        if self._places(at) != {place} or place in self._wire.rings:
            return
        ends = _ends(at)
        _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        for end in ends:
            _ip("link", "set", end, "up")
        self._town.ovs.plug(ends[0], at.switch, at.port)
        self._wire.rings[place] = Ring(ends[1])


def _ends(at: PortRef) -> tuple[str, str]:
    """Return the names of both ends of a cable to a port where nobody stands."""
    return f"x{at.port}-{at.switch}"[:15], f"y{at.port}-{at.switch}"[:15]  # IFNAMSIZ


def _cable(at: PortRef) -> Place:
    return Place("stranger", f"at {at}")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


def built(packet: Packet) -> bytes:
    """Return the frame, by the very line of Scapy that the proof prints."""
    return said_frame(line(packet))


def conversation(packet: Packet) -> Iterator[Packet]:
    """Yield what goes before *packet*, so that a tracker says of it what the proof says."""
    there = packet.sent if packet.phase & _REPLY == 0 else _turned(packet.sent)
    opening = {**there, "tcp_flags_nxm": TCP_SYN}
    yield replace(packet, sent=opening)
    if not packet.phase & _REPLY:  # established: it was answered
        yield replace(packet, sent={**_turned(opening), "tcp_flags_nxm": TCP_SYN | TCP_ACK})


def _turned(sent: dict[str, int]) -> dict[str, int]:
    """Return a packet of the same conversation in the other direction."""
    pairs = (("ipv4_src", "ipv4_dst"), ("eth_src", "eth_dst"), _PORTS)
    out = dict(sent)
    for one, other in pairs:
        out[one], out[other] = sent[other], sent[one]
    if sent["ip_proto"] == 1:  # an echo and its answer (RFC 792)
        out["tp_src"], out["tp_dst"] = (8 if sent["tp_src"] == 0 else 0), 0
    return out


def _is_as_said(difference: Difference, data: bytes) -> bool:
    """Tell whether a copy has the addresses that the proof says; of a report, anything."""
    if difference.at.port == CONTROLLER:
        return True
    now = difference.packet.now
    macs = now["eth_dst"].to_bytes(6, "big") + now["eth_src"].to_bytes(6, "big")
    ends = now["ipv4_src"].to_bytes(4, "big") + now["ipv4_dst"].to_bytes(4, "big")
    return data[:12] == macs and (now["eth_type"] != ETH_IPV4 or ends in data)


def played(plan: Plan, folder: Path, paths: int, seed: int) -> dict[str, Any]:
    """Send the packets of *paths* faults; return how many arrived, and a line for each other."""
    counts, lines = Counts(), list[str]()
    some = list(shown(plan, paths, seed, counts))
    within = sum(each.packet.phase > _NEW for _, each in some)
    with Town(plan, folder=folder, work=WORK, guard=LENIENT_GUARD) as town:
        town.await_in_force()
        with Wire(town) as wire:
            sender = Sender(MutationHarness(town, wire, seed=seed), seed)
            for number, (fault, each) in enumerate(some):
                say(phase="mutate", done=number, of=len(some))
                even_so = sender.without(each)
                if not sender.arrives(fault, each):
                    lines.append(_told("NOT CONFIRMED", plan, fault, each))
                elif even_so:
                    lines.append(_told("ARRIVES WITHOUT THE FAULT", plan, fault, each))
            town.check()
    figures = asdict(counts)
    counted = {"total": len(some), "confirmed": len(some) - len(lines), "conversations": within}
    return {**figures, **counted, "lines": lines}


def _told(what: str, plan: Plan, fault: Fault, each: Difference) -> str:
    where = f"{fault.ids[0]} {' '.join(fault.switches)}: {fault.words}"
    return f"{what} at {each.at}: {where}: {packet_words(plan, each.packet, 'en')}"


def main() -> int:
    """Read the command line, play it, and say what was found as the last line."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.mutants.on_wire")
    parser.add_argument("plan", type=Path)
    parser.add_argument("--paths", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, required=True)
    args = parser.parse_args()
    return ended(lambda: {"found": played(load(args.plan), args.folder, args.paths, args.seed)})


if __name__ == "__main__":
    sys.exit(main())
