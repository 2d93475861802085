"""Run the gate on a plan with one fault planted: ``python -m tests.live.plant FAULT PLAN FOLDER``.

A fourth word names another suite: ``coverage``.

Runs inside the namespaces of one run, for `tests.live.test_faults`. A fault of the instrument
makes it blind in one way; a fault of the town opens a hole in the switches' tables by hand.
"""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from scenarios.capture import observations as observations_module
from scenarios.capture.packet_io import Sender, Wire
from scenarios.capture.places import Place
from scenarios.engine.session import Session
from scenarios.mutants import beneath
from scenarios.run.covering import Covering
from scenarios.run.runner import Check
from scenarios.suites.scope import Run
from sekisho.errors import LabError
from sekisho.openflow.flow_dump import FlowLine, flows
from sekisho.plan import load
from tests.live import tagged, undone
from topologies.network.netns import in_netns
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town

_TCP = 6
_SETTLES_A_WINDOW = 2
#: Faults that our own controller, which heals, is there for.
_HEALING = frozenset({"nothing", "tables_healed", "controller_stopped"})
_VICTIM = "juki.lan"
_ARRIVES_S = 5.0
_STANDING = ExitStack()  # faults that stand as long as their town


def capture_removed(town: Town, wire: Wire) -> None:
    """Nobody listens at the register any more."""
    wire.rings.pop(Place("attachment", _VICTIM)).close()


def token_search_off(town: Town, wire: Wire) -> None:
    """No frame is recognised."""
    setattr(observations_module, "frame_numbers", lambda run, data: [])  # noqa: B010  # on purpose


def sender_muted(town: Town, wire: Wire) -> None:
    """The wireless notebook's frames never leave."""
    position = [a.id for a in town.plan.attachments].index("nb.wireless")
    wire._senders[position] = _Mute()  # type: ignore[assignment]  # a socket that swallows


class _Mute:
    def send(self, data: bytes) -> int:
        return len(data)

    def close(self) -> None:
        pass


def twin_dropped(town: Town, wire: Wire) -> None:
    """The register's TCP twins are lost on the way."""
    inject, position = wire.inject, [a.id for a in town.plan.attachments].index(_VICTIM)
    wire.inject = lambda frames: inject(  # type: ignore[method-assign]
        [(p, data) for p, data in frames if p != position or data[23] != _TCP]
    )


def counter_ignored(town: Town, wire: Wire) -> None:
    """The counters of one switch are not read."""
    read = Session._drop_rules

    def blind(self: Session) -> dict[str, list[FlowLine]]:
        return {**read(self), "floor": []}

    Session._drop_rules = blind  # type: ignore[method-assign]


def copies_lost(town: Town, wire: Wire) -> None:
    """A capture lost one copy."""
    wire.rings[Place("attachment", _VICTIM)].dropped += 1


def copies_lost_once(town: Town, wire: Wire) -> None:
    """A capture lost one copy while the first window was tried, and none the second time."""
    send = wire.send

    def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
        wire.send = send  # type: ignore[method-assign]
        wire.rings[Place("attachment", _VICTIM)].dropped += 1
        send(frames)

    wire.send = sending  # type: ignore[method-assign]


def copies_lost_late(town: Town, wire: Wire) -> None:
    """A capture lost one copy when all windows had been judged."""
    close = Check._close

    def closing(self: Check, *parts: Any) -> None:
        wire.rings[Place("attachment", _VICTIM)].dropped += 1
        close(self, *parts)

    setattr(Check, "_close", closing)  # noqa: B010  # on purpose


def tables_changed(town: Town, wire: Wire) -> None:
    """Somebody adds a rule while frames are sent; it harms nothing, and nobody knows that."""
    send = wire.send

    def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
        send(frames)
        _change(town, "room", "add-flow", "table=8,priority=1,udp,actions=drop")

    wire.send = sending  # type: ignore[method-assign]


def tables_healed(town: Town, wire: Wire) -> None:
    """The same under a controller that heals: when anybody looks, the tables are as before."""
    tables_changed(town, wire)


def controller_stopped(town: Town, wire: Wire) -> None:
    """Our controller stands still from the first frame on: it vouches for nothing any more."""
    send = wire.send

    def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
        town.signal("controller", signal.SIGSTOP)
        send(frames)

    wire.send = sending  # type: ignore[method-assign]


