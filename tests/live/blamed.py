"""Blame a fault for what it did not do: ``python -m tests.live.blamed PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_mutate`; prints one JSON object. The
fault changes nothing at all; from then on an ear loses some frames, or it does not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenarios.capture.packet_io import Wire
from scenarios.capture.places import Place
from scenarios.capture.rx_ring import Copy
from scenarios.mutants.harness import Ground, Mutant, Told
from scenarios.probes.frames import Fields, build, tokens
from sekisho.errors import LabError
from sekisho.packet.packet import ARP_REQUEST
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.town import LENIENT_GUARD, Town

_SERVER, _TCP, _HTTP = "www.lan", 6, b"\x00\x50"


def noisy(wire: Wire) -> None:
    """Lose every page request on its way into the information server's ear, and nothing else."""
    heard = wire.heard

    def hearing() -> Iterator[tuple[Place, Copy]]:
        return (each for each in heard() if each[0].name != _SERVER or not _asks(each[1]))

    wire.heard = hearing  # type: ignore[method-assign]


def _asks(copy: Copy) -> bool:
    """Tell a TCP segment to port 80 that comes in."""
    return not copy.outgoing and copy.data[23] == _TCP and copy.data[36:38] == _HTTP


def blamed(ground: Ground, *, is_noisy: bool) -> Told:
    """Plant nothing, and tell what became of it."""

    @contextmanager
    def planted(on: Ground) -> Iterator[None]:
        if is_noisy:
            noisy(on.wire)
        yield

    def tried(on: Ground) -> Told:
        return on.gate(on.suite(None)) or Told("equivalent", "", "all pass")

    return ground.play(Mutant(("M-01",), "flow", "floor", "nothing", planted, tried))


def believed(ground: Ground) -> list[bool]:
    """Tell a server that its gateway is somebody else, as a claim that a faulty switch floods.

    Returns whether the server believes it while the fault is there, and after it.
    """
    server, guest = ground.plan.attachment[_SERVER], ground.plan.attachments[0]
    claim = Fields(
        eth_dst=server.mac,
        eth_src=guest.mac,
        ip_src=ground.plan.gateway(server),
        ip_dst=server.ip,
        flags=ARP_REQUEST,
    )
    seen: list[bool] = []

    def believes() -> bool:
        return guest.mac in ground.town.net.get(server.device).cmd("ip neigh show")

    @contextmanager
    def planted(on: Ground) -> Iterator[None]:
        (frame,) = build("arp", [claim], tokens(0, [1]))
        on.wire.whisper([(on.plan.attachments.index(server), frame)])
        on.wire.settle()
        yield

    def tried(on: Ground) -> Told:
        del on
        seen.append(believes())
        return Told("equivalent", "", "")

    ground.play(Mutant(("M-36",), "flow", "room", "a claim", planted, tried))
    return [*seen, believes()]


def main() -> None:
    """Boot, blame, and print what was said."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    with Town(plan, folder=folder, work=WORK, guard=LENIENT_GUARD) as town:
        town.await_in_force()
        with Wire(town) as wire:
            ground = Ground(town, wire, seed=1)
            ground.control()
            out: dict[str, Any] = {"quiet": blamed(ground, is_noisy=False).fate}
            claim = believed(ground)
            told = blamed(ground, is_noisy=True)
            out |= {"claim": claim, "noisy": told.fate, "how": told.how, "control": ""}
            try:
                ground.control()
            except LabError as error:
                out["control"] = str(error)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
