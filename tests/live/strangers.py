"""A controller among strangers: ``python -m tests.live.strangers PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_strangers`, on one booted town whose
guard heals; prints what happened as one JSON object.
"""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sekisho.errors import LabError
from sekisho.openflow.flow_dump import digest, flows
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from tests.live import kinds
from topologies.ovs import state
from topologies.ovs.daemon import OPENFLOW_PORT
from topologies.town import Town

#: The hole of the README: whatever is allowed to nobody passes the policy.
HOLE = "table=5,priority=300,ip,actions=goto_table:8"
#: What must be there before a rule may name it.
_GROUP = ("mod-group", "floor", "group_id=77,type=all,bucket=output:1")
_METER = ("add-meter", "floor", "meter=7,kbps,band=type=drop,rate=1")
_WIDE = "table=5,priority=301,cookie=0x99,"
_WHERE, _MARK = "table=1,priority={},cookie=0x99,", "cookie=0x99,"
#: Registers and options of tunnels but the first: tried together, not each.
_ALIKE = re.compile(r"(x*reg|tun_metadata)[1-9]\d*")
_SETTLED_S, _POLL_S = 30.0, 0.005
_SIZES = (65432, 65440, 65448)  # bytes of notes: the reply is full, and longer than can be said
_ALL_VERSIONS = "protocols=[OpenFlow10,OpenFlow13,OpenFlow15]"
_REPLY, _PIECE = 19, 1 << 16  # OFPT_MULTIPART_REPLY


class Night:
    """The town, and what is put into it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.own = self.digest()

    def ofctl(self, version: int, *words: str) -> str:
        """Speak to a switch behind the controller's back."""
        return self.town.ovs.run("ovs-ofctl", "-O", f"OpenFlow{version}", *words)

    def digest(self) -> dict[str, str]:
        """Return a digest of every switch's rules."""
        switches = [s.id for s in self.town.plan.switches]
        return {name: digest(flows(self.town.ovs.flows(name))) for name in switches}

    def put(self, version: int, *rules: str, switch: str = "floor") -> None:
        """Add rules to a switch, in one go."""
        if any("group:77" in rule for rule in rules):
            self.ofctl(13, "--may-create", *_GROUP)
        if any("meter:7" in rule or "meter_id=7" in rule for rule in rules):
            with suppress(LabError):  # it is there already
                self.ofctl(13, *_METER)
        path = self.town.folder / "rules.txt"
        path.write_text("".join(f"{rule}\n" for rule in rules))
        self.ofctl(version, "add-flows", switch, str(path))

    def healed(self, meddle: Callable[[], object], switch: str = "floor") -> dict[str, Any]:
        """Let *meddle* happen; return what was stated until the switch was in force again."""
        before, began = len(self.town.facts()), time.monotonic()
        meddle()
        left = ["not looked at"]
        while left and time.monotonic() - began < _SETTLED_S:
            time.sleep(_POLL_S)
            said = [f for f in self.town.facts()[before:] if f.get("switch") == switch]
            if said and said[-1]["event"] == "in-force":
                left = self.left(switch)
        facts = self.town.facts()[before:]
        return {
            "seconds": round(time.monotonic() - began, 2),
            "left": left,
            "events": [f["event"] for f in facts],
            "why": [f["why"] for f in facts if "why" in f],
        }

    def left(self, switch: str) -> list[str]:
        """Return which strangers a switch holds: those with our mark, and the hole."""
        found = self.ofctl(13, "dump-flows", "--no-stats", switch).splitlines()
        hole = "table=5, priority=300,ip actions="
        left = [line[:200] for line in found if _MARK in line or hole in line]
        counted = self.ofctl(13, "dump-aggregate", switch).rpartition("flow_count=")[2]
        told = sum("actions=" in line for line in found)
        return left if int(counted) == told else [*left, f"{counted.strip()} rules, {told} told"]


def story(town: Town) -> dict[str, Any]:
    """Let the night pass."""
    town.await_in_force()
    night = Night(town)
    features = _prepare(night)
    fields = kinds.fields_of(features)
    rules = kinds.rules(fields)
    few = kinds.rules([f for f in fields if not _ALIKE.fullmatch(f)])
    out: dict[str, Any] = {"fields": fields, "kinds": len(few), "together kinds": len(rules)}
    out["each"] = {
        f"{version}: {rule}": night.healed(
            lambda v=version, r=rule: night.put(v, _WHERE.format(9) + r, HOLE)  # type: ignore[misc]  # bound at once
        )
        for version, rule in few
    }
    out["together"] = _together(night, rules)
    out["oversized"] = {
        size: night.healed(
            lambda s=size: night.put(13, _WIDE + kinds.oversized(s, "goto_table:8"), HOLE)  # type: ignore[misc]  # bound at once
        )
        for size in _SIZES
    }
    out["untold"] = _untold(night)
    out["groups"] = _groups(night)
    out["silent"] = _silent(night)
    out["same"] = night.digest() == night.own
    out["in force"] = _in_force(night)
    town.check()
    return out


