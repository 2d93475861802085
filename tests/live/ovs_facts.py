"""What Open vSwitch and the framework really do: ``python -m tests.live.ovs_facts PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_ovs_facts`: a bridge of its own beside
the tiny town (`tests.live.bench`) shows what Open vSwitch does with a plain rule, and the town what
the controller makes of the same frame. Prints all facts as one JSON object.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any

from controller import framework as fw
from sekisho.errors import LabError
from sekisho.model import Attachment
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from tests.live.bench import BRIDGE, QUIET_S, TOKEN, Bench, drain, ip_frame, mac, packet_socket
from topologies.network.netns import in_netns
from topologies.network.topology import fix_airs
from topologies.ovs.daemon import OPENFLOW_PORT
from topologies.town import Town

_IN_BAND = 180000  # lowest priority of a hidden flow, in-band.c


_PLAIN, _TAGGED = b"\x08\x00", b"\x81\x00"


def fragments(bench: Bench) -> dict[str, Any]:
    """A rule that forbids one port, and the first fragment of a packet to it."""
    bench.rules("priority=9,tcp,tp_dst=23,actions=drop", "priority=1,ip,actions=output:2")
    whole = ip_frame("192.0.2.1", "192.0.2.2", dport=23)
    first = ip_frame("192.0.2.1", "192.0.2.2", dport=23, more=True)
    out: dict[str, Any] = {"whole": bool(bench.out(_PLAIN, whole))}
    for mode in ("normal", "drop", "nx-match"):
        bench.run("ovs-ofctl", "set-frags", BRIDGE, mode)
        out[mode] = bool(bench.out(_PLAIN, first))
    return out


def tags(bench: Bench) -> dict[str, Any]:
    """A priority tag (VID 0), and a second tag behind the first."""
    packet = ip_frame("192.0.2.1", "192.0.2.2")
    bench.rules("actions=output:2")
    out: dict[str, Any] = {"vid 0 comes out as": bench.out(_TAGGED, b"\0\0\x08\0" + packet)[:8]}
    bench.rules("priority=9,vlan_tci=0x1000/0x1000,actions=drop", "priority=1,actions=output:2")
    out["vid 0 is a tag to a rule"] = not bench.out(_TAGGED, b"\0\0\x08\0" + packet)
    double = b"\0\x0a\x81\0\0\x14\x08\0" + packet
    ask = bench.run(
        "ovs-vsctl", "--if-exists", "get", "Open_vSwitch", ".", "other_config:vlan-limit"
    )
    out["limit"] = ask.strip()
    for limit in ("1", "2"):
        bench.run("ovs-vsctl", "set", "Open_vSwitch", ".", f"other_config:vlan-limit={limit}")
        bench.town.ovs.settle()
        bench.rules("priority=9,dl_vlan=10,dl_type=0x8100,actions=output:2")
        out[f"second tag is payload, limit {limit}"] = bool(bench.out(_TAGGED, double))
        bench.rules("priority=9,vlan_tci=0x1000/0x1000,actions=drop", "priority=1,actions=output:2")
        out[f"double tag is a tag, limit {limit}"] = not bench.out(_TAGGED, double)
    bench.run("ovs-vsctl", "remove", "Open_vSwitch", ".", "other_config", "vlan-limit")
    return out


def types(bench: Bench) -> dict[str, Any]:
    """IPv4 behind a SNAP header, with OUI 0 and with another; an ARP operation of 16 bits."""
    packet = ip_frame("192.0.2.1", "192.0.2.2")
    out: dict[str, Any] = {}
    for name, oui in (("snap", b"\0\0\0"), ("snap of another", b"\0\0\x0c")):
        llc = b"\xaa\xaa\x03" + oui + b"\x08\0" + packet
        bench.rules("ip,actions=output:2")
        out[f"{name} is IPv4"] = bool(bench.out(struct.pack("!H", len(llc)), llc))
        bench.rules("dl_type=0x05ff,actions=output:2")
        out[f"{name} is 0x05ff"] = bool(bench.out(struct.pack("!H", len(llc)), llc))
    arp = struct.pack("!HHBBH", 1, 0x800, 6, 4, 257) + bytes(20) + TOKEN
    for value in (0, 1):
        bench.rules(f"arp,arp_op={value},actions=output:2")
        out[f"operation 257 is {value}"] = bool(bench.out(b"\x08\x06", arp))
    return out


def in_band(bench: Bench) -> dict[str, Any]:
    """Hidden flows of a bridge whose controller might be behind its own ports."""
    bench.run("ip", "addr", "add", "198.51.100.1/24", "dev", BRIDGE)
    bench.run("ip", "link", "set", BRIDGE, "up")
    bench.run("ovs-vsctl", "set-controller", BRIDGE, "tcp:198.51.100.2:6653")
    out: dict[str, Any] = {}
    for disabled in ("false", "true"):
        words = f"other_config:disable-in-band={disabled}"
        bench.run("ovs-vsctl", "set", "Bridge", BRIDGE, words)
        deadline, wanted = time.monotonic() + 5, disabled == "false"
        while bool(_hidden(bench.town, BRIDGE)) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        out["enabled" if wanted else "disabled"] = _hidden(bench.town, BRIDGE)
    bench.run("ovs-vsctl", "del-controller", BRIDGE)
    return out | {"town": sum(_hidden(bench.town, s.id) for s in bench.town.plan.switches)}


def _hidden(town: Town, bridge: str) -> int:
    """How many flows stand above every rule that OpenFlow can write."""
    dump = town.ovs.appctl("bridge/dump-flows", bridge)
    return sum(int(p) >= _IN_BAND for p in re.findall(r"priority=(\d+)", dump))


def overflow(bench: Bench) -> dict[str, Any]:
    """A full table, and one rule more: one that forbids, or one that pushes out what forbids."""
    out: dict[str, Any] = {}
    packet = ip_frame("192.0.2.1", "192.0.2.2", dport=23)
    for policy in ("refuse", "evict"):
        bench.rules("priority=1,ip,actions=output:2", "priority=2,arp,actions=drop")
        bench.run(
            "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=2",
            f"overflow_policy={policy}", "--", "set", "Bridge", BRIDGE, "flow_tables:0=@t",
        )  # fmt: skip
        try:
            new = "priority=9,tcp,tp_dst=23,actions=drop"
            bench.run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", BRIDGE, new)
            out[f"{policy}: error"] = ""
        except LabError as error:
            out[f"{policy}: error"] = next(iter(re.findall(r"OFPFMFC_\w+", str(error))), "?")
        out[f"{policy}: forbidden passes"] = bool(bench.out(_PLAIN, packet))
        dump = bench.run("ovs-ofctl", "-O", "OpenFlow13", "dump-flows", BRIDGE)
        out[f"{policy}: rules"] = dump.count("priority=")
        bench.run("ovs-vsctl", "clear", "Bridge", BRIDGE, "flow_tables")
    return out | _evicted(bench, packet)


def _evicted(bench: Bench, packet: bytes) -> dict[str, Any]:
    """The same where the rule that forbids has a time-out."""
    forbids = "priority=9,tcp,tp_dst=23,idle_timeout=600,actions=drop"
    bench.rules(forbids, "priority=1,ip,actions=output:2")
    before = bool(bench.out(_PLAIN, packet))
    bench.run(
        "ovs-vsctl", "--id=@t", "create", "Flow_Table", "flow_limit=2", "overflow_policy=evict",
        "--", "set", "Bridge", BRIDGE, "flow_tables:0=@t",
    )  # fmt: skip
    bench.run("ovs-ofctl", "-O", "OpenFlow13", "add-flow", BRIDGE, "priority=2,arp,actions=drop")
    after = bool(bench.out(_PLAIN, packet))
    bench.run("ovs-vsctl", "clear", "Bridge", BRIDGE, "flow_tables")
    return {"evicted a drop": not before and after}


def lag(bench: Bench, times: int = 10) -> list[float]:
    """How many milliseconds a deleted permission still lets packets pass, after the answer."""
    packet = b"\x02\0\0\0\0\x0b\x02\0\0\0\0\x0a" + _PLAIN + ip_frame("192.0.2.1", "192.0.2.2")
    out = []
    for _ in range(times):
        bench.rules("ip,actions=output:2")
        for _ in range(200):
            bench.sender.send(packet)
            time.sleep(0.0005)
        drain(bench.capture)
        bench.run("ovs-ofctl", "-O", "OpenFlow13", "del-flows", BRIDGE)  # waits for a barrier
        done = time.monotonic()
        last = done
        while time.monotonic() < done + 0.7:
            bench.sender.send(packet)
            time.sleep(0.0005)
            if drain(bench.capture):
                last = time.monotonic()
        out.append(round((last - done) * 1e3, 2))
    return out


class Guarded:
    """The same frames in the guarded town, sent by a terminal that has permissions."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.juki = town.plan.attachment["juki.lan"]
        with in_netns(town.pid(self.juki)):
            self.capture = packet_socket(town.interface(self.juki))

    def fate(self, source: str, kind: bytes, body: bytes, *, group: bytes = b"") -> dict[str, Any]:
        """Send a frame; return whether the register got it, and which dropping rules counted."""
        a: Attachment = self.town.plan.attachment[source]
        self.town.ovs.settle()
        before = self._drops()
        with in_netns(self.town.pid(a)):
            sender = packet_socket(self.town.interface(a))
        drain(self.capture)
        sender.send((group or mac(self.town.plan.router_mac)) + mac(a.mac) + kind + body)
        sender.close()
        heard = drain(self.capture, QUIET_S)
        self.town.ovs.settle()
        rise = {key: n - before.get(key, 0) for key, n in self._drops().items()}
        return {"arrived": bool(heard), "dropped by": sorted(k for k, n in rise.items() if n)}

    def _drops(self) -> dict[str, int]:
        """Packets by the match of each rule that drops, on the terminal's own switch."""
        out = {}
        for line in self.town.ovs.flows("floor").splitlines():
            if line.endswith("actions=drop"):
                match = re.search(r"(priority=\S+)", line)
                packets = re.search(r"n_packets=(\d+)", line)
                if match and packets:
                    out[match[1]] = int(packets[1])
        return out


