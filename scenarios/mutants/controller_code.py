"""Faults in the controller's code: a copy of it with one line wrong guards the town for a while.

The copy is made of the very sources that guard the town; each fault names a file, the text that
goes and the text that comes, and a test holds that the text is still there. What the controller
itself notices, because it reads back what it did, is told by its own last words.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import sekisho
from scenarios.capture.places import CHANNEL, Place
from scenarios.capture.rx_ring import Ring
from scenarios.mutants.affected import AffectedCases
from scenarios.mutants.harness import (
    INCONCLUSIVE,
    KILLED,
    SURVIVED,
    Mutant,
    MutantResult,
    MutationHarness,
)
from sekisho.errors import LabError, PlanError
from sekisho.model import Plan
from sekisho.openflow.flow_dump import flows
from sekisho.plan import document, load

ROOT = Path(sekisho.__file__).parents[1]
_PACKAGES = ("controller", "sekisho")
_IN_FORCE_S = 60.0
_LOOK_S = 0.005
_BARRIER = b"\x04\x14\x00\x08"  # OpenFlow 1.3.5, 7.1: version, OFPT_BARRIER_REQUEST, length
_AGE = re.compile(r"duration=([\d.]+)s")


@dataclass(frozen=True, slots=True)
class SourceMutation:
    """One fault of the code.

    Attributes:
        edits: (file, text that goes, text that comes); each text stands there exactly once.
        before: What it takes over from, where a restart alone would not show it: a controller that
            allowed one thing more (``wider``), or a switch without rules (``wiped``).
        look: What shows it, besides the gate.
    """

    ids: tuple[str, ...]
    words: str
    edits: tuple[tuple[str, str, str], ...]
    before: str = ""
    look: str = ""


_DROP_OTHER = (
    "        yield drop_rule(table, 50, Cookie(Kind.DROP_ETHERTYPE, port), in_port=port)\n"
)
_DROP_IPV6 = (
    "        yield drop_rule(table, 300, Cookie(Kind.DROP_IPV6, port), in_port=port, "
    "eth_type=ETH_IPV6)\n"
)
_COMPARED = "        todo = changes(wanted, held)\n"
WRONGS = (
    SourceMutation(("M-13", "M07"), "the compiler omits IPv6", (
        ("sekisho/compiler/tables.py", _DROP_IPV6, ""),)),
    SourceMutation(("M-15",), "the compiler omits ARP", (
        ("sekisho/compiler/tables.py", "in enumerate(sorted(here), 1):", "in enumerate((), 1):"),)),
    SourceMutation(("M-15",), "ARP is answered for everybody", (
        ("sekisho/compiler/tables.py", "match(eth_type=ETH_ARP, arp_spa=both, arp_tpa=both)",
         "match(eth_type=ETH_ARP, arp_spa=both)"),)),
    SourceMutation(("M-17",), "LLDP of edge ports goes to the controller", (
        ("sekisho/compiler/tables.py", _DROP_OTHER, _DROP_OTHER +
         "        yield Rule(table, 60, match(in_port=port, eth_type=0x88CC), "
         "int(Cookie(Kind.DROP_ETHERTYPE, port)), (Output(0xFFFFFFFD),))\n"),)),
    SourceMutation(("M-19", "M13"), "a rule that is no longer wanted stays", (
        ("controller/reconcile.py", "        if key not in want\n        or (rule.table",
         "        if key in want\n        and (rule.table"),), before="wider"),
    SourceMutation(("M05",), "rules have a time-out", (
        ("controller/openflow.py", "            priority=rule.priority,\n            match=wire",
         "            idle_timeout=600, priority=rule.priority,\n            match=wire"),),
        before="wiped"),
    SourceMutation(("M-20",), "everything is deleted, then added", (
        ("controller/reconciler.py", "from controller.reconcile import changes\n",
         "from controller.reconcile import Step, changes\n"),
        ("controller/reconciler.py", _COMPARED,
         "        self._switches.send(datapath, step_bytes(Step(held, ())))\n"
         "        held = ()\n" + _COMPARED)), look="ages"),
    SourceMutation(("M-20",), "no barrier is awaited", (
        ("controller/switch_io.py",
         "        self._ask(datapath, fw.parser.OFPBarrierRequest(datapath))\n", ""),),
        before="wider", look="barriers"),
    SourceMutation(("M-22",), "a sender is known by its MAC alone", (
        ("sekisho/compiler/attachment.py", "match(**door, eth_src=mac, ipv4_src=ip, **_IP)",
         "match(**door, eth_src=mac, **_IP)"),)),
)  # fmt: skip


def mutants() -> list[Mutant]:
    """Return every fault of the code."""
    return [_mutant(wrong) for wrong in WRONGS]


@dataclass(slots=True)
class _Seen:
    """What the wrong controller did while it took over."""

    trouble: str = ""
    since: float = 0.0
    barriers: int = 0
    usual: int = 0
    is_whole: bool = True


def _mutant(wrong: SourceMutation) -> Mutant:
    seen = _Seen()

    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        with tempfile.TemporaryDirectory() as folder:
            code = copied(wrong, Path(folder))
            try:
                seen.usual = 0
                if wrong.before == "wiped":
                    harness.ofctl("del-flows", harness.plan.switches[0].id)
                elif wrong.before == "wider":
                    _swap(harness, _wider(harness.plan, Path(folder)), None, seen)
                    seen.usual = seen.barriers
                _swap(harness, None, code, seen)
                yield
            finally:
                _swap(harness, None, None, _Seen())

    return Mutant(
        wrong.ids, "app", wrong.edits[0][0], wrong.words, planted, lambda g: _tried(g, wrong, seen)
    )


def copied(wrong: SourceMutation, folder: Path) -> Path:
    """Copy the sources into *folder* and put the fault in; return the folder.

    Raises:
        LabError: The text that should go is not there exactly once.
    """
    code = folder / "code"
    for package in _PACKAGES:
        shutil.copytree(
            ROOT / package, code / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name, old, new in wrong.edits:
        path = code / name
        text = path.read_text("utf-8")
        if text.count(old) != 1:
            raise LabError(f"{name}: {old.strip()!r} is there {text.count(old)} times, not once")
        path.write_text(text.replace(old, new), "utf-8")
    return code


def _swap(harness: MutationHarness, plan: Path | None, code: Path | None, seen: _Seen) -> None:
    """Let another controller take over; note what it said if it gave up, and its barriers."""
    town, channel = harness.town, harness.wire.rings[Place("channel", CHANNEL)]
    for _ in channel.drain():
        pass
    lost = channel.dropped
    town.end("controller")
    seen.since, seen.trouble = time.monotonic(), ""
    before = len(town.facts())
    town.start_guard(plan, code=code)
    with _counted(channel) as barriers:
        try:
            town.wait_for("town-in-force", timeout_s=_IN_FORCE_S, after=before)
        except LabError as error:
            if code is None:
                raise
            seen.trouble = str(error).strip().splitlines()[-1]
            town.end("controller")
    seen.barriers, seen.is_whole = sum(barriers), channel.dropped == lost
    channel.dropped = lost  # whatever was lost meanwhile was nobody's frame


@contextmanager
def _counted(channel: Ring) -> Iterator[list[int]]:
    """Read the controller's channel all the while: tables are long. Count barrier requests."""
    found, is_over = list[int](), threading.Event()

    def read() -> None:
        while not is_over.is_set():
            found.append(sum(_BARRIER in copy.data for copy in channel.drain()))
            is_over.wait(_LOOK_S)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield found
    finally:
        is_over.set()
        reader.join()
        found.append(sum(_BARRIER in copy.data for copy in channel.drain()))


