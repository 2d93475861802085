"""An evening in the life of the controller: ``python -m tests.live.guarded PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_guard`, on one booted town; prints
what happened as one JSON object.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from sekisho.model import Plan
from sekisho.openflow.flow_dump import digest, flows
from sekisho.openflow.rules import Cookie, Kind
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.network.netns import in_netns
from topologies.town import LENIENT_GUARD, Town

_SECONDS = 60.0
_FOREIGN = "cookie=0x99,table=5,priority=999,ip,actions=NORMAL"
_STRANGER = "cookie=0x98,table=0,priority=998,ipv6,hard_timeout=900,actions=drop"
_OWN = "table=0,priority=300,in_port=1,ipv6"
_LEARNER = "cookie=0x97,table=0,priority=997,tcp,actions=learn(table=9,in_port)"
_TO_THE_GUARD = "cookie=0x96,table=0,priority=996,arp,actions=CONTROLLER:64"


class Evening:
    """The town and what the tests want to know about it."""

    def __init__(self, town: Town) -> None:
        self.town, self.plan = town, town.plan

    def ofctl(self, *words: str) -> str:
        """Speak to a switch behind the controller's back."""
        return self.town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)

    def tables(self) -> dict[str, Any]:
        """Return every switch's rules as (table, priority, cookie), and a digest of each."""
        dumps = {s.id: flows(self.town.ovs.flows(s.id)) for s in self.plan.switches}
        return {
            name: {
                "rules": sorted((x.table, x.priority, x.cookie) for x in lines),
                "digest": digest(lines),
            }
            for name, lines in dumps.items()
        }

    def page(self, source: str, target: str, *, header_bytes: int = 0) -> str:
        """Ask for a page as a user would, from one interface; empty if there is no answer."""
        a, b = self.plan.attachment[source], self.plan.attachment[target]
        command = f"curl -sk -m 2 --interface {self.town.interface(a)}"
        command += f" -H X-Long:{'x' * header_bytes} https://{b.ip}/"
        return str(self.town.net.get(a.device).cmd(command))

    def pages(self) -> dict[str, str]:
        """Return what an allowed and a denied notebook see of the register."""
        return {
            "allowed": self.page("nb.wired", "juki.lan"),
            "denied": self.page("nb.wireless", "juki.lan"),
        }

    def told_after(self, meddle: Callable[[], object]) -> str:
        """Open a conversation, let *meddle* happen, and return what the server then answers."""
        a, b = self.plan.attachment["nb.wired"], self.plan.attachment["www.lan"]
        with in_netns(self.town.pid(a)):
            client = socket.socket()
        with client:
            client.setsockopt(
                socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.town.interface(a).encode()
            )
            client.settimeout(3)
            client.connect((str(b.ip), 80))
            meddle()
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            try:
                return client.recv(4096).decode()
            except TimeoutError:
                return ""

    def wipe(self, switch: str) -> None:
        """Take every rule from a switch and let it connect anew."""
        self.ofctl("del-flows", switch)
        self.town.ovs.appctl("bridge/reconnect", switch)

    def revoke(self, clause: str) -> None:
        """Take the rules of one clause from the first switch, and nothing else."""
        number = 1 + [c.id for c in self.plan.clauses].index(clause)
        for kind in (Kind.OPEN, Kind.CONTINUE, Kind.REPLY):
            cookie = int(Cookie(kind, number))
            self.ofctl("del-flows", "floor", f"cookie={cookie:#x}/0xffffffff00000000")

    def new_guard(self, plan: str = "", until: str = "town-in-force") -> list[dict[str, Any]]:
        """Start a controller; return what it states until it is in force, or has ended."""
        before = len(self.town.facts())
        self.town.plan = replace(self.plan, path=plan or self.plan.path)
        self.town.start_guard()
        self.town.plan = self.plan
        return self.stated(until, before)

    def stated(self, event: str, before: int) -> list[dict[str, Any]]:
        """Return the facts since number *before*, up to *event* or the controller's end."""
        process, deadline = self.town._processes["controller"], time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            facts = self.town.facts()[before:]
            if any(fact["event"] == event for fact in facts) or process.poll() is not None:
                return self.town.facts()[before:]
            time.sleep(0.05)
        return self.town.facts()[before:]


