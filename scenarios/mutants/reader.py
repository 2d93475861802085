"""Rules that a controller's reader may stumble over, each beside a hole that it should then heal.

Under the controller that heals, such a rule must neither blind it nor end it; under the other, the
reading that is not the controller's must tell both.
"""

from __future__ import annotations

from collections.abc import Iterator

from scenarios.mutants.planting import Planted, rules, subjects
from sekisho.model import Plan
from sekisho.openflow.pipeline import Table

_ODD = (
    ("an IPv6 address", "ipv6,ipv6_src=fd00::1", "drop"),
    ("a neighbour's address", "icmp6,icmp_type=135,nd_target=fd00::1", "drop"),
    (
        "an address of the original conversation",
        "ct_state=+trk,tcp,ct_nw_src=10.0.0.1,ct_nw_proto=6",
        "drop",
    ),
    ("a tunnel's number", "tun_id=7", "drop"),
    ("a label of the tracker", "ct_label=0x7", "drop"),
    ("translated addresses", "tcp,tp_dst=1", "ct(commit,nat(src=192.0.2.9)),drop"),
    ("a helper", "tcp,tp_dst=2", "ct(commit,alg=ftp),drop"),
    ("a learnt rule", "tcp,tp_dst=3", "learn(table=9,NXM_OF_IN_PORT[])"),
    ("a note", "tcp,tp_dst=4", "note:00.11.22.33.44.55,drop"),
    ("a long note", "tcp,tp_dst=5", "note:" + ".".join(["5a"] * 30000)),
    ("a conjunction", "tcp,tp_dst=6", "conjunction(7,1/2)"),
    ("a register of 128 bits", "xxreg0=0x1", "drop"),
    ("a service tag", "dl_vlan=9", "push_vlan:0x88a8,drop"),
    ("an MPLS label", "mpls,mpls_label=9", "drop"),
)


def faults(plan: Plan) -> Iterator[Planted]:
    """Yield each odd rule, with the cell of the gravest subject open on the whole way."""
    for subject in subjects(plan)[:1]:
        hole = f"table=5,priority=300,ip,{subject.cell},actions=goto_table:{Table.FORWARDING}"
        for words, match, action in _ODD:
            odd = f"table=5,priority=7,{match},actions={action.removesuffix(',drop')}"
            lines = {switch: [odd, hole] for switch in subject.switches}
            place = " ".join(subject.switches)
            yield Planted("N-23", "reader", place, f"a rule with {words}, and a hole", rules(lines))
