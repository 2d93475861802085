"""Faults that are there only until the first frames have been sent: both readings see nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGKILL

from scenarios.capture.packet_io import Sender, Wire
from topologies.network.netns import in_netns
from topologies.town import Town

VICTIM = "juki.lan"
_LONG_S = 20.0
_OFCTL = ("ovs-ofctl", "-O", "OpenFlow13")


def mirrored_meanwhile(town: Town, wire: Wire) -> None:
    """All frames of a switch are copied to a new interface, until the first ones are sent."""
    run = town.ovs.run

    def there() -> None:
        run("ovs-vsctl", "add-port", "floor", "sk-spy", "--", "set", "interface", "sk-spy",
            "type=internal")  # fmt: skip
        run("ovs-vsctl", "--id=@p", "get", "port", "sk-spy", "--", "--id=@m", "create", "mirror",
            "name=m", "select-all=true", "output-port=@p", "--", "set", "bridge", "floor",
            "mirrors=@m")  # fmt: skip

    def gone() -> None:
        run("ovs-vsctl", "clear", "bridge", "floor", "mirrors", "--", "del-port", "sk-spy")

    _once(wire, there, gone)


def cabled_meanwhile(town: Town, wire: Wire) -> None:
    """Two hosts have a cable of their own, until the first frames are sent."""
    one, other = (town.pid(town.plan.attachment[a]) for a in ("guest.wireless", VICTIM))

    def there() -> None:
        with in_netns(one):
            ends = ["ip", "link", "add", "sk-a", "type", "veth", "peer", "name", "sk-b"]
            subprocess.run([*ends, "netns", str(other)], check=True, timeout=_LONG_S)

    def gone() -> None:
        with in_netns(one):
            subprocess.run(["ip", "link", "del", "sk-a"], check=True, timeout=_LONG_S)

    _once(wire, there, gone)


def air_opened_meanwhile(town: Town, wire: Wire) -> None:
    """An access point floods, until the first frames are sent."""
    air, run = town.plan.airs[0].id, town.ovs.run

    def there() -> None:
        run(*_OFCTL, "add-flow", air, "priority=9,ip,actions=FLOOD")

    def gone() -> None:
        run(*_OFCTL, "--strict", "del-flows", air, "priority=9,ip")

    _once(wire, there, gone)


def air_unheard(town: Town, wire: Wire) -> None:
    """Whoever listens to an access point ends, when the first frames are sent."""

    def there() -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            if path.read_bytes().split(b"\0")[3:4] == [b"monitor"]:
                os.kill(int(path.parent.name), SIGKILL)

    _once(wire, there, lambda: None)


def _once(wire: Wire, there: Callable[[], None], gone: Callable[[], None]) -> None:
    """Let something be there while frames are sent for the first time."""
    send = wire.send

    def sending(frames: Sequence[tuple[Sender, bytes]]) -> None:
        wire.send = send  # type: ignore[method-assign]
        there()
        send(frames)
        gone()

    wire.send = sending  # type: ignore[method-assign]