def story(town: Town, folder: Path) -> dict[str, Any]:
    """Let the evening pass."""
    evening, out = Evening(town), dict[str, Any]()
    town.await_in_force()
    out["start"] = town.facts()
    out["tables"] = evening.tables()
    out["pages"] = evening.pages()
    out["large page"] = evening.page("nb.wired", "juki.lan", header_bytes=2900)
    out["bridges"] = _bridges(town)
    return out | _deaths(evening) | _losses(evening) | _refusals(evening, folder)


def _deaths(evening: Evening) -> dict[str, Any]:
    """The controller is killed three times; twice somebody meddles before the next one starts."""
    town, out = evening.town, dict[str, Any]()
    town.end("controller", how=signal.SIGKILL)
    out["dead"] = {"tables": evening.tables(), "pages": evening.pages()}
    out["restart"] = evening.new_guard()

    town.end("controller", how=signal.SIGKILL)
    evening.ofctl("add-flow", "floor", _FOREIGN)
    evening.ofctl("del-flows", "--strict", "floor", _OWN)
    out["meddled"] = evening.new_guard()
    out["meddled tables"] = evening.tables()

    town.end("controller", how=signal.SIGKILL)
    evening.ofctl("add-flow", "room", _STRANGER)
    evening.ofctl("add-flow", "room", _LEARNER)
    out["strangers"] = evening.new_guard()
    out["strangers tables"] = evening.tables()
    return out


def _losses(evening: Evening) -> dict[str, Any]:
    """Rules are lost under a living guard, and one sends packets to it."""
    town, out = evening.town, dict[str, Any]()
    out["conversation"] = evening.told_after(lambda: None)
    out["conversation cut"] = evening.told_after(lambda: evening.revoke("A02"))

    before = len(town.facts())
    evening.wipe("floor")
    out["wiped"] = evening.stated("town-in-force", before)
    out["wiped tables"] = evening.tables()
    out["wiped pages"] = evening.pages()
    out["quiet"] = town.facts()

    before = len(town.facts())
    evening.ofctl("add-flow", "floor", _TO_THE_GUARD)
    town.net.get("nb").cmd("ip neigh flush all")
    evening.page("nb.wired", "juki.lan")
    out["packet-in"] = evening.stated("packet-in", before)
    return out


def _refusals(evening: Evening, folder: Path) -> dict[str, Any]:
    """Twice the controller cannot do its work: a table is full, and its plan is of another town."""
    town, out = evening.town, dict[str, Any]()
    town.ovs.run(
        "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=9", "overflow_policy=refuse",
        "--", "set", "Bridge", "floor", "flow_tables:5=@t",
    )  # fmt: skip
    before = len(town.facts())
    evening.wipe("floor")
    out["refused"] = evening.stated("trouble", before)
    before = len(town.facts())
    town.ovs.run("ovs-vsctl", "clear", "Bridge", "floor", "flow_tables")
    out["refused no more"] = evening.stated("town-in-force", before)
    town.end("controller")
    out["wrong plan"] = evening.new_guard(str(_one_switch(town.plan, folder)), until="trouble")
    out["alive"] = town._processes["controller"].poll() is None
    return out


def _bridges(town: Town) -> dict[str, dict[str, str]]:
    """Return what the database says about every switch."""
    ask = town.ovs.run
    return {
        s.id: {
            "fail_mode": ask("ovs-vsctl", "get", "Bridge", s.id, "fail_mode").strip(),
            "in_band": ask(
                "ovs-vsctl", "get", "Bridge", s.id, "other_config:disable-in-band"
            ).strip(),
            "protocols": ask("ovs-vsctl", "get", "Bridge", s.id, "protocols").strip(),
        }
        for s in town.plan.switches
    }


def _one_switch(plan: Plan, folder: Path) -> Path:
    """Write the tiny plan again with only one of its two switches."""
    text = Path(plan.path).read_text(encoding="utf-8")
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("  room:", "links:", '  - {a: "floor:8"'))
    ]
    out = folder / "one-switch.yaml"
    joined = "\n".join(lines).replace("room:1", "floor:4").replace("room:2", "floor:5")
    out.write_text(joined + "\n", encoding="utf-8")
    return out


def main() -> None:
    """Boot, live through the evening, and print it."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    with Town(plan, folder=folder, work=WORK, guard=LENIENT_GUARD) as town:
        out = story(town, folder)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
