"""Faults in what switches are told besides rules: how they fail, what they parse, what they hold.

A setting that no probe can notice, because the tables stand in its way, is still not as planned:
then the witness of settings tells it, as it would make inconclusive a gate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from signal import SIGKILL

from scenarios.mutants.harness import KILLED, SURVIVED, Mutant, MutantResult, MutationHarness
from sekisho.errors import LabError
from sekisho.model import Plan
from sekisho.mutation.catalogue import KILLERS

_FAIL_OPEN_S = 30.0  # three intervals of the inactivity probe, ovs-vswitchd.conf.db(5)

#: What to do with the words that set something, and with those that set it back.
Words = tuple[str, ...]


def mutants(plan: Plan) -> list[Mutant]:
    """Return the faults of switch settings, on the first switch with terminals and on the last."""
    own = [s.id for s in plan.switches if any(a.at.switch == s.id for a in plan.attachments)]
    first, last = own[0], own[-1]
    trunk = next((e for x in plan.links for e in (x.a, x.b) if e.switch == first), None)
    port = f"{first}-eth{trunk.port if trunk else plan.attachments[0].at.port}"
    bridge = ("ovs-vsctl", "set", "Bridge")
    clear = ("ovs-vsctl", "remove", "Open_vSwitch", ".", "other_config", "vlan-limit")
    limit = ("ovs-vsctl", "set", "Open_vSwitch", ".")
    out = [_standalone(name) for name in dict.fromkeys((first, last))]
    out += [
        _set(("M-24",), first, "in-band control is on",
             (*bridge, first, "other_config:disable-in-band=false"),
             (*bridge, first, "other_config:disable-in-band=true")),
        *(_set(("M-26",), "all switches", f"the limit of VLAN tags is {n}",
               (*limit, f"other_config:vlan-limit={n}"), clear) for n in (0, 2)),
        _set(("M-26",), port, "a port between switches has VLANs of its own",
             ("ovs-vsctl", "set", "Port", port, "vlan_mode=trunk", "trunks=1,10,4095"),
             ("ovs-vsctl", "clear", "Port", port, "vlan_mode", "trunks")),
    ]  # fmt: skip
    frags = ("ovs-ofctl", "-O", "OpenFlow13", "set-frags")
    out += [
        _set(("M-27",), last, f"fragments are handled as {mode}",
             (*frags, last, mode), (*frags, last, "normal")) for mode in ("nx-match", "drop")
    ]  # fmt: skip
    return [*out, *(_limited(first, policy) for policy in ("evict", "refuse"))]


def _set(ids: tuple[str, ...], place: str, words: str, there: Words, back: Words) -> Mutant:
    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        harness.town.ovs.run(*there)
        try:
            yield
        finally:
            harness.town.ovs.run(*back)

    return Mutant(ids, "switch", place, words, planted, _tried(ids))


def _tried(ids: tuple[str, ...]) -> Callable[[MutationHarness], MutantResult]:
    """Try the gate and the attacks on the setting; what dies all the same, the witness tells."""

    def tried(harness: MutationHarness) -> MutantResult:
        suite = harness.suite(None)
        try:
            told = harness.gate_and_talk(suite, None)
        except LabError as error:  # frames that go round: a gate would end here, inconclusive
            return MutantResult(KILLED, "the wire", f"inconclusive: {error}", len(suite))
        if told is None:
            told = harness.attacks([name for one in ids for name in KILLERS.get(one, ())], None)
        return told or _witness(harness, len(suite))

    return tried


def _witness(harness: MutationHarness, cases: int) -> MutantResult:
    found = harness.witnesses(after_s=0.0)
    if found is not None:
        return MutantResult(
            KILLED, found.by, f"{found.how}; every probe still dies by its rule", cases
        )
    return MutantResult(SURVIVED, "", "no probe and no witness told the setting", cases)


def _standalone(switch: str) -> Mutant:
    """The switch fails open, and then its controller dies: it becomes an ordinary switch."""

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        ovs = harness.town.ovs
        probe = ("ovs-vsctl", "set", "Controller", ovs.run(
            "ovs-vsctl", "get", "Bridge", switch, "controller").strip(" []\n"))  # fmt: skip
        ovs.run("ovs-vsctl", "set-fail-mode", switch, "standalone")
        ovs.run(*probe, "inactivity_probe=1000")
        try:
            harness.town.end("controller", how=SIGKILL)
            _await_open(harness, switch)
            yield
        finally:
            ovs.run("ovs-vsctl", "set-fail-mode", switch, "secure")
            ovs.run("ovs-vsctl", "clear", *probe[2:], "inactivity_probe")
            before = len(harness.town.facts())
            harness.town.start_guard()
            harness.town.wait_for("town-in-force", timeout_s=60, after=before)

    words = "fail-mode standalone, and the controller is gone"
    ids = ("M-23", "M06")
    return Mutant(ids, "switch", switch, words, planted, _tried(ids))


def _await_open(harness: MutationHarness, switch: str) -> None:
    """Wait until the switch has given up waiting: its hidden rules show it (ovs-appctl(8))."""
    deadline = time.monotonic() + _FAIL_OPEN_S
    while "actions=NORMAL" not in harness.town.ovs.appctl("bridge/dump-flows", switch):
        if time.monotonic() > deadline:
            raise LabError(f"{switch} did not fail open within {_FAIL_OPEN_S:.0f} s")
        time.sleep(0.1)


def _limited(switch: str, policy: str) -> Mutant:
    """The policy table may hold fewer rules than it does."""

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        ovs = harness.town.ovs
        ovs.run(
            "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=9",
            f"overflow_policy={policy}", "--", "set", "Bridge", switch, "flow_tables:5=@t",
        )  # fmt: skip
        try:
            yield
        finally:
            ovs.run("ovs-vsctl", "clear", "Bridge", switch, "flow_tables")

    words = f"a table may hold 9 rules, then {policy}"
    return Mutant(("M-37",), "switch", switch, words, planted, _tried(("M-37",)))
