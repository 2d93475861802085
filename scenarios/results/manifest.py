"""``manifest.json``: what was run, on what, with which plan, and what was not tested."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scenarios.probes.pairs import lacks_thirds
from scenarios.results.case_records import STATE
from scenarios.suites.scope import Run
from sekisho import __version__
from sekisho.evidence.schema import SCHEMA
from sekisho.intent.sentences import contradictions, decided_by, unmet
from sekisho.model import Attachment, Clause, Label, MustDrop, MustReach, Plan
from sekisho.model.states import state_of
from sekisho.model.terms import resting, whole
from sekisho.policy.matrix import Cell, matrix
from topologies.network.topology import MININET_VERSION
from topologies.ovs.daemon import OpenVSwitch

_ROOT, _UNKNOWN = Path(__file__).resolve().parents[2], "unknown"
_HUBS = Label(
    "同じハブの先の機器どうしの通信(スイッチを通らない)",
    "What devices behind one hub say to each other (it passes no switch)",
)
_NOT_TESTED = (
    (
        "equipment",
        Label(
            "実機(スイッチ・AP・ファームウェア)の動作",
            "Real switches, access points and their firmware",
        ),
    ),
    ("radio", Label("実際の電波と802.1X/EAP認証", "Real radio, and 802.1X/EAP sign-in")),
    (
        "outside",
        Label(
            "実際のLGWAN・住基ネット・通信事業者のNAT",
            "The real LGWAN, resident-register network and carriers' NAT",
        ),
    ),
    (
        "endpoint",
        Label(
            "端末側の対策(USB・EDR・多要素認証)",
            "Controls on the terminals (USB, EDR, multi-factor sign-in)",
        ),
    ),
    ("degraded", Label("制御装置の停止中の遮断", "Drops while the controller is dead")),
    ("moving", Label("ポート変更の最中の遮断", "Drops while ports are being moved")),
    ("relays", Label("共用機器を踏み台にした中継", "Relaying through shared equipment")),
)
#: Of those, what events try: the states that they bring about.
_GAPS = {"degraded": "controller-dead", "moving": "ports-moved", "relays": "relay"}
_THIRD = Label(
    "第三の機器へのなりすまし(該当する機器がない組)",
    "Posing as a third device, for pairs that have none beside them",
)
_MISSING = {
    "netem": Label(
        "回線の遅延・損失・帯域の再現(netem)", "Delay, loss and bandwidth of lines (netem)"
    ),
    "openvswitch": Label(
        "カーネルのOpen vSwitch(利用者空間で代替)",
        "The kernel's own Open vSwitch (userspace used instead)",
    ),
    "8021q": Label(
        "端末自身のVLANタグ(タグ付きの試験パケットで代替)",
        "Tagged interfaces in the hosts (tagged probes used instead)",
    ),
}
_REAL = {
    "netem": Label(
        "計画どおりの回線の遅延・損失・帯域(netem・htb)",
        "Delay, loss and bandwidth of lines as planned (netem, htb)",
    ),
    "openvswitch": Label("カーネルのOpen vSwitch", "The kernel's own Open vSwitch"),
    "8021q": Label(
        "端末自身のVLANタグ(IEEE 802.1Q)", "Tagged interfaces in the hosts (IEEE 802.1Q)"
    ),
}


def manifest(plan: Plan, run: Run, *, started: str, features: Mapping[str, bool]) -> dict[str, Any]:
    """Return ``manifest.json`` but for its end.

    Args:
        plan: The town.
        run: What is tried.
        started: When, ISO 8601.
        features: What the kernel offers, see `topologies.network.kernel_features`.
    """
    return {
        "schema": SCHEMA,
        "run": run.id,
        "started": started,
        "ended": "",
        "suite": run.suite,
        "seed": run.seed,
        "state": STATE,
        "exit": 3,
        "versions": _versions(),
        "hashes": {"plan": plan.sha256, "code": code_digest()},
        "machine": {
            "cores": os.cpu_count() or 0,
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20,
            "system": _system(),
            "datapath": "kernel" if features["openvswitch"] else "userspace",
        },
        "real": [_named(name, _REAL[name]) for name, here in features.items() if here],
        "missing": [_named(name, _MISSING[name]) for name, here in features.items() if not here],
        "not_tested": [_named(name, label) for name, label in _not_tested(plan)],
        "tester": run.tester,
        "witness": run.witness,
        "approver": "",
        "partial": run.partial and {"ja": run.partial.ja, "en": run.partial.en},
        "plan": plan_words(plan),
    }


def _not_tested(plan: Plan) -> tuple[tuple[str, Label], ...]:
    more = [("third", _THIRD)] if lacks_thirds(plan) else []
    more += [("hubs", _HUBS)] if plan.open_hubs else []
    return (*_NOT_TESTED, *more)


def without_gaps(manifest: dict[str, Any], events: Iterable[str]) -> None:
    """Take out of what *manifest* says is not tested whatever the *events* that were played try."""
    tried = {state_of(event) for event in events}
    kept = [each for each in manifest["not_tested"] if _GAPS.get(each["id"]) not in tried]
    manifest["not_tested"] = kept


def _named(name: str, label: Label) -> dict[str, str]:
    return {"id": name, "ja": label.ja, "en": label.en}


def _versions() -> dict[str, str]:
    found = {name: importlib.metadata.version(name) for name in ("ryu", "scapy")}
    return {
        "sekisho": __version__,
        "commit": commit(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "mininet": MININET_VERSION,
        "ovs": OpenVSwitch.version(),
        **found,
    }


def commit(root: Path = _ROOT) -> str:
    """Return the commit of the tree at *root*; ``unknown`` without git, or where it is an archive.

    What was run is known all the same, by the digest of the code and of the plan. A tree that lies
    unpacked in somebody else's repository is not of that one's commit.
    """
    words = ["git", "-C", str(root), "rev-parse", "--show-toplevel", "--short", "HEAD"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return _UNKNOWN
    top, _, found = done.stdout.strip().rpartition("\n")
    return found if top and Path(top).resolve() == root.resolve() else _UNKNOWN


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:  # os-release(5) is not there
        return platform.system()


def code_digest() -> str:
    """Return one digest of every Python file of the four packages."""
    root = Path(__file__).resolve().parents[2]
    total = hashlib.sha256()
    for package in ("sekisho", "topologies", "controller", "scenarios"):
        for path in sorted((root / package).rglob("*.py")):
            total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def _times(clause: Clause, plan: Plan) -> dict[str, Any]:
    """Return when a rule holds, and whether it rests; nothing where it always holds."""
    if not clause.has_times:
        return {}
    until = {"until": str(clause.until)} if clause.until else {}
    hours = [str(hours) for hours in clause.hours]
    return {**until, "hours": hours, "rests": clause in resting(plan)}


def plan_words(plan: Plan) -> dict[str, Any]:
    """Return the plan in its own words, so that reports need nothing but the run folder."""
    return {
        **_named(plan.id, plan.label),
        "path": plan.path,
        **({"moment": plan.moment.isoformat()} if plan.moment else {}),
        "profile": plan.profile,
        "edition": plan.edition,
        "sources": [_named(c.id, c.label) for c in plan.sources],
        "destinations": [_named(c.id, c.label) for c in plan.destinations],
        "cells": {f"{s}/{d}": _cell_words(cell) for (s, d), cell in matrix(plan).items()},
        "clauses": {
            c.id: {
                "ja": c.purpose.ja,
                "en": c.purpose.en,
                "basis": c.basis.value,
                "note": c.basis_note,
                "where": c.where,
                **_times(c, plan),
            }
            for c in plan.clauses
        },
        "sites": [_named(s.id, s.label) for s in plan.sites],
        "attachments": {a.id: _attachment_words(plan, a) for a in plan.attachments},
        "must_drop": [_must_drop_words(plan, line) for line in plan.must_drop],
        "must_reach": [_must_reach_words(plan, line) for line in plan.must_reach],
        "exceptions": [
            {
                **_named(e.id, e.label),
                "measures_ja": e.measures.ja,
                "measures_en": e.measures.en,
                "breaks": e.breaks,
                "rules": e.rules,
            }
            for e in plan.exceptions
        ],
    }


def _must_drop_words(plan: Plan, line: MustDrop) -> dict[str, Any]:
    """A sentence, whom it is decided by, and the rules that permit what it says is blocked."""
    by = decided_by(plan, line)
    chosen = {
        "senders": [a.id for a in plan.attachments if line.is_from(a)],
        "targets": [b.id for b in plan.attachments if line.is_to(b)],
        "decided_by": by and {"ja": by.ja, "en": by.en},
    }
    return {
        "number": line.number,
        "ja": line.label.ja,
        "en": line.label.en,
        "sources": list(line.sources),
        "destinations": list(line.destinations),
        "items": list(line.items),
        "state": line.state,
        "contradictions": [
            {
                "case": f"{found.clause.id} [{', '.join(found.allow.services)}]",
                "cell": f"{found.source.source}/{found.target.destination}",
                "where": found.allow.where,
            }
            for found in contradictions(plan)
            if found.sentence is line
        ],
        **(chosen if by else {}),
    }


def _must_reach_words(plan: Plan, line: MustReach) -> dict[str, Any]:
    """A need of work, who has it, and where no rule meets it."""
    by = decided_by(plan, line)
    services = [plan.service[name] for name in line.services]
    return {
        "number": line.number,
        "ja": line.label.ja,
        "en": line.label.en,
        "sources": list(line.sources),
        "destinations": list(line.destinations),
        "senders": [a.id for a in plan.attachments if line.is_from(a)],
        "targets": [b.id for b in plan.attachments if line.is_to(b)],
        "ports": [f"{s.protocol.name.lower()}/{r}" for s in services for r in s.ports],
        "decided_by": by and {"ja": by.ja, "en": by.en},
        "contradictions": [
            {
                "case": found.service,
                "cell": f"{found.source.source}/{found.target.destination}",
                "where": found.need.where,
            }
            for found in unmet(whole(plan))  # a rule that rests is no rule that lacks
            if found.need is line
        ],
    }


def _cell_words(cell: Cell) -> dict[str, Any]:
    return {
        "kind": cell.kind.value,
        "mark": cell.mark,
        "severity": cell.severity,
        "requirements": list(cell.requirements),
        "edition": cell.edition,
        "where": list(cell.where),
    }


def _attachment_words(plan: Plan, a: Attachment) -> dict[str, Any]:
    label = plan.device[a.device].label
    return {
        "ja": label.ja,
        "en": label.en,
        "site": a.site,
        "switch": a.at.switch,
        "port": a.at.name or a.at.port,
        "zone": a.zone,
        "vlan": plan.zone[a.zone].vlan,
        "mac": a.mac,
        "ip": str(a.ip),
        "source": a.source,
        "destination": a.destination,
    }
