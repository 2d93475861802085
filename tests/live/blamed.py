"""Blame a fault for what it did not do: ``python -m tests.live.blamed PLAN FOLDER``.

Runs inside the namespaces of one run, for `tests.live.test_mutate`; prints one JSON object. The
fault changes nothing at all; from then on a capture loses some frames, or it does not.
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
from scenarios.capture.rx_ring import CapturedCopy
from scenarios.mutants.harness import Mutant, MutantResult, MutationHarness
from scenarios.probes.frames import Fields, build, tokens
from sekisho.errors import LabError
from sekisho.packet.packet import ARP_REQUEST
from sekisho.plan import load
from sekisho.runtime.namespaces import WORK
from topologies.town import LENIENT_GUARD, Town

_SERVER, _TCP, _HTTP = "www.lan", 6, b"\x00\x50"


def noisy(wire: Wire) -> None:
    """Lose every page request on its way into the server's capture, and nothing else."""
    heard = wire.heard

    def hearing() -> Iterator[tuple[Place, CapturedCopy]]:
        return (each for each in heard() if each[0].name != _SERVER or not _asks(each[1]))

    wire.heard = hearing  # type: ignore[method-assign]


def _asks(copy: CapturedCopy) -> bool:
    """Tell a TCP segment to port 80 that comes in."""
    return not copy.outgoing and copy.data[23] == _TCP and copy.data[36:38] == _HTTP


def blamed(harness: MutationHarness, *, is_noisy: bool) -> MutantResult:
    """Plant nothing, and tell what became of it."""

    @contextmanager
    def planted(on: MutationHarness) -> Iterator[None]:
        if is_noisy:
            noisy(on.wire)
        yield

    def tried(on: MutationHarness) -> MutantResult:
        return on.gate(on.suite(None)) or MutantResult("equivalent", "", "all pass")

    return harness.play(Mutant(("M-01",), "flow", "floor", "nothing", planted, tried))


def believed(harness: MutationHarness) -> list[bool]:
    """Tell a server that its gateway is somebody else, as a claim that a faulty switch floods.

    Returns whether the server believes it while the fault is there, and after it.
    """
    server, guest = harness.plan.attachment[_SERVER], harness.plan.attachments[0]
    claim = Fields(
        eth_dst=server.mac,
        eth_src=guest.mac,
        ip_src=harness.plan.gateway(server),
        ip_dst=server.ip,
        flags=ARP_REQUEST,
    )
    seen: list[bool] = []

    def believes() -> bool:
        return guest.mac in harness.town.net.get(server.device).cmd("ip neigh show")

    @contextmanager
    def planted(on: MutationHarness) -> Iterator[None]:
        (frame,) = build("arp", [claim], tokens(0, [1]))
        on.wire.inject([(on.plan.attachments.index(server), frame)])
        on.wire.settle()
        yield

    def tried(on: MutationHarness) -> MutantResult:
        del on
        seen.append(believes())
        return MutantResult("equivalent", "", "")

    harness.play(Mutant(("M-36",), "flow", "room", "a claim", planted, tried))
    return [*seen, believes()]


def main() -> None:
    """Boot, blame, and print what was said."""
    plan, folder = load(Path(sys.argv[1])), Path(sys.argv[2])
    with Town(plan, folder=folder, work=WORK, guard=LENIENT_GUARD) as town:
        town.await_in_force()
        with Wire(town) as wire:
            harness = MutationHarness(town, wire, seed=1)
            harness.control()
            out: dict[str, Any] = {"quiet": blamed(harness, is_noisy=False).fate}
            claim = believed(harness)
            told = blamed(harness, is_noisy=True)
            out |= {"claim": claim, "noisy": told.fate, "how": told.how, "control": ""}
            try:
                harness.control()
            except LabError as error:
                out["control"] = str(error)
    print(json.dumps(out))  # noqa: T201  # this is a program


if __name__ == "__main__":
    main()
