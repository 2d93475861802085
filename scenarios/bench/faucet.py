"""``python -m scenarios.bench.faucet --faucet FILE --folder RUN``: the same change, by Faucet.

Runs inside the namespaces of one run: a private Open vSwitch with one switch, Faucet as its
controller, and a port that is moved from one VLAN to another and back by editing Faucet's
configuration and sending it SIGHUP, as its manual says. A thousand frames a second from the port to
a server of the old VLAN, to one of the new, and between others. Knows nothing of Sekisho's rules.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.bench.moves import spread
from scenarios.capture.rx_ring import Ring
from sekisho.errors import LabError
from sekisho.runtime.child import ended
from topologies.network.sysctl import quiet_machine
from topologies.ovs.daemon import OpenVSwitch

_PORTS = 12
_MOVED, _OLD_SERVER, _NEW_SERVER, _OTHER_A, _OTHER_B = 1, 2, 3, 4, 5
_VLANS = {_OLD_SERVER: 10, _NEW_SERVER: 20}  # everybody else is in the first
_PERIOD_S, _EVERY_S, _CALM_S, _START_S = 0.001, 1.6, 2.0, 60.0
_EXPERIMENTAL = 0x88B5  # IEEE 802, 9.2.3: for local use
_HEAD = struct.Struct("!6s6sH4sI")
_MARK = b"skso"
_MS = 1_000_000


def mac(port: int) -> bytes:
    """Return the address of the host at *port*."""
    return bytes((2, 0xFA, 0, 0, 0, port))


class Lab:
    """One switch, its hosts' ends of the cables, and Faucet."""

    def __init__(self, faucet: Path, folder: Path) -> None:
        self._faucet, self._folder = faucet, folder
        self.ovs = OpenVSwitch(Path("/run/sekisho/ovs"), folder / "log")
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[Lab]:
        """Bring it up, and take it down."""
        quiet_machine()
        with self.ovs:
            self._cables()
            self.configure(10)
            self._start()
            try:
                yield self
            finally:
                assert self._process is not None
                self._process.terminate()
                self._process.wait(10)

    def _cables(self) -> None:
        words = ["ovs-vsctl", "add-br", "sw", "--", "set", "bridge", "sw", "datapath_type=netdev"]
        words += ["fail-mode=secure", "other-config:datapath-id=0000000000000001"]
        words += ["protocols=OpenFlow13"]
        for n in range(1, _PORTS + 1):
            subprocess.run(
                ["ip", "link", "add", f"h{n}", "type", "veth", "peer", "name", f"s{n}"], check=True
            )
            for name in (f"h{n}", f"s{n}"):
                subprocess.run(["ip", "link", "set", name, "up"], check=True)
            words += ["--", "add-port", "sw", f"s{n}"]
            words += ["--", "set", "interface", f"s{n}", f"ofport_request={n}"]
        self.ovs.run(*words)

    def configure(self, vlan: int) -> None:
        """Write Faucet's configuration with the moved port in *vlan*."""
        lines = ["vlans:", "  staff: {vid: 10}", "  guest: {vid: 20}", "dps:", "  sw:"]
        lines += ["    dp_id: 1", "    hardware: Open vSwitch", "    interfaces:"]
        names = {10: "staff", 20: "guest"}
        for n in range(1, _PORTS + 1):
            own = vlan if n == _MOVED else _VLANS.get(n, 10)
            lines.append(f"      {n}: {{native_vlan: {names[own]}}}")
        path = self._folder / "faucet.yaml"
        new = path.with_suffix(".new")
        new.write_text("\n".join(lines) + "\n")
        new.replace(path)

    def _start(self) -> None:
        log = self._folder / "log"
        environment = {
            **os.environ,
            "PATH": f"{self._faucet.parent}:{os.environ['PATH']}",  # it calls ryu-manager
            "FAUCET_CONFIG": str(self._folder / "faucet.yaml"),
            "FAUCET_LOG": str(log / "faucet.log"),
            "FAUCET_EXCEPTION_LOG": str(log / "faucet_exception.log"),
            "FAUCET_CONFIG_STAT_RELOAD": "0",
        }
        with (log / "faucet.out").open("wb") as out:
            self._process = subprocess.Popen(
                [str(self._faucet)], env=environment, stdout=out, stderr=out
            )
        deadline = time.monotonic() + _START_S
        while not _listens(6653):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise LabError(f"Faucet does not listen; see {log}")
            time.sleep(0.1)
        self.ovs.run("ovs-vsctl", "set-controller", "sw", "tcp:127.0.0.1:6653")
        while "table=" not in self.ovs.flows("sw"):
            if time.monotonic() > deadline:
                raise LabError(f"Faucet does not program the switch; see {log}")
            time.sleep(0.1)
        time.sleep(_CALM_S)

    def move(self, vlan: int) -> int:
        """Move the port; return when that was asked for."""
        assert self._process is not None
        at = time.time_ns()
        self.configure(vlan)
        self._process.send_signal(signal.SIGHUP)
        return at