def guarded(town: Town) -> dict[str, Any]:
    """What the controller makes of each of these frames."""
    guard, plan = Guarded(town), town.plan
    wired, wireless = plan.attachment["nb.wired"], plan.attachment["nb.wireless"]
    juki = str(guard.juki.ip)
    own = [ip_frame(str(wired.ip), juki, sport=31000 + n) for n in range(4)]
    first = ip_frame(str(wired.ip), juki, sport=31009, more=True)
    foreign = ip_frame(str(wireless.ip), juki)

    def snap(packet: bytes) -> tuple[bytes, bytes]:
        llc = b"\xaa\xaa\x03\0\0\0\x08\0" + packet
        return struct.pack("!H", len(llc)), llc

    return {
        "plain": guard.fate("nb.wired", _PLAIN, own[0]),
        "fragment": guard.fate("nb.wired", _PLAIN, first),
        "vid 0": guard.fate("nb.wired", _TAGGED, b"\0\0\x08\0" + own[1]),
        "double tag": guard.fate("nb.wired", _TAGGED, b"\0\x0a\x81\0\0\x14\x08\0" + own[2]),
        "snap": guard.fate("nb.wired", *snap(own[3])),
        "snap from Wi-Fi": guard.fate("nb.wireless", *snap(foreign)),
        "lldp": guard.fate("nb.wired", b"\x88\xcc", forged_lldp(), group=mac("01:80:c2:00:00:0e")),
        "learned": town.ovs.appctl("fdb/show", "floor").strip().count("\n"),
        "packet-in": sum(f["event"] == "packet-in" for f in town.facts()),
    }


