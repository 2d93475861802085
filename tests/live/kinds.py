"""Every field of ovs-fields(7) and every action of ovs-actions(7), each in a rule of its own.

Words for ``ovs-ofctl``. A rule is harmless; that somebody put it there is what matters.
"""

from __future__ import annotations

import re

_IP6 = "fd00::1"
_MAC = "02:00:00:00:00:99"
_TRACKED = "ct_state=+trk+est"
_ND = "icmp6,icmp_type={},icmp_code=0"
_NSH = "dl_type=0x894f"

#: What a field needs beside it, and a value; by the longest beginning of its name.
_FIELDS = {
    "": ("", "1"),
    "packet_type": ("", "(1,0x800)"),
    "actset_output": ("", "1"),
    "in_port": ("", "1"),
    "tun_src": ("", "192.0.2.1"),
    "tun_dst": ("", "192.0.2.1"),
    "tun_ipv6_": ("", _IP6),
    "tun_flags": ("", "+oam"),
    "tun_gtpu_": ("", "1"),
    "ct_state": ("", "+trk"),
    "ct_nw_": (f"{_TRACKED},ip", "192.0.2.1"),
    "ct_nw_proto": (f"{_TRACKED},ip", "6"),
    "ct_ipv6_": (f"{_TRACKED},ipv6", _IP6),
    "ct_tp_": (f"{_TRACKED},ip,ct_nw_proto=6", "80"),
    "eth_": ("", _MAC),
    "eth_type": ("", "0x88cc"),
    "vlan_tci": ("", "0x1005"),
    "vlan_vid": ("", "0x1005"),
    "vlan_pcp": ("vlan_vid=0x1005", "3"),
    "mpls_": ("mpls", "1"),
    "ip_": ("ip", "192.0.2.1"),
    "ip_dscp": ("ip", "8"),
    "ip_frag": ("ip", "yes"),
    "nw_": ("ip", "4"),
    "ipv6_": ("ipv6", _IP6),
    "ipv6_label": ("ipv6", "5"),
    "arp_": ("arp", "192.0.2.1"),
    "arp_op": ("arp", "1"),
    "arp_sha": ("arp", _MAC),
    "arp_tha": ("arp", _MAC),
    "tcp_": ("tcp", "80"),
    "tcp_flags": ("tcp", "+syn"),
    "udp_": ("udp", "80"),
    "sctp_": ("sctp", "80"),
    "icmp_": ("icmp", "3"),
    "icmpv6_": ("icmp6", "3"),
    "nd_target": (_ND.format(135), _IP6),
    "nd_sll": (_ND.format(135), _MAC),
    "nd_tll": (_ND.format(136), _MAC),
    "nd_reserved": (_ND.format(136), "1"),
    "nd_options_type": (_ND.format(136), "2"),
    "nsh_": (_NSH, "1"),
    "nsh_c": (f"{_NSH},nsh_mdtype=1", "5"),
}  # fmt: skip
#: Of a packet that is being worked on; no OpenFlow message may match it (ovs-fields(7)).
INTERNAL = {"recirc_id", "dp_hash", "skb_priority"}

