"""Holes in header space: rules that let through what few probes or none would send.

Each kind stands on every switch of the way, so that a packet of it really passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scenarios.mutants.planting import Planted, Subject, rules, subjects
from sekisho.model import Attachment, Plan, Protocol
from sekisho.openflow.pipeline import SOURCE_MASK, Numbers, Table

_PRIORITY = 210  # above every permission and every drop of its table
_ON = f"goto_table:{Table.FORWARDING}"
_DSCP = (8, 10, 18, 26, 34, 40, 46, 48)  # RFC 2474, RFC 4594: what networks really use
_PROTOCOLS = (1, 2, 4, 41, 47, 50, 51, 88, 89, 103, 112, 132, 136, 253)  # IANA protocol numbers
_PORTS = (21, 23, 3390, 4444, 5985, 8443, 31337, 49152, 65535)
_FLAGS = (
    ("SYN and ACK", "tcp_flags=+syn+ack"),
    ("FIN alone", "tcp_flags=+fin-syn-rst-ack"),
    ("no flag at all", "tcp_flags=-fin-syn-rst-psh-ack-urg"),
    ("FIN, PSH and URG", "tcp_flags=+fin+psh+urg-ack"),
    ("SYN with ECE and CWR", "tcp_flags=+syn+ece+cwr"),
    ("ACK alone", "tcp_flags=-syn-rst-fin+ack"),
)


def faults(plan: Plan, *, most: int = 2) -> Iterator[Planted]:
    """Yield the holes for the gravest subjects of *plan*.

    Args:
        plan: The town.
        most: For so many subjects.
    """
    chosen = subjects(plan)[:most]
    for subject in chosen:
        for maker in (_fields, _ports, _flags, _protocols):
            yield from maker(plan, subject)
    friends = {subject.friend: subject for subject in reversed(chosen)}
    for subject in friends.values():
        yield from _doors(plan, subject)


def _hole(subject: Subject, id_: str, words: str, match: str) -> Planted:
    """A permission in the policy table of every switch of the way."""
    text = f"table=5,priority={_PRIORITY},{match},{subject.cell},actions={_ON}"
    place = " ".join(subject.switches)
    who = f"{subject.source.source}/{subject.target.destination}"
    plant = rules({switch: [text] for switch in subject.switches})
    return Planted(id_, "flow", place, f"{who} may with {words}", plant)


def _fields(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    for value in _DSCP:
        yield _hole(subject, "N-01", f"DSCP {value}", f"ip,nw_tos={value << 2}")
    for value in (1, 2, 3):
        yield _hole(subject, "N-01", f"ECN {value}", f"ip,nw_ecn={value}")
    yield _hole(subject, "N-01", "TTL 255", "ip,nw_ttl=255")
    yield _hole(subject, "N-01", "a related ICMP error", "icmp,ct_state=+rel+trk")


def _ports(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    for port in _PORTS:
        yield _hole(subject, "N-02", f"TCP port {port}", f"tcp,tp_dst={port}")
    yield _hole(subject, "N-02", "UDP port 40000", "udp,tp_dst=40000")
    kind = "tcp" if subject.service.protocol is Protocol.TCP else "udp"
    for port in dict.fromkeys((subject.port, 53, 443, 20)):
        match = f"{kind},tp_src={port}"
        yield _hole(subject, "N-03", f"source port {port}, like a reply", match)


def _flags(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    if subject.service.protocol is Protocol.TCP:
        for words, match in _FLAGS:
            text = f"tcp,tp_dst={subject.port},{match}"
            yield _hole(subject, "N-04", f"{words} to an offered port", text)


def _protocols(_plan: Plan, subject: Subject) -> Iterator[Planted]:
    for number in _PROTOCOLS:
        yield _hole(subject, "N-05", f"IP protocol {number}", f"ip,nw_proto={number}")


def _doors(plan: Plan, subject: Subject) -> Iterator[Planted]:
    """Admission that is wider than a station: for somebody who may open the target."""
    friend = subject.friend
    if friend is None:
        return
    meta = Numbers(plan).as_source(Numbers(plan).pair(friend))
    into = f"write_metadata:{meta:#x}/{SOURCE_MASK:#x},goto_table:2"
    port, mac, ip, subnet = friend.at.port, friend.mac, friend.ip, plan.subnet(friend)
    for words, match in (
        ("a neighbouring address", f"ip,in_port={port},dl_src={mac},nw_src={ip}/31"),
        (
            "any address of its subnet",
            f"ip,in_port={port},dl_src={mac},nw_src={subnet}",
        ),
        (
            "a neighbouring MAC",
            f"ip,in_port={port},dl_src={mac}/ff:ff:ff:ff:ff:fe,nw_src={ip}",
        ),
        ("any MAC", f"ip,in_port={port},nw_src={ip}"),
        ("its addresses at any port", f"ip,dl_src={mac},nw_src={ip}"),
    ):
        text = f"table=0,priority=150,{match},actions={into}"
        plant = rules({friend.at.switch: [text]})
        yield Planted("N-06", "flow", friend.at.switch, f"{friend.id} is known by {words}", plant)
    yield from _arp(plan, friend, subject.target)


def _arp(plan: Plan, asker: Attachment, other: Attachment) -> Iterator[Planted]:
    """An ARP answer that tells a station's own MAC address, or answers for a far subnet."""
    answer = (
        "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],set_field:{mac}->eth_src,set_field:2->arp_op,"
        "move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],set_field:{mac}->arp_sha,"
        "move:NXM_OF_ARP_TPA[]->NXM_NX_REG0[],move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],"
        "move:NXM_NX_REG0[]->NXM_OF_ARP_SPA[],in_port"
    )
    own = plan.subnet(asker)
    for words, mac, asked in (
        ("with another station's MAC", other.mac, str(own)),
        ("for another subnet", plan.router_mac, str(plan.subnet(other))),
    ):
        match = f"arp,arp_spa={own},arp_tpa={asked}"
        text = f"table=1,priority=150,{match},actions={answer.format(mac=mac)}"
        plant = rules({asker.at.switch: [text]})
        yield Planted("N-07", "flow", asker.at.switch, f"ARP is answered {words}", plant)


#: What makes holes of one kind.
Maker = Callable[[Plan, Subject], Iterator[Planted]]