def forged_lldp() -> bytes:
    """Return an LLDP body that says what a switch of this town would say: anybody can."""
    chassis, port = b"\x07dpid:%016x" % 2, b"\x02" + struct.pack("!I", 1)
    return (
        struct.pack("!H", 1 << 9 | len(chassis)) + chassis
        + struct.pack("!H", 2 << 9 | len(port)) + port
        + struct.pack("!HH", 3 << 9 | 2, 120) + b"\0\0"
    )  # fmt: skip


def framework() -> dict[str, Any]:
    """What the framework's own topology application would take the forged frame for."""
    switches = fw._module("topology.switches")
    frame = mac("01:80:c2:00:00:0e") + mac("02:ba:d0:00:00:09") + b"\x88\xcc" + forged_lldp()
    return {"believed": list(switches.LLDPPacket.lldp_parse(frame))}


def garbage(town: Town) -> dict[str, Any]:
    """Somebody at the controller's own port says what no switch says."""
    before = len(town.facts())
    with socket.create_connection(("127.0.0.1", OPENFLOW_PORT), timeout=2) as client:
        client.sendall(b"\x04\x00\x00\x08\0\0\0\x01")  # HELLO
        client.sendall(b"\x04\x0d\x00\x09\0\0\0\x02\xff" + b"\x04\x63\x00\x08\0\0\0\x03")
        time.sleep(0.5)
    time.sleep(0.3)
    process = town._processes["controller"]
    return {"alive": process.poll() is None, "facts": town.facts()[before:]}


def restore(town: Town) -> dict[str, Any]:
    """The switches' process restarts, with and without being told to wait for its flows."""
    out: dict[str, Any] = {}
    for name, value in (("plain", "false"), ("waiting", "true")):
        word = f"other_config:flow-restore-wait={value}"
        town.ovs.run("ovs-vsctl", "set", "Open_vSwitch", ".", word)
        before = len(town.facts())
        began = time.time()
        town.ovs.restart_switches()
        fix_airs(town.net)
        if value == "true":
            time.sleep(2.5)
            out["said while waiting"] = [f["event"] for f in town.facts()[before:]]
            town.ovs.run(
                "ovs-vsctl", "remove", "Open_vSwitch", ".", "other_config", "flow-restore-wait"
            )
        fact = town.wait_for("town-in-force", timeout_s=30, after=before)
        out[f"{name}: in force after s"] = round(fact["at"] - began, 2)
    return out


def story(town: Town) -> dict[str, Any]:
    """Settle every fact, the town's own last."""
    town.await_in_force()
    bench = Bench(town)
    out = {f.__name__: f(bench) for f in (fragments, tags, types, in_band, overflow, lag)}
    out |= {"guarded": guarded(town), "framework": framework(), "garbage": garbage(town)}
    town.ovs.run("ovs-vsctl", "del-br", BRIDGE)
    return out | {"restore": restore(town)}


def main() -> None:
    """Boot, find out, and print it."""
    with Town(load(Path(sys.argv[1])), folder=Path(sys.argv[2]), work=WORK) as town:
        out = story(town)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