def limit_lifted(town: Town, wire: Wire) -> None:
    """Frames may bear any number of tags, unlike in the town that was planned."""
    town.ovs.run("ovs-vsctl", "set", "Open_vSwitch", ".", "other_config:vlan-limit=0")


def setting_changed(town: Town, wire: Wire) -> None:
    """A switch is told to fail open while frames are sent; it does not fail, and all die."""
    send = wire.send

    def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
        send(frames)
        town.ovs.run("ovs-vsctl", "set-fail-mode", "room", "standalone")

    wire.send = sending  # type: ignore[method-assign]


def drop_rule_deleted(town: Town, wire: Wire) -> None:
    """Tagged frames are no longer dropped at the notebook's port."""
    _change(
        town,
        "floor",
        "--strict",
        "del-flows",
        "table=0,priority=400,in_port=1,vlan_tci=0x1000/0x1000",
    )


def allow_widened(town: Town, wire: Wire) -> None:
    """The permission of the wired notebook is given to the wireless one, on both switches."""
    for switch in ("floor", "room"):
        for line in _lines(town, switch, 5, "priority=200"):
            if line.match.get("metadata") == "0x1000001/0xff0000ff" and "tp_dst" in line.match:
                wide = line.head.replace("metadata=0x1000001", "metadata=0x1000002")
                wide = wide.replace("priority=200", "priority=210")
                rule = f"table=5,cookie={line.cookie},{wide},actions={line.actions}"
                _change(town, switch, "add-flow", rule)


def hole_mended(town: Town, wire: Wire) -> None:
    """The same, but only while the gate's own frames are sent: nothing leaks afterwards."""
    allow_widened(town, wire)
    settle, calls = wire.settle, []

    def settling(is_over: Callable[[], bool] | None = None) -> None:
        settle(is_over)
        calls.append(1)
        if len(calls) == _SETTLES_A_WINDOW:
            for switch in ("floor", "room"):
                for line in _lines(town, switch, 5, "priority=210"):
                    _change(town, switch, "--strict", "del-flows", f"table=5,{line.head}")

    wire.settle = settling  # type: ignore[method-assign]


def wrong_class(town: Town, wire: Wire) -> None:
    """The port of the wireless notebook is taken for a wired one."""
    (right,) = _lines(town, "floor", 0, "priority=200,ip,in_port=1,")
    (own,) = _lines(town, "floor", 0, "priority=200,ip,in_port=2,")
    rule = f"table=0,cookie={own.cookie},{own.head},actions={right.actions}"
    _change(town, "floor", "add-flow", rule)


def anti_spoofing_off(town: Town, wire: Wire) -> None:
    """The wireless port lets in whatever addresses are claimed there."""
    (own,) = _lines(town, "floor", 0, "priority=200,ip,in_port=2,")
    _change(town, "floor", "add-flow", f"table=0,priority=150,ip,in_port=2,actions={own.actions}")


def switch_normal(town: Town, wire: Wire) -> None:
    """One switch has become an ordinary learning switch."""
    _change(town, "floor", "del-flows")
    _change(town, "floor", "add-flow", "actions=NORMAL")


def cell_rule_deleted(town: Town, wire: Wire) -> None:
    """The dropping rule of one cell is gone; what it dropped dies one rule later."""
    _change(
        town, "floor", "--strict", "del-flows", "table=5,priority=100,metadata=0x1000002/0xff0000ff"
    )


def silence_missed(town: Town, wire: Wire) -> None:
    """The switches never fall silent, as if frames went round."""

    def settling(is_over: Callable[[], bool] | None = None) -> None:
        raise LabError("the switches never fell silent")

    wire.settle = settling  # type: ignore[method-assign]


def silence_missed_beside_a_leak(town: Town, wire: Wire) -> None:
    """The same, and one permission is too wide."""
    allow_widened(town, wire)
    settle = wire.settle

    def settling(is_over: Callable[[], bool] | None = None) -> None:
        settle(is_over)
        raise LabError("the switches never fell silent")

    wire.settle = settling  # type: ignore[method-assign]


