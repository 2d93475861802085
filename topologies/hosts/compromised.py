"""A captured device: its services are gone, and what relays for others runs in their place.

Everything is done in the device's own network namespace by real means (processes, the kernel's
forwarding, a bridge), and everything is put back: what the namespace says of itself before and
after is compared.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from sekisho.errors import LabError
from sekisho.model import Device
from sekisho.runtime.json_lines import JsonLineConnection
from topologies.hosts.compromised_relay import Order
from topologies.network.netns import in_netns
from topologies.town import Town

_READY_S, _TIMEOUT_S = 10.0, 10.0
_IPV4 = Path("/proc/sys/net/ipv4")
_BRIDGE = "br-captured"
_PROCESS = "captured"
_STATE = (
    ("ip", "-o", "addr"),
    ("ip", "-o", "link"),
    ("ip", "route", "show", "table", "all"),
    ("ip", "rule"),
)


class CompromisedHost:
    """Put a proxy and a print relay in place of *device*'s services until the block ends.

    Args:
        town: The running town.
        device: Who is captured.
        ports: TCP ports that the relay takes over, on every leg.
        printers: Address and port of the printers that jobs are passed on to.
    """

    def __init__(
        self, town: Town, device: Device, ports: list[int], printers: list[tuple[str, int]]
    ) -> None:
        self._town, self._device, self._stack = town, device, ExitStack()
        self._pid = town.pid(device.attachments[0])
        legs = [(town.interface(leg), str(leg.ip)) for leg in device.attachments]
        self._order = Order(legs, ports, printers)
        self._before: list[str] = []
        self._forwarded_before = 0

    def __enter__(self) -> CompromisedHost:
        self._before, self._forwarded_before = self._state(), 0
        self._forwarded_before = self.forwarded()
        with ExitStack() as undo:
            self._town.serving.stop(self._device.id)
            undo.callback(self._town.serving.start, self._device.id)
            self._start_relay()
            undo.callback(self._town.end, _PROCESS)
            undo.enter_context(self._forwarding())
            self._stack = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def changed(self) -> list[str]:
        """Return what the namespace says of itself now and did not say before, or the reverse."""
        return sorted(set(self._before) ^ set(self._state()))

    def forwarded(self) -> int:
        """Return how many datagrams the kernel has forwarded since (RFC 1213, ipForwDatagrams)."""
        with in_netns(self._pid):
            rows = Path("/proc/thread-self/net/snmp").read_text().splitlines()
        names, values = (row.split() for row in rows if row.startswith("Ip:"))
        return int(values[names.index("ForwDatagrams")]) - self._forwarded_before

    @contextmanager
    def bridged(self) -> Iterator[None]:
        """Join all legs of the device to one bridge of its kernel."""
        legs = [self._town.interface(leg) for leg in self._device.attachments]
        self._ip("link", "add", _BRIDGE, "type", "bridge", "forward_delay", "0")
        try:
            for leg in legs:
                self._ip("link", "set", leg, "master", _BRIDGE)
            self._ip("link", "set", _BRIDGE, "up")
            yield
        finally:
            self._ip("link", "del", _BRIDGE)

    @contextmanager
    def _forwarding(self) -> Iterator[None]:
        """Let the kernel forward, and take source routes, on every leg."""
        names = [Path("ip_forward"), Path("conf/all/accept_source_route")]
        for leg in self._device.attachments:
            names.append(Path("conf") / self._town.interface(leg) / "accept_source_route")
        with in_netns(self._pid):
            before = [(_IPV4 / name).read_text() for name in names]
            for name in names:
                (_IPV4 / name).write_text("1")
            if any((_IPV4 / name).read_text().strip() != "1" for name in names):
                raise LabError(f"{self._device.id} does not take ip_forward=1")
        try:
            yield
        finally:
            with in_netns(self._pid):
                for name, value in zip(names, before, strict=True):
                    (_IPV4 / name).write_text(value)

    def _state(self) -> list[str]:
        """What the namespace says of its interfaces, addresses, routes, listeners and settings."""
        out = [line for words in _STATE for line in self._run(*words).splitlines()]
        sockets = [line.split() for line in self._run("ss", "-Hltun").splitlines()]
        out += [f"{words[0]} {words[4]}" for words in sockets]  # without what waits in them
        with in_netns(self._pid):
            out += [f"{p} {p.read_text()}" for p in sorted(_IPV4.glob("conf/*/*source_route"))]
            out.append(f"ip_forward {(_IPV4 / 'ip_forward').read_text()}")
        return [" ".join(line.split()) for line in out]

    def _ip(self, *words: str) -> None:
        self._run("ip", *words)

    def _run(self, *words: str) -> str:
        with in_netns(self._pid):
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
            )
        if done.returncode:
            raise LabError(f"{self._device.id}: {' '.join(words)}: {done.stderr.strip()}")
        return done.stdout

    def _start_relay(self) -> None:
        """Start the relay as a program of the device's own, and wait until it listens.

        Raises:
            LabError: It does not.
        """
        ours, its = socket.socketpair()
        with JsonLineConnection(ours) as conn:
            with its:
                command = [sys.executable, "-m", "topologies.hosts.compromised_relay"]
                self._town.hosting.spawn(_PROCESS, self._device.id, command, its)
            conn.write(asdict(self._order))
            if conn.read(_READY_S) is None:
                self._town.end(_PROCESS)
                raise LabError(f"the relay on {self._device.id} did not listen in {_READY_S} s")