def _wider(plan: Plan, folder: Path) -> Path:
    """Write the plan with one permission more, as it was before somebody lost it."""
    data: dict[str, Any] = document(plan.path)
    out = folder / "wider.yaml"
    for clause in data["policy"]:
        for row in plan.sources:
            allow = deepcopy({**clause["allow"][0], "from": [row.id]})  # YAML would alias it
            allow.pop("only_from", None)
            more = {**clause, "allow": [*clause["allow"], allow]}
            policy = [more if c is clause else c for c in data["policy"]]
            text = yaml.safe_dump({**data, "policy": policy}, allow_unicode=True, sort_keys=False)
            out.write_text(text, "utf-8")
            if any(row.id in a["from"] for a in clause["allow"]) or not _is_sound(out):
                continue
            if any(a.source == row.id and a.registered for a in plan.attachments):
                return out
    raise LabError("no permission can be added to this plan")


def _is_sound(path: Path) -> bool:
    try:
        load(path)
    except PlanError:
        return False
    return True


def _tried(harness: MutationHarness, wrong: SourceMutation, seen: _Seen) -> MutantResult:
    if seen.trouble:
        return MutantResult(KILLED, "the controller's own proof", seen.trouble)
    if wrong.look == "ages":
        youngest = min(_ages(harness))
        if youngest < time.monotonic() - seen.since:
            how = f"rules that were right are {youngest:.1f} s old: made anew by a restart"
            return MutantResult(KILLED, "reload touches nothing", how)
    if wrong.look == "barriers":
        if not seen.is_whole:
            return MutantResult(
                INCONCLUSIVE, "barriers on the wire", "the controller's channel was not heard whole"
            )
        if not seen.usual:
            return MutantResult(
                INCONCLUSIVE,
                "barriers on the wire",
                "the right controller was not seen to send one",
            )
        if not seen.barriers:
            how = f"0 barrier requests on the controller's channel, {seen.usual} before"
            return MutantResult(KILLED, "barriers on the wire", how)
    return _by_gate(harness)


def _ages(harness: MutationHarness) -> list[float]:
    dumps = [harness.town.ovs.flows(s.id) for s in harness.plan.switches]
    return [float(age) for dump in dumps for age in _AGE.findall(dump)]


def _by_gate(harness: MutationHarness) -> MutantResult:
    names = list(_different(harness))
    if not names:
        return MutantResult(
            INCONCLUSIVE, "tables", "every table is as under the right code: was the fault loaded?"
        )
    focus = AffectedCases(harness.plan, names)
    suite = harness.suite(focus)
    told = harness.gate_and_talk(suite, focus)
    return told or MutantResult(
        SURVIVED, "", f"{len(names)} rules differ and nobody told", len(suite)
    )


def _different(harness: MutationHarness) -> Iterator[tuple[str, int]]:
    """The names of all rules that are not as the right controller left them."""
    for switch, right in harness.right.items():
        now = {(x.table, x.cookie, x.text) for x in flows(harness.town.ovs.flows(switch))}
        yield from {(switch, cookie) for _, cookie, _ in now ^ right}
