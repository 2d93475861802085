"""An afternoon of moved ports: ``python -m tests.live.moved PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_resegment`, on one booted town; prints
what happened as one JSON object.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError
from sekisho.model.changes import apply_changes
from sekisho.openflow.flow_dump import digest, flows
from sekisho.plan import load
from sekisho.resegment.journal import Journal
from sekisho.runtime.json_lines import SOCKET, JsonLineConnection
from sekisho.runtime.namespaces import WORK
from tests.live.machine import SLOWER
from topologies.control_server import ControlServer
from topologies.network.netns import in_netns
from topologies.ovs.daemon import OPENFLOW_PORT
from topologies.town import Town

_MOST_STEPS = 20
_WAIT_S = 20.0 * SLOWER


class Afternoon:
    """A town, its change server, and what the tests want to know."""

    def __init__(self, town: Town) -> None:
        self.town, self.plan = town, town.plan
        self.stage = ControlServer(town)
        self.stage.open()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Ask the change server, as the command line does."""
        with JsonLineConnection.to(self.town.folder / SOCKET) as town_client:
            return town_client.ask(request)

    def move(self, to: str, port: str = "floor:1", **more: Any) -> dict[str, Any]:
        """Move the clerk's wired port."""
        return self.ask(op="change", ports=[port], to=to, by="test", **more)

    def digests(self) -> dict[str, str]:
        """Return a digest of every switch's tables, as Open vSwitch dumps them."""
        return {s.id: digest(flows(self.town.ovs.flows(s.id))) for s in self.plan.switches}

    def sizes(self) -> bool:
        """Whether each switch holds what the plan with its changes wants: table, priority, name."""
        wanted = compile_town(apply_changes(self.plan, self.journal().standing))
        return all(
            sorted((int(r.table), r.priority, r.cookie) for r in rules)
            == sorted((x.table, x.priority, x.cookie) for x in flows(self.town.ovs.flows(name)))
            for name, rules in wanted.items()
        )

    def journal(self) -> Journal:
        """Read the journal."""
        return Journal(self.town.folder / "changes.jsonl")

    def page(self, target: str = "juki.lan") -> str:
        """Return what the clerk's notebook gets from the register, by its wire."""
        device = self.town.net.get("nb")
        host = self.plan.attachment[target].ip
        return str(device.cmd(f"curl -sk -m 1 --interface nb-eth0 https://{host}/"))

    def addresses(self, wanted: str) -> bool:
        """Whether the notebook's wired interface has *wanted*, soon."""
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            if wanted in self.town.net.get("nb").cmd("ip -4 -br addr show dev nb-eth0"):
                return True
            time.sleep(0.05)
        return False

    def left(self, wanted: int) -> int:
        """Wait until so many changes stand, and their tables are there; return how many do."""
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline:
            if len(self.journal().standing) == wanted and self.sizes():
                break
            time.sleep(0.05)
        return len(self.journal().standing)

    def restart(self, command: list[str] | None = None) -> None:
        """Start a controller: the product's, or *command* in place of ``-m controller``."""
        before = len(self.town.facts())
        if command is None:
            self.town.start_guard()
        else:
            folder = self.town.folder
            words = [*command, self.plan.path, f"--events={self.town.events}"]
            words += [
                f"--listen=127.0.0.1:{OPENFLOW_PORT}",
                f"--changes-socket={self.town.change_socket}",
            ]
            self.town.spawn("controller", [*words, f"--changes={folder / 'changes.jsonl'}"])
        self.town.wait_for("town-in-force", timeout_s=60, after=before)


def story(day: Afternoon) -> dict[str, Any]:
    """Move, look, take it back."""
    out: dict[str, Any] = {"before": day.digests(), "page before": day.page()}
    out["dry run"] = day.move("visitor", dry_run=True)
    out["after the dry run"] = day.digests()
    out["moved"] = day.move("visitor", reason="election", base_change=0)
    out["address"] = day.addresses("172.30.0.64/24")
    out["page moved"] = day.page()
    out["own"] = day.sizes()
    out["conflict"] = day.move("wireless", base_change=0)
    out["refused"] = day.move("visitor", port="floor:2")
    out["undone"] = day.ask(op="undo", number=1, by="test")
    out["address back"] = day.addresses("10.41.0.11/24")
    out["after"] = day.digests()
    out["page after"] = day.page()
    out["undone twice"] = day.ask(op="undo", number=1, by="test")
    return out


