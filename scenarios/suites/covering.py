"""The suite ``coverage``: few packets that together meet every rule that can be met.

Which they are is chosen from the sets of all packets (`sekisho.coverage.probe_set`). A packet that
begins something is sent as a frame, and what must become of it is the policy's word, as ever. A
packet of a conversation under way is part of a real one, which is held.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from scenarios.probes.from_headers import frame_of
from scenarios.probes.windows import CasePlan, Frame, Window
from scenarios.suites.attack_cases import NO_FIELDS, fate
from scenarios.suites.scope import Run
from scenarios.suites.services import Exchange, exchanges
from scenarios.suites.suite import Suite
from sekisho.compiler.tables import compile_town
from sekisho.coverage.ordinary import Talk
from sekisho.coverage.phases import ESTABLISHED, REPLY
from sekisho.coverage.probe_set import Probe, ProbeSet, probe_set
from sekisho.model import Attachment, Plan, Protocol
from sekisho.packet.packet import ETH_ARP, ETH_IPV4, ETH_IPV6, TCP_ACK, TCP_SYN, mac_number
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import matrix
from sekisho.proof.fields import tag_of

COVERAGE = "coverage"
PROBE = "covering"
_PROTOCOLS = {protocol.value: protocol for protocol in Protocol}


@dataclass(frozen=True, slots=True)
class Sent:
    """What is really sent for the packets of a set.

    Attributes:
        frames: By number of a case: the packet that its one frame is.
        talks: Packets of conversations that are held.
        untried: Packets of conversations that nobody here can hold.
    """

    frames: dict[int, Probe]
    talks: tuple[Probe, ...]
    untried: tuple[Probe, ...]


class CoverSuite(Suite):
    """The suite ``coverage`` of one run.

    Args:
        plan: The town.
        run: Says who tests.
        manifest: Is told what is tried.
    """

    def __init__(self, plan: Plan, run: Run, manifest: dict[str, Any]) -> None:
        super().__init__(plan, run, manifest)
        self._every_talk = list(exchanges(plan))

    @cached_property
    def chosen(self) -> ProbeSet:
        """The packets, and the rules that they meet."""
        return probe_set(self._plan, compile_town(self._plan), _talks(self._every_talk))

    @cached_property
    def sent(self) -> Sent:
        """What is sent for each of them."""
        begun = [p for p in self.chosen.probes if not _is_under_way(p)]
        under_way = [p for p in self.chosen.probes if _is_under_way(p)]
        alone = [p for p in under_way if _is_alone(p)]
        return Sent(
            dict(enumerate((*begun, *alone), 1)),
            tuple(p for p in under_way if p.talk is not None),
            tuple(p for p in under_way if p.talk is None and not _is_alone(p)),
        )

    def exchanges(self) -> list[Exchange]:
        """The conversations that packets of the set are part of, each once."""
        numbers = {p.talk.number for p in self.sent.talks if p.talk is not None}
        return [self._every_talk[number] for number in sorted(numbers)]

    def _every(self) -> list[Window]:
        """What begins something; then what opens a connection to nobody; then what goes on with it.

        Each in a window of its own: a switch may look up what follows at once before it keeps what
        came before.
        """
        frames = self.sent.frames
        begun = {n: p for n, p in frames.items() if not _is_under_way(p)}
        goes_on = {n: p for n, p in frames.items() if _is_under_way(p)}
        opens = {len(frames) + n: p for n, p in enumerate(goes_on.values(), 1)}
        parts = [self._cases(begun), self._cases(opens, TCP_SYN), self._cases(goes_on, TCP_ACK)]
        return [_window(n, list(part)) for n, part in enumerate(parts, 1) if part]

    def _cases(self, probes: Mapping[int, Probe], flags: int = 0) -> list[tuple[CasePlan, bytes]]:
        """Return the cases of some packets, each with its frame.

        Args:
            probes: By number of the case.
            flags: Of TCP, where not the packet's own; what goes on is judged as what it goes on
                with, which has no flag but SYN.
        """
        policy, cells = Policy(self._plan), matrix(self._plan)
        out = list[tuple[CasePlan, bytes]]()
        for number, probe in probes.items():
            sender, is_bare = _sender(self._plan, probe)
            sent = probe.packet.sent
            if sender.tag and sent["vlan_vid"] == tag_of(sender):
                sent = {**sent, "vlan_vid": 0}  # whoever sets its tags does so on the way
            first = {**sent, "tcp_flags_nxm": TCP_SYN} if flags else sent
            to, drop = fate(policy, frame_of(first, number), sender, is_bare=is_bare)
            target = self._target(sender, to, sent["ipv4_dst"] or sent["arp_tpa"])
            cell = cells[sender.source, target.destination]
            case = CasePlan(
                number=number,
                source=sender,
                target=target,
                probe=PROBE,
                item=0,
                proto=_word(sent["eth_type"], sent["ip_proto"]),
                ports=(sent["tp_dst"],) if sent["tp_dst"] else (),
                spoof="",
                to=to,
                drop=None if to else drop,
                clause="",
                where=cell.where[-1] if cell.where else sender.where,
                cell=cell,
                is_bare=is_bare,
            )
            if to:
                case = self._permitted(policy, case, sent)
            raw = frame_of({**first, "tcp_flags_nxm": flags} if flags else sent, number)
            out.append((case, raw))
        return out

    def _permitted(self, policy: Policy, case: CasePlan, sent: Mapping[str, int]) -> CasePlan:
        """Return *case* with the clause that permits it, and its line; ARP needs none."""
        protocol = _PROTOCOLS.get(sent["ip_proto"])
        if protocol is None:
            return case
        port = sent["tp_src"] if protocol is Protocol.ICMP else sent["tp_dst"]
        found = policy.permission(case.source, case.target, protocol, port)
        if found is None:
            return case
        clause, allow = found
        return replace(case, clause=clause.id, where=allow.where)

    def _target(self, sender: Attachment, to: str, ip: int) -> Attachment:
        """Return whom a packet is for; somebody else, where it is for nobody or its own sender."""
        others = [a for a in self._plan.attachments if a.is_apart(sender)]
        meant = (a for a in others if a.id == to or int(a.ip) == ip)
        return next(meant, others[0] if others else sender)


def _is_under_way(probe: Probe) -> bool:
    return probe.packet.phase in (ESTABLISHED, REPLY)


def _is_alone(probe: Probe) -> bool:
    """Tell whether a segment goes on with a connection that dies on its way: nobody answers.

    To Open vSwitch a segment without a SYN goes on with a connection that was begun, whether
    anybody has answered or not (``conntrack-tcp.c``).
    """
    packet, last = probe.packet, probe.meets[-1].rule
    is_tcp = packet.sent["ip_proto"] == Protocol.TCP.value
    return packet.phase == ESTABLISHED and is_tcp and probe.talk is None and last.drops


def _window(number: int, cases: Sequence[tuple[CasePlan, bytes]]) -> Window:
    targets = {case.target.id: case.target for case, _ in cases}
    frames = (Frame(case.number, "raw", NO_FIELDS, raw) for case, raw in cases)
    return Window(number, tuple(targets.values()), tuple(c for c, _ in cases), tuple(frames))


def _sender(plan: Plan, probe: Probe) -> tuple[Attachment, bool]:
    """Return who sends a packet, and whether it is put on the cable past whoever sets tags."""
    packet = probe.packet
    here = [a for a in plan.attachments if a.at == packet.source]
    tag, mac = packet.sent["vlan_vid"], packet.sent["eth_src"]
    honest = (a for a in here if mac_number(a.mac) == mac and tag in (0, tag_of(a)))
    tagged = (a for a in here if tag_of(a) == tag)
    sender = next(honest, next(tagged, here[0]))
    return sender, bool(sender.tag) and not tag


def _talks(every: Iterable[Exchange]) -> list[Talk]:
    return [
        Talk(n, e.source, e.target, e.service.protocol, e.port if e.service.has_ports else 0)
        for n, e in enumerate(every)
    ]


def _word(eth_type: int, ip_proto: int) -> str:
    """Return what a record calls the protocol of a packet."""
    if eth_type == ETH_IPV4:
        protocol = _PROTOCOLS.get(ip_proto)
        return protocol.word if protocol else f"ip-{ip_proto}"
    return {ETH_ARP: "arp", ETH_IPV6: "ipv6"}.get(eth_type, f"{eth_type:#06x}")
