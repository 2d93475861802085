"""``sekisho replay``: send the one packet of a finding once more, and say what became of it."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from sekisho.commands import runs
from sekisho.commands.bridge import Bridge, bridge
from sekisho.commands.inner import Outcome, listen
from sekisho.commands.screen import Screen
from sekisho.errors import UsageError
from sekisho.evidence.case import Case
from sekisho.evidence.finding import Finding
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.plan import load
from sekisho.report.reading import RunRecord, read
from sekisho.runtime.namespaces import launched, namespace_flags
from sekisho.runtime.progress import progress

_MODULE = "scenarios.run.replay"


def replay(args: Namespace, screen: Screen) -> int:
    """Replay the packet of ``args.case`` of the run ``args.run`` and return the exit status."""
    record = read(args.run, manifest_sha256=args.manifest_sha256)
    finding = _finding(record, args.case)
    case = record.cases[record.cases.row(finding.case)]
    path = args.plan or Path(record.manifest.plan.path)
    plan = load(path)
    if plan.sha256 != record.manifest.hashes.get("plan"):
        screen.complain(
            f"{path} has changed since the run: the packet is judged by it as it is now"
        )
    namespace_flags()
    folder = runs.make_run(args.out, f"{plan.id}-replay", datetime.now(runs.JST))
    words = [sys.executable, "-m", _MODULE, str(path), "--folder", str(folder)]
    words += [f"--run={record.manifest.run}", f"--source={case.src}", f"--target={case.dst}"]
    words += [f"--probe={case.probe}", f"--frame={finding.sent_hex}"]
    words += [f"--at={at}"] if (at := record.manifest.plan.moment) else []
    words += [f"--tables={(args.run / 'flows').resolve()}"] if args.tables else []
    words += ["--trace-only"] if args.trace_only else []
    outcome = _supervised(words, folder, bridge(args.controller, folder), args, screen)
    if outcome.error:
        screen.complain(outcome.error)
    facts = folder / "replay.json"
    if facts.exists():
        for line in _lines(orjson.loads(facts.read_bytes()), case, args.lang):
            screen.out.print(line, highlight=False, markup=False, soft_wrap=True)
        screen.out.print(f"{facts}", style="dim", soft_wrap=True, highlight=False)
    return outcome.exit


def _finding(record: RunRecord, case: str) -> Finding:
    found = next((f for f in record.findings if f.case == case), None)
    if found is None:
        known = [f.case for f in record.findings if f.sent_hex]
        hint = f"one of {', '.join(known[:8])}" if known else "this run has none"
        raise UsageError(f"{record.folder} has no finding {case!r}\n  hint: {hint}")
    if not found.sent_hex:
        raise UsageError(
            f"{case} is a conversation, not a packet\n"
            f"  hint: sekisho up {record.manifest.plan.path}, then sekisho exec"
        )
    return found


def _supervised(
    words: list[str], folder: Path, way: Bridge, args: Namespace, screen: Screen
) -> Outcome:
    log = folder / "log" / "replay.log"
    shown = progress(screen.err, language=args.lang, is_quiet=False)
    words = [*words, f"--guard={way.guard}"]
    try:
        with (
            log.open("wb") as out,
            shown,
            way.open,
            launched(words, folder=folder, log=out) as process,
        ):
            return listen(process, shown, log=log)
    except KeyboardInterrupt as stop:
        return Outcome(
            runs.EXIT_INCONCLUSIVE, f"interrupted{f' by {stop}' if str(stop) else ''}", {}
        )


def _lines(facts: dict[str, Any], case: Case, language: str) -> list[str]:
    """Say what was sent, which way it would go, what was seen, and the verdict at the end."""

    def say(ja: str, en: str) -> str:
        return Label(ja, en).text(language)

    expected = say("通る", "arrive") if facts["expect"] == "arrive" else say("落ちる", "be dropped")
    out = [f"{case.case}  {case.cell}  {case.src} → {case.dst}  {case.probe}", facts["command"]]
    out.append(
        say(
            f"計画では{expected}: {facts['where']}",
            f"by the plan it must {expected}: {facts['where']}",
        )
    )
    if facts["tables"]:
        out.append(
            say(f"規則は記録から: {facts['tables']}", f"tables of the record: {facts['tables']}")
        )
    out += [f"  {line}" for line in facts["path"]]
    if "verdict" not in facts:
        return [*out, say("送信せず、経路のみ", "nothing was sent: the path only")]
    places = ", ".join(facts["seen_at"]) or say("どこでも観測せず", "nowhere")
    out.append(f"{say('観測した場所', 'seen at')}: {places}")
    if facts["twin_from"]:
        word = Verdict(facts["twin"]).label.text(language)
        out.append(
            f"{say('許可された対の', 'its permitted twin from')} {facts['twin_from']}: {word}"
        )
    if facts["drop_rule"]:
        out.append(f"{facts['drop_rule']}: {facts['drop_counted']} / {facts['drop_expected']}")
    verdict = Verdict(facts["verdict"])
    return [*out, f"{verdict.mark} {verdict.label.text(language)} {facts['reason']}".strip()]