def _prepare(night: Night) -> str:
    """Let the switch speak all versions; return what it says of its tables."""
    town = night.town
    town.ovs.run("ovs-vsctl", "set", "Bridge", "floor", _ALL_VERSIONS)
    options = (f"{{class=0xffff,type={n},len=4}}->tun_metadata{n}" for n in range(64))
    night.ofctl(15, "add-tlv-map", "floor", ",".join(options))
    _in_force(night)
    return night.ofctl(15, "dump-table-features", "floor")


def _in_force(night: Night) -> str:
    """Ask the controller until it is in force; return why it is not, if it never is."""
    deadline = time.monotonic() + _SETTLED_S
    while (why := night.town.in_force_now()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return why


def _together(night: Night, rules: list[tuple[int, str]]) -> dict[str, Any]:
    """Put all of them in while the controller stands still; it finds them all at once."""
    town = night.town
    town.signal("controller", signal.SIGSTOP)
    why = town.in_force_now()

    def plant() -> None:
        for priority, (version, rule) in enumerate(rules, 1000):
            night.put(version, _WHERE.format(priority) + rule)
        night.put(13, HOLE)
        town.signal("controller", signal.SIGCONT)

    out = night.healed(plant)
    return {**out, "stopped": why}


def _untold(night: Night) -> list[str]:
    """Put one in that is too long while the controller stands still; return what is seen."""
    town = night.town
    town.signal("controller", signal.SIGSTOP)
    night.put(13, _WIDE + kinds.oversized(_SIZES[-1], "goto_table:8"))
    said = state.read(town).statements
    town.signal("controller", signal.SIGCONT)
    _in_force(night)
    return sorted(s.text for s in said if s.kind == "hidden rule" and "told" in s.text)


def _groups(night: Night) -> dict[str, Any]:
    """Groups and meters that no rule names: nobody is told of them, but who asks."""
    out: dict[str, Any] = {}
    for word, words in {"group": ("--may-create", *_GROUP), "meter": _METER}.items():
        night.ofctl(13, *words)
        why = night.town.in_force_now()
        _in_force(night)
        dumped = night.ofctl(13, f"dump-{word}s", "floor")
        out[word] = {"why": why, "left": "type=all" in dumped or "rate=" in dumped}
    return out


def _silent(night: Night) -> dict[str, Any]:
    """One switch answers no question any more; a hole is put into both."""
    town, out = night.town, dict[str, Any]()
    with _relay() as (port, mute):
        before = len(town.facts())
        town.ovs.run("ovs-vsctl", "set-controller", "floor", f"tcp:127.0.0.1:{port}")
        town.wait_for("town-in-force", timeout_s=_SETTLED_S, after=before)
        mute.set()
        before = len(town.facts())
        night.put(13, HOLE)
        out["other"] = night.healed(lambda: night.put(13, HOLE, switch="room"), "room")
        out["asked"] = town.in_force_now()
        out["trouble"] = town.wait_for("trouble", timeout_s=_SETTLED_S, after=before)
        try:
            town.check()
        except LabError as error:
            out["town"] = str(error)
        mute.clear()
        out["after"] = night.healed(lambda: None)
        town.ovs.run("ovs-vsctl", "set-controller", "floor", f"tcp:127.0.0.1:{OPENFLOW_PORT}")
        _in_force(night)
    return out


@contextmanager
def _relay() -> Iterator[tuple[int, threading.Event]]:
    """Stand between a switch and the controller; swallow its multipart replies while told so."""
    mute = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as door:

        def accept() -> None:
            while True:
                try:
                    switch = door.accept()[0]
                except OSError:
                    return
                guard = socket.create_connection(("127.0.0.1", OPENFLOW_PORT))
                for source, target, is_answer in ((switch, guard, True), (guard, switch, False)):
                    threading.Thread(
                        target=_carry, args=(source, target, is_answer and mute), daemon=True
                    ).start()

        threading.Thread(target=accept, daemon=True).start()
        yield door.getsockname()[1], mute


def _carry(source: socket.socket, target: socket.socket, mute: threading.Event | bool) -> None:
    """Carry OpenFlow messages one way until either side ends."""
    data = b""
    try:
        while more := source.recv(_PIECE):
            data += more
            while len(data) >= 8 and len(data) >= (size := int.from_bytes(data[2:4], "big")):
                message, data = data[:size], data[size:]
                if not (message[1] == _REPLY and mute and mute is not True and mute.is_set()):
                    target.sendall(message)
    except OSError:
        pass
    finally:
        for one in (source, target):
            one.close()


def main() -> None:
    """Boot, live through the night, and print it."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    with Town(plan, folder=folder, work=WORK) as town:
        out = story(town)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
