"""``python -m scenarios.run.replay PLAN --folder RUN ...``: send one recorded frame once more.

Boots the plan's town, sends the permitted twin and then exactly this frame from the same port, and
judges it with the same witnesses as a gate. What must become of it is the policy's word on the
frame's own bytes, by the plan as it is now. Writes ``replay.json``; standard output is progress.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from scenarios.attacks import load_families
from scenarios.capture.packet_io import Wire
from scenarios.engine.isolate import send, unmarked
from scenarios.engine.session import Session
from scenarios.probes.base import POSING, PROBES
from scenarios.probes.frames import Fields, frame_number
from scenarios.probes.windows import CasePlan, Frame
from scenarios.results.findings import command
from scenarios.results.trace import follow
from scenarios.suites.attack_cases import doors, fate
from sekisho.errors import LabError, UsageError
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically
from sekisho.model import JST, Attachment, Plan
from sekisho.model.terms import at
from sekisho.packet.dissect import with_tag
from sekisho.packet.packet import TCP_SYN
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from sekisho.policy.matrix import matrix
from sekisho.runtime.child import ended, say
from topologies.town import LENIENT_GUARD, OWN_GUARD, Town

_TRIES = 3  # an inconclusive one is tried again, a leak never
_TWIN, _CASE = 1, 2
_TWIN_SPORT = 19999  # below every probe's
_EXIT = {Verdict.PASS: 0, Verdict.INCONCLUSIVE: 3, Verdict.RESIDUAL: 0}


@dataclass(frozen=True, slots=True)
class Order:
    """What to send.

    Attributes:
        run: Id of the run that the frame is from: its token bears it.
        probe: Id of the probe or catalogue entry that made it.
        frame: The frame, with its token.
        tables: Folder of flow dumps to put into the switches first, or None.
        is_traced_only: Send nothing.
    """

    run: str
    source: str
    target: str
    probe: str
    frame: bytes
    guard: str = OWN_GUARD
    tables: Path | None = None
    is_traced_only: bool = False


def replay(plan: Plan, folder: Path, order: Order, *, work: Path) -> int:
    """Boot, send, judge; write ``replay.json`` and return the exit status."""
    case = planned(plan, order)
    guard = order.guard
    if order.tables is not None and guard == OWN_GUARD:
        guard = LENIENT_GUARD  # the other one would put right what is put in
    with Town(plan, folder=folder, work=work, progress=lambda p: say(phase=p), guard=guard) as town:
        town.await_in_force()
        if order.tables is not None:
            restore(town, order.tables)
        facts = {
            "tables": str(order.tables or ""),
            "path": follow(town, case.source.at, with_tag(order.frame, case.tag)),
        }
        if not order.is_traced_only:
            with Wire(town) as wire:
                say(phase="probe")
                facts |= sent(town, wire, case, order)
        town.check()
    facts |= {"expect": "arrive" if case.to else "drop", "where": case.where, "clause": case.clause}
    facts["command"] = command(order.frame)
    status = _EXIT.get(Verdict(facts["verdict"]), 1) if "verdict" in facts else 0
    _write(folder, {**facts, "exit": status})
    return status


def planned(plan: Plan, order: Order) -> CasePlan:
    """Return the frame as a case: what the policy of *plan* says of it now.

    Raises:
        UsageError: The plan knows its sender or its target no more.
    """
    for name in (order.source, order.target):
        if name not in plan.attachment:
            raise UsageError(f"{plan.path} knows no attachment {name!r}: is this the run's plan?")
    source, target = plan.attachment[order.source], plan.attachment[order.target]
    policy, cell = Policy(plan), matrix(plan)[source.source, target.destination]
    sent_as = [probe for probe in (*PROBES, *POSING) if probe.id == order.probe]
    is_bare = any(probe.is_bare for probe in sent_as)
    to, drop = fate(policy, order.frame, source, is_bare=is_bare)
    is_exotic = any(entry.exotic for entry in load_families() if entry.id == order.probe)
    return CasePlan(
        number=_CASE,
        source=source,
        target=target,
        probe=order.probe,
        item=0,
        proto="",
        ports=(),
        spoof="",
        to=to,
        drop=None if to else drop,
        clause=" ".join(cell.clauses),
        where=cell.where[-1] if cell.where else source.where,
        cell=cell,
        is_residual=any(probe.is_residual for probe in sent_as),
        is_bare=is_bare,
        also=doors(plan, source) if is_exotic and not to else (),
    )


def twin(plan: Plan, case: CasePlan) -> tuple[CasePlan, Frame] | None:
    """Return a frame that somebody may send to the same target, or None if nobody may."""
    policy, target = Policy(plan), case.target
    for service in plan.on_ports(target):
        port = service.edges()[0]
        for source in plan.attachments:
            found = policy.permission(source, target, service.protocol, port)
            if found is None or not source.is_apart(target) or not source.registered:
                continue
            fields = Fields(
                plan.router_mac, source.mac, source.ip, target.ip, _TWIN_SPORT, port, TCP_SYN
            )
            shape = service.protocol.word
            return _twin_case(plan, source, target), Frame(_TWIN, shape, fields)
    return None


def _twin_case(plan: Plan, source: Attachment, target: Attachment) -> CasePlan:
    cell = matrix(plan)[source.source, target.destination]
    where = cell.where[-1] if cell.where else source.where
    return CasePlan(
        number=_TWIN,
        source=source,
        target=target,
        probe="service",
        item=1,
        proto="",
        ports=(),
        spoof="",
        to=target.id,
        drop=None,
        clause=" ".join(cell.clauses),
        where=where,
        cell=cell,
    )


def sent(town: Town, wire: Wire, case: CasePlan, order: Order) -> dict[str, Any]:
    """Send the twin and the frame, with the very token that it had; judge both."""
    run = zlib.crc32(order.run.encode())
    first = twin(town.plan, case)
    before = () if first is None else (first,)
    number = frame_number(run, order.frame)
    for _ in range(_TRIES):
        start = 1 if number is None else number - len(before)
        session = Session(town, wire, run=run, first=start)
        attempt = send(session, case, unmarked(order.frame, run), before)
        sent = attempt.frames[attempt.expectations[_CASE].frames[0]]
        if sent != order.frame:
            raise LabError("the frame that was sent is not the one that was recorded")
        judged = {j.case: j for j in attempt.judgements}
        found = judged[_CASE]
        if found.verdict is not Verdict.INCONCLUSIVE:
            break
    expected = attempt.expectations[_CASE]
    seen = attempt.sightings.seen.get(expected.frames[0])
    return {
        "verdict": found.verdict.value,
        "reason": found.reason,
        "seen_at": sorted(set(seen.places) - expected.via) if seen else [],
        "sent_seen": found.sent_seen,
        "drop_expected": found.expected,
        "drop_counted": found.counted,
        "drop_rule": str(case.drop or ""),
        "twin": judged[_TWIN].verdict.value if _TWIN in judged else "",
        "twin_from": first[0].source.id if first else "",
    }


def restore(town: Town, dumps: Path) -> None:
    """Put recorded tables into the switches, in place of the plan's.

    Raises:
        LabError: A dump is missing, or the switch refuses it.
    """
    for switch in town.plan.switches:
        path = dumps / f"{switch.id}.txt"
        if not path.exists():
            raise LabError(f"{path}: there is no such file; the run did not come so far")
        lines = path.read_text("utf-8").splitlines()
        flows = [line.strip() for line in lines if line.strip().startswith("cookie=")]
        own = town.folder / "log" / f"{switch.id}.flows"
        own.write_text("\n".join(flows) + "\n", "utf-8")
        ofctl = ("ovs-ofctl", "-O", "OpenFlow13")
        town.ovs.run(*ofctl, "del-flows", switch.id)
        town.ovs.run(*ofctl, "add-flows", switch.id, str(own))


def _write(folder: Path, facts: dict[str, Any]) -> None:
    data = orjson.dumps(facts, option=orjson.OPT_INDENT_2)
    write_atomically(folder / "replay.json", data + b"\n")


def main() -> None:
    """Read the command line, replay, and end with the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scenarios.run.replay", description=__doc__)
    parser.add_argument("plan", type=Path)
    for name in ("run", "source", "target", "probe", "frame"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/run/sekisho"))
    parser.add_argument("--guard", default=OWN_GUARD)
    parser.add_argument("--tables", type=Path)
    parser.add_argument("--at", type=datetime.fromisoformat)
    parser.add_argument("--trace-only", action="store_true")
    args = parser.parse_args()
    frame = bytes.fromhex(args.frame)
    order = Order(args.run, args.source, args.target, args.probe, frame, args.guard, args.tables,
                  args.trace_only)  # fmt: skip
    folder = args.folder.resolve()
    sys.exit(
        ended(
            lambda: {
                "exit": replay(
                    at(load(args.plan), args.at or datetime.now(JST)), folder, order, work=args.work
                )
            }
        )
    )


if __name__ == "__main__":
    main()