def replies_forgotten(town: Town, wire: Wire) -> None:
    """A service that only listens is heard from no more: its way back is gone at its own switch."""
    _change(town, "room", "del-flows", "table=5,udp,tp_src=514")


def idle_rule(town: Town, wire: Wire) -> None:
    """Somebody has left a rule that nobody needs."""
    _change(town, "room", "add-flow", "table=5,priority=7,tcp,tp_dst=1,actions=drop")


def rule_shadowed(town: Town, wire: Wire) -> None:
    """A rule above that of the register's own replies does the same: nothing else is changed."""
    (own,) = _lines(
        town, "room", 5, "priority=200,ct_state=-new+est-rel+rpl-inv+trk,tcp,metadata=0x10100/"
    )
    head = own.head.replace("priority=200", "priority=210")
    rule = f"table=5,cookie={own.cookie},{head},actions={own.actions}"
    _change(town, "room", "add-flow", rule)


def kernel_routes(town: Town, wire: Wire) -> None:
    """The kernel sends on, past Open vSwitch, what `www` says to one port of the register."""
    (fault,) = (f for f in beneath.faults(town.plan) if "what a rule picks" in f.words)
    _STANDING.enter_context(fault.plant(town, wire))
    source, target = town.plan.attachment["www.lan"], town.plan.attachment[_VICTIM]
    with in_netns(town.pid(target)):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with in_netns(town.pid(source)):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with server, client:
        server.settimeout(_ARRIVES_S)
        server.bind((str(target.ip), beneath.HOLE_PORT))
        client.sendto(b"past all tables", (str(target.ip), beneath.HOLE_PORT))
        (town.folder / "arrived.txt").write_bytes(server.recv(64))
    for _ in wire.heard():  # the hole is shown to be one; the run itself does not see it
        pass


def cable_narrowed(town: Town, wire: Wire) -> None:
    """The register's cable takes no frame of full length."""
    _STANDING.enter_context(beneath.narrowed(town.plan.attachment[_VICTIM])(town, wire))


def packets_filtered(town: Town, wire: Wire) -> None:
    """Somebody has begun a packet filter among the switches."""
    _STANDING.enter_context(beneath.filtered(town, wire))


def nothing(town: Town, wire: Wire) -> None:
    """No fault at all."""


FAULTS: dict[str, Callable[[Town, Wire], None]] = {
    f.__name__: f
    for f in (
        capture_removed,
        token_search_off,
        sender_muted,
        twin_dropped,
        counter_ignored,
        copies_lost,
        copies_lost_late,
        copies_lost_once,
        tables_changed,
        tables_healed,
        controller_stopped,
        limit_lifted,
        setting_changed,
        drop_rule_deleted,
        allow_widened,
        hole_mended,
        wrong_class,
        anti_spoofing_off,
        switch_normal,
        cell_rule_deleted,
        silence_missed,
        silence_missed_beside_a_leak,
        replies_forgotten,
        idle_rule,
        rule_shadowed,
        kernel_routes,
        cable_narrowed,
        packets_filtered,
        tagged.neighbours_tag,
        tagged.no_tag,
        tagged.second_tag,
        undone.mirrored_meanwhile,
        undone.cabled_meanwhile,
        undone.air_opened_meanwhile,
        undone.air_unheard,
        nothing,
    )
}


def _lines(town: Town, switch: str, table: int, start: str) -> list[FlowLine]:
    found = flows(town.ovs.flows(switch))
    return [x for x in found if x.table == table and x.text.startswith(start)]


def _change(town: Town, switch: str, *words: str) -> None:
    flags = [w for w in words if w.startswith("--")]
    command, *rest = [w for w in words if not w.startswith("--")]
    town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *flags, command, switch, *rest)


def main() -> None:
    """Run and end with the run's exit status."""
    fault, plan, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    suite = sys.argv[4] if len(sys.argv) > 4 else "gate"
    run = Run(folder.name, suite, 1, "", "")
    guard = OWN_GUARD if fault in _HEALING else LENIENT_GUARD
    told = load(plan)
    town = Town(told, folder=folder.resolve(), work=Path("/run/sekisho"), guard=guard)
    kind = Covering if suite == "coverage" else Check
    check = kind(told, folder.resolve(), run, town=town)
    sys.exit(check.run(meddle=FAULTS[fault]))


if __name__ == "__main__":
    main()