#: By the version of OpenFlow that has a word for it.
ACTIONS = {
    13: (
        "output:1", "output:reg0[0..15]", "output(port=1,max_len=100)", "in_port", "normal",
        "flood", "all", "local", "controller", "controller:64",
        "controller(max_len=128,reason=action,id=5,userdata=00.01.02,pause)",
        "controller(id=5,meter_id=7)", "bundle(eth_src,0,hrw,ofport,members:1,2)",
        "bundle_load(eth_src,0,hrw,ofport,reg0[],members:1,2)", "group:77",
        "push_vlan:0x8100", "push_vlan:0x88a8", "push_mpls:0x8847",
        "push_mpls:0x8848", "encap(nsh(md_type=1))", "encap(nsh(md_type=2))", "encap(ethernet)",
        "encap(mpls)", "encap(mpls_mc)", "decap()",
        "set_field:5->reg0", "set_field:5/15->reg0", "load:5->NXM_NX_REG0[0..3]",
        "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]", "move:NXM_NX_REG0[0..3]->NXM_NX_REG1[4..7]",
        f"mod_dl_src:{_MAC}", f"mod_dl_dst:{_MAC}", "mod_vlan_vid:5", "mod_vlan_pcp:3",
        "set_field:fd00::1->tun_ipv6_dst", "set_tunnel:5", "set_tunnel64:5", "set_queue:1",
        "pop_queue", "push:NXM_NX_REG0[]", "pop:NXM_NX_REG1[]", "delete_field:tun_metadata0",
        "set_field:5->tun_metadata0", "resubmit:1", "resubmit(1,7)",
        "resubmit(,7)", "clone(output:1)", "clone(set_field:1->reg0,output:2)",
        "sample(probability=100,collector_set_id=1,obs_domain_id=2,obs_point_id=3)",
        "sample(probability=100,sampling_port=1,egress)",
        "learn(table=9,in_port)",
        "learn(table=9,hard_timeout=5,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
        "learn(table=9,limit=5,result_dst=NXM_NX_REG0[0],delete_learned,load:5->NXM_NX_REG0[])",
        "multipath(symmetric_l4,1024,hrw,4,0,NXM_NX_REG0[])", "note:00.11.22", "note:",
        "exit", "clear_actions", "write_actions(output:1)", "write_metadata:5",
        "write_metadata:0x50/0xf0", "meter:7", "goto_table:7", "drop", "ct_clear", "ct()",
        "ct(commit)", "ct(commit,force)", "ct(table=7)", "ct(commit,zone=5)",
        "ct(commit,zone=NXM_NX_REG0[0..15])", "ct(commit,nat)", "ct(commit,nat(src=192.0.2.1))",
        "ct(commit,nat(dst=192.0.2.1-192.0.2.9:80-90,random))",
        "ct(commit,alg=tftp)", "ct(nat)",
        "ct(commit,exec(set_field:5->ct_mark))", "ct(commit,exec(load:5->NXM_NX_CT_LABEL[]))",
        "ct(commit,exec(move:NXM_NX_REG0[]->NXM_NX_CT_MARK[]),table=7,zone=1)",
        "check_pkt_larger(1000)->reg0[0]", "output:2,output:1",
    ),
    15: ("set_field:5->reg0", "move:NXM_NX_REG0[]->NXM_NX_REG1[]"),
    10: ("enqueue:1:5", "mod_vlan_vid:5,mod_vlan_pcp:3,strip_vlan"),
}  # fmt: skip
#: Actions that the matched packet must be fit for, with what is matched.
FITTING = (
    ("ip", "dec_ttl"), ("ip", "dec_ttl(1,2)"), ("ip", "mod_nw_src:192.0.2.1"),
    ("ip", "mod_nw_dst:192.0.2.1"), ("ip", "mod_nw_tos:8"), ("ip", "mod_nw_ecn:1"),
    ("ip", "mod_nw_ttl:9"), ("tcp", "mod_tp_src:9"), ("udp", "mod_tp_dst:9"),
    ("tcp", "fin_timeout(idle_timeout=5,hard_timeout=9)"), ("mpls", "set_mpls_label:5"),
    ("mpls", "set_mpls_tc:5"), ("mpls", "set_mpls_ttl:5"), ("mpls", "dec_mpls_ttl"),
    ("mpls", "pop_mpls:0x0800"), (_NSH, "dec_nsh_ttl"), (_NSH, "decap()"),
    ("packet_type=(1,0x894f)", "decap()"), ("ip", "conjunction(5,1/2)"),
    ("ip,conj_id=5", "drop"), (f"{_TRACKED},ip", "resubmit(,7,ct)"),
    ("icmp6", "set_field:3->icmpv6_type"),
    ("ipv6", f"set_field:{_IP6}->ipv6_src"), ("ipv6", "set_field:5->ipv6_label"),
    (_ND.format(135), f"set_field:{_IP6}->nd_target"), ("arp", "set_field:2->arp_op"),
    (_NSH, "set_field:5->nsh_spi"), ("dl_vlan=5", "set_field:0x1006->vlan_vid"),
    ("dl_vlan=5", "pop_vlan"), ("udp6", "ct(commit,nat(src=[fd00::1]))"),
    ("tcp", "ct(commit,alg=ftp)"),
)  # fmt: skip
#: What else a rule can have.
MARKS = {
    13: ("idle_timeout=900", "hard_timeout=900", "send_flow_rem", "no_packet_counts",
         "no_byte_counts", "reset_counts", "check_overlap"),
    15: ("importance=5",),
}  # fmt: skip
_NOTE_HEADER = 10  # bytes of a note before its own; ovs-actions(7)


def fields_of(features: str) -> list[str]:
    """Return every field that a switch says it can match: dump-table-features, OpenFlow 1.5."""
    lines = re.findall(r"(?:arbitrary mask|exact match or wildcard): (.*)", features)
    words = [word for line in lines[:2] for word in _split(line, " ")]
    return sorted({name for word in words for name in _expanded(word)})


def _split(text: str, by: str) -> list[str]:
    """Split at *by*, but not within braces."""
    out, depth = [""], 0
    for letter in text:
        depth += (letter == "{") - (letter == "}")
        if letter == by and not depth:
            out.append("")
        else:
            out[-1] += letter
    return [word for word in out if word]


def _expanded(word: str) -> list[str]:
    """Expand ``a_{b,c0...c3}`` and ``reg0...reg15`` to names."""
    if "{" in word:
        head, _, rest = word.partition("{")
        inner = rest.removesuffix("}")
        return [head + name for part in _split(inner, ",") for name in _expanded(part)]
    first, dots, last = word.partition("...")
    if not dots:
        return [word]
    stem = first.rstrip("0123456789")
    numbers = range(int(first[len(stem) :]), int(last[len(stem) :]) + 1)
    return [f"{stem}{n}" for n in numbers]


def matching(field: str) -> str:
    """Return a match that names *field*."""
    beside, value = _FIELDS[max((k for k in _FIELDS if field.startswith(k)), key=len)]
    return ",".join(word for word in (beside, f"{field}={value}") if word)


def rules(fields: list[str]) -> list[tuple[int, str]]:
    """Return (version of OpenFlow, rule) for every field and action; the table is not named."""
    out = [(13, f"{matching(field)},actions=drop") for field in fields if field not in INTERNAL]
    for version, actions in ACTIONS.items():
        out += [(version, f"udp,actions={action}") for action in actions]
    out += [(13, f"{match},actions={action}") for match, action in FITTING]
    for version, marks in MARKS.items():
        out += [(version, f"{mark},udp,actions=drop") for mark in marks]
    return out


def oversized(length: int, end: str) -> str:
    """Return a rule that ends with *end* and has *length* bytes of actions before, in OpenFlow 1.3.

    Args:
        length: A multiple of 8.
        end: The last action.
    """
    sizes = [16384] * (length // 16384) + ([length % 16384] if length % 16384 else [])
    notes = ["note:" + ".".join(["5a"] * (size - _NOTE_HEADER)) for size in sizes]
    return "ip,actions=" + ",".join([*notes, end])
