"""Holes at a port under VLAN tags (`tests.trunks`), put into the tables by hand."""

from __future__ import annotations

from dataclasses import replace

from scenarios.capture.packet_io import Wire
from sekisho.openflow.flow_dump import FlowLine, flows
from tests.trunks import APP, STAFF
from topologies.town import Town

_SWITCH = "sw"
_OFCTL = ("ovs-ofctl", "-O", "OpenFlow13", "add-flow", _SWITCH)


def neighbours_tag(town: Town, wire: Wire) -> None:
    """The staff machine is let in under the tag of the other one too."""
    own = _line(town, 0, f"dl_vlan={STAFF},")
    _add(town, replace(own, text=own.text.replace(f"dl_vlan={STAFF},", f"dl_vlan={APP},")))


def no_tag(town: Town, wire: Wire) -> None:
    """The staff machine is let in without a tag too."""
    own = _line(town, 0, f"dl_vlan={STAFF},")
    bare = own.text.replace(f"dl_vlan={STAFF},", "vlan_tci=0x0000/0x1000,")
    _add(town, replace(own, text=bare.replace("pop_vlan,", "")))


def second_tag(town: Town, wire: Wire) -> None:
    """What is for the staff machine comes down under the tag of the other one too."""
    own = _line(town, 8, f"set_field:{0x1000 | STAFF}->vlan_vid,output")
    tag, out = f"set_field:{0x1000 | APP}->vlan_vid", own.text.rpartition(",")[2]
    _add(town, replace(own, text=f"{own.text},{tag},{out}"))


def _line(town: Town, table: int, text: str) -> FlowLine:
    """Return the rule about IPv4 packets with *text* in it."""
    found = flows(town.ovs.flows(_SWITCH))
    return next(x for x in found if x.table == table and text in x.text and ",ip," in x.text)


def _add(town: Town, line: FlowLine) -> None:
    """Put a rule above the one that it was made from."""
    above = line.head.replace(f"priority={line.priority}", f"priority={line.priority + 10}")
    words = f"table={line.table},cookie={line.cookie},{above},actions={line.actions}"
    town.ovs.run(*_OFCTL, words)