def session(day: Afternoon) -> dict[str, Any]:
    """A conversation that is open when its port is moved, and one whose port stays."""
    a, b = day.plan.attachment["nb.wired"], day.plan.attachment["www.lan"]
    out = {}
    for name in ("stays", "moves"):
        with in_netns(day.town.pid(a)):
            client = socket.socket()
        with client:
            client.settimeout(1.0)
            client.connect((str(b.ip), 80))
            number = day.move("visitor")["number"] if name == "moves" else 0
            try:
                client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                heard = client.recv(4096).decode()
            except OSError as error:
                heard = repr(error)
        if number:
            day.ask(op="undo", number=number)
            day.addresses("10.41.0.11/24")
        out[name] = heard
    return out


def together(day: Afternoon) -> dict[str, Any]:
    """Two people at once, at the same port and unaware of each other."""
    seen = len(day.journal().changes)
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda to=to: answers.append(day.move(to, base_change=seen)))
        for to in ("wireless", "visitor")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [a["number"] for a in answers if "number" in a]
    own = day.sizes()
    for number in numbers:
        day.ask(op="undo", number=number)
    return {"answers": answers, "own": own}


def in_time(day: Afternoon) -> dict[str, Any]:
    """A change whose time is over while nobody guards."""
    before = day.digests()
    moved = day.move("visitor", until=time.time() + 1.0)
    day.town.end("controller")
    gone = day.move("wireless")
    time.sleep(1.2)
    day.restart()
    return {
        "moved": moved,
        "without a controller": gone,
        "standing": day.left(0),
        "same": day.digests() == before,
        "address": day.addresses("10.41.0.11/24"),
        "not a time": day.move("visitor", until="tomorrow"),
    }


def moved_since(day: Afternoon) -> dict[str, Any]:
    """A change whose time is over when somebody has moved its port on."""
    before = day.digests()
    day.move("visitor", until=time.time() + 0.8)
    later = day.move("wireless")
    own = day.digests()
    standing = day.left(1)
    out = {"standing": standing, "stays": day.digests() == own}
    day.ask(op="undo", number=later["number"])
    return {**out, "same": day.digests() == before}


def forgetful(day: Afternoon) -> dict[str, Any]:
    """A controller that leaves a rule out and believes that it is there."""
    day.town.end("controller")
    day.restart([sys.executable, "-m", "tests.live.forgetful"])
    try:
        answer = day.move("wireless")
    except LabError as error:
        answer = {"error": str(error)}
    trouble = [fact["why"] for fact in day.town.facts() if fact["event"] == "trouble"]
    day.town.end("controller")
    day.restart()
    own = day.sizes()
    for change in day.journal().standing:
        day.ask(op="undo", number=change.number)
    return {"answer": answer, "trouble": trouble, "own": own}


def crashes(day: Afternoon) -> list[dict[str, Any]]:
    """Kill the controller between every two steps of a change, and start it again each time."""
    out: list[dict[str, Any]] = []
    for step in range(_MOST_STEPS):
        day.town.end("controller")
        day.restart([sys.executable, "-m", "tests.live.dying", str(step)])
        number = day.journal().next_number
        try:
            answer = day.move("wireless")
        except LabError as error:
            answer = {"error": str(error)}
        process = day.town._processes["controller"]
        is_dead = "error" in answer
        if is_dead:
            process.wait(_WAIT_S)
            day.town._processes.pop("controller")
            open_while_dead = day.page()
            day.restart()
        stands = number in [c.number for c in day.journal().standing]
        out.append(
            {
                "step": step,
                "died": is_dead,
                "stands": stands,
                "own": day.sizes(),
                "page while dead": open_while_dead if is_dead else "",
            }
        )
        if not is_dead:
            day.town.end("controller")
            day.restart()
        if stands:
            day.ask(op="undo", number=number)
        if not is_dead:
            break
    return out


def restarted(day: Afternoon) -> dict[str, Any]:
    """A change outlives the switches and the controller."""
    moved = day.move("visitor")
    before = len(day.town.facts())
    day.town.ovs.restart_switches()
    day.town.wait_for("town-in-force", timeout_s=60, after=before)
    own = day.sizes()
    day.ask(op="undo", number=moved["number"])
    return {"own": own, "back": day.sizes()}


def main() -> None:
    """Play everything, and print it."""
    plan, folder = Path(sys.argv[1]), Path(sys.argv[2])
    with Town(load(plan), folder=folder, work=WORK) as town:
        town.await_in_force()
        day = Afternoon(town)
        parts = (story, session, together, in_time, moved_since, forgetful, crashes, restarted)
        out = {part.__name__: part(day) for part in parts}
        day.stage.check()
    sys.stdout.write(json.dumps(out, default=str))


if __name__ == "__main__":
    main()
