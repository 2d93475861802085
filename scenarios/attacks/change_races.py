"""TM: moments. What passes while something changes is tried by the events, under a stream."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.inet import IP

from scenarios.probes.builders import frame, tcp, udp
from scenarios.probes.headers import datagram, opening
from scenarios.probes.registry import Kind, Sendable, entry, note
from scenarios.probes.roles import Roles

_EVENTS = (
    ("TM-01", "links up before the controller", "Open vSwitch, fail_mode", "boot"),
    ("TM-02", "the controller dies", "DELTA 1.2.030", "controller killed"),
    ("TM-03", "the controller comes back", "ofproto, bundles", "controller restarted"),
    ("TM-04", "a switch starts again", "Neutron bug 1290486", "switch restarted"),
    ("TM-05", "a port moves to another class and back", "SIGCOMM 2012: Reitblat", "port change"),
    ("TM-06", "the plan is put in force again", "OpenFlow 1.4, bundles", "reload"),
    ("TM-07", "an allowance is taken back in mid-conversation", "Open vSwitch, revalidator",
     "reload"),
    ("TM-08", "a rule expires when idle", "OpenFlow 1.3.5, 5.5", "tables wiped"),
    ("TM-09", "a rule expires at its time", "OpenFlow 1.3.5, 5.5", "tables wiped"),
    ("TM-10", "the tables are full", "DELTA 3.1.050", "tables overfilled"),
    ("TM-11", "a notebook moves from the wall to the air", "IEEE 802.11r", "port change"),
    ("TM-12", "a line breaks and the spare one takes over", "RFC 1191; VP-07", "link cut"),
    ("TM-13", "how long a cached decision lives", "Open vSwitch, max-revalidator", "reload"),
    ("TM-14", "a packet overtakes the rules on its way", "HotSDN 2013: OF.CPP", "boot"),
    ("TM-15", "a second controller", "DELTA 1.2.010", "controller restarted"),
    ("TM-16", "the connection breaks in the middle of a change", "OpenFlow 1.4, bundles",
     "controller hung"),
    ("TM-19", "a port goes down and up", "OpenFlow 1.3.5, 7.4.3", "link cut"),
    ("TM-22", "the machine is busy", "DELTA 3.1.010", "controller hung"),
    ("TM-24", "a barrier that is answered too early", "PAM 2015: Kuzniar", "reload"),
)  # fmt: skip

ELSEWHERE = tuple(
    note(number, name, source, kind=Kind.ELSEWHERE, reason=f"events: {event}")
    for number, name, source, event in _EVENTS
)


@entry("TM-17", "an address that was another's a moment ago", "RFC 2131; RFC 7513")
def reused_address(r: Roles) -> Iterator[Sendable]:
    """Addresses belong to ports for good: the former owner's address opens nothing here."""
    for former in (r.t, r.w2):
        yield frame(r.w, r.g) / IP(src=former.ip, dst=r.r.ip) / opening(r.r)
        yield frame(r.w, r.g) / IP(src=former.ip, dst=r.r.ip) / datagram()


NOT_SENT_18 = note(
    "TM-18",
    "an address is forgotten and its traffic flooded",
    "Open vSwitch, mac-aging-time",
    kind=Kind.SKIPPED,
    reason="takes 301 s of silence; the switches learn no addresses, so none is forgotten",
)
NOT_SENT_20 = note(
    "TM-20",
    "a policy that depends on the clock",
    "policy",
    kind=Kind.SKIPPED,
    reason="a check judges one moment, which is said (`--at`): its frames do not wait for another",
)


@entry("TM-21", "the tracker is emptied", "nf_conntrack; Open vSwitch, flush", kind=Kind.STATEFUL)
def emptied_tracker(r: Roles) -> Iterator[Sendable]:
    """The window begins with empty trackers: the middle of a conversation must not open one."""
    for flags in ("A", "PA"):
        yield tcp(r.w, r.g, r.r, flags)
        yield r.t.id, tcp(r.t, r.g, r.r, flags)
    yield udp(r.w, r.g, r.r)


NOT_SENT_23 = note(
    "TM-23",
    "a day of soaking",
    "soak test",
    kind=Kind.SKIPPED,
    reason="takes 24 hours; run it by hand with `sekisho check` in a loop",
)