def _listens(port: int) -> bool:
    with socket.socket() as knock:
        return knock.connect_ex(("127.0.0.1", port)) == 0


class Talk:
    """Streams between ports: (from, to), a thousand frames a second each."""

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        self.pairs = pairs
        self.sent: list[list[int]] = [[] for _ in pairs]
        self.arrived: list[dict[int, int]] = [{} for _ in pairs]
        self.twice = 0
        ports = {port for pair in pairs for port in pair}
        self._rings = {port: Ring(f"h{port}", slots=1 << 14) for port in ports}
        self._senders = {
            port: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) for port in ports
        }
        for port, speaker in self._senders.items():
            speaker.bind((f"h{port}", 0))
        self._stop = threading.Event()

    def introduce(self) -> None:
        """Let the switch learn where everybody is: one frame to all, from each."""
        for port, speaker in self._senders.items():
            speaker.send(_HEAD.pack(b"\xff" * 6, mac(port), _EXPERIMENTAL, _MARK, 0xFFFFFFFF))

    def __enter__(self) -> Talk:
        self._threads = [threading.Thread(target=f) for f in (self._speak, self._listen)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        time.sleep(0.2)
        self._hear()

    def _speak(self) -> None:
        due, number = time.monotonic(), 0
        while not self._stop.is_set():
            for n, (source, target) in enumerate(self.pairs):
                frame = _HEAD.pack(
                    mac(target), mac(source), _EXPERIMENTAL, _MARK, n << 24 | number
                ).ljust(60, b"\0")
                self._senders[source].send(frame)
                self.sent[n].append(time.time_ns())
            number, due = number + 1, due + _PERIOD_S
            time.sleep(max(0.0, due - time.monotonic()))

    def _listen(self) -> None:
        while not self._stop.wait(0.1):
            self._hear()

    def _hear(self) -> None:
        for port, ring in self._rings.items():
            for copy in ring.drain():
                if copy.outgoing or copy.data[14:18] != _MARK:
                    continue
                token = int.from_bytes(copy.data[18:22], "big")
                n, number = token >> 24, token & 0xFFFFFF
                if n < len(self.pairs) and self.pairs[n][1] == port:
                    self.twice += number in self.arrived[n]
                    self.arrived[n].setdefault(number, copy.at_ns)


def measured(lab: Lab, count: int) -> dict[str, Any]:
    """Move the port to and fro, and say what the frames tell."""
    conn = Talk([(_MOVED, _OLD_SERVER), (_MOVED, _NEW_SERVER), (_OTHER_A, _OTHER_B)])
    conn.introduce()
    time.sleep(_CALM_S)
    calls = []
    with conn:
        time.sleep(_CALM_S)
        for n in range(count):
            calls.append(lab.move(20 if n % 2 == 0 else 10))
            time.sleep(_EVERY_S)
    in_force, late, silent = [], 0, 0
    for n, began in enumerate(calls):
        end = began + int(_EVERY_S * 1e9)
        leaving, coming = conn.arrived[n % 2], conn.arrived[1 - n % 2]
        died = [at for at in leaving.values() if began < at < end]
        alive = [at for at in coming.values() if began < at < end]
        late += len(died)
        if not alive:
            silent += 1
            continue
        in_force.append((max(max(died, default=began), min(alive)) - began) / _MS)
    lost = len(conn.sent[2]) - len(conn.arrived[2])
    return {
        "in_force_ms": spread(in_force) if in_force else {},
        "forbidden": late,
        "silent": silent,
        "changes": count,
        "others": {"sent": len(conn.sent[2]), "lost": lost, "twice": conn.twice},
    }


def main() -> int:
    """Read the command line, measure, say the figures."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.bench.faucet", description=__doc__)
    parser.add_argument("--faucet", type=Path, required=True, help="the program")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    args = parser.parse_args()
    return ended(lambda: {"found": _by_faucet(args)})


def _by_faucet(args: argparse.Namespace) -> dict[str, Any]:
    with Lab(args.faucet, args.folder).running() as lab:
        return measured(lab, args.count)


if __name__ == "__main__":
    sys.exit(main())
