"""Read a run folder into one value that every report is made from.

The folder is believed only where it is as its run sealed it, and where its parts agree: a summary
that counts other cases than the file of cases holds is refused. Without a seal it is
inconclusive. A run that ended early is no mistake of the folder; it is read, and inconclusive.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import orjson

from sekisho.errors import UsageError
from sekisho.evidence import seal
from sekisho.evidence.case_file import case_file
from sekisho.evidence.finding import Difference, Finding
from sekisho.evidence.run_verdict import RunVerdict, run_verdict
from sekisho.evidence.schema import current_key
from sekisho.evidence.summary import Seconds, Summary
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report.json_file import json_object, understood
from sekisho.report.manifest import Manifest, read_manifest
from sekisho.report.table import CaseTable, read_table, table_from_lines


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run folder, read and found to agree with itself.

    Attributes:
        summary: None where the run ended before it could be written.
        findings: The worst first.
        differences: What of the fabric was not as planned.
        verdict: Of the whole run; never better than its cases.
        trouble: Why the verdict is inconclusive, in words; None where it is not.
        events: ``events.json``; None where the run had no events.
        proof: ``proof.json``; None where nothing was proved.
        sealed: SHA-256 of ``manifest.json``, which holds the digest of every other file.
    """

    folder: Path
    manifest: Manifest
    summary: Summary | None
    cases: CaseTable
    findings: tuple[Finding, ...]
    differences: tuple[Difference, ...]
    verdict: RunVerdict
    trouble: Label | None
    sealed: str
    events: dict[str, Any] | None = None
    proof: dict[str, Any] | None = None

    def replay(self, case: str) -> str:
        """Return the command that sends the packet of a finding once more."""
        return f"sekisho replay {self.folder.parent / self.manifest.run} {case}"

    @property
    def is_aborted(self) -> bool:
        """True where the run did not reach its end: what it holds is a part of unknown size."""
        return bool(_aborted(self.manifest, self.summary))


def read(folder: Path, *, manifest_sha256: str = "") -> RunRecord:
    """Read *folder*.

    Args:
        folder: The run folder.
        manifest_sha256: What the digest of its manifest must be; empty for any.

    Raises:
        SealError: It was changed since the run was sealed.
        UsageError: A file is wrong; it is named, and the line where there is one.
    """
    sealed = seal.check_manifest(folder, manifest_sha256)
    manifest = read_manifest(folder / seal.MANIFEST)
    if manifest.files is not None:
        seal.check(folder, manifest.files)
    told = folder / "summary.json"
    summary = read_summary(told) if told.exists() else None
    aborted = _aborted(manifest, summary)
    path = case_file(folder)
    cases = _cases(path, is_optional=bool(aborted))
    findings = _findings(folder / "findings.json", is_optional=bool(aborted))
    numbers = set(cases.columns["case"].values)
    for finding in findings:
        if finding.case not in numbers:
            raise UsageError(f"{folder / 'findings.json'}: {finding.case} is not in {path.name}")
    unlike = _differences(folder / "differences.json")
    judged = run_verdict(cases.verdicts(), aborted=aborted, differences=unlike)
    if not aborted and any(line.contradictions for line in manifest.plan.sentences):
        judged = RunVerdict.FAIL
    if summary is not None and not aborted:
        _agree(told, summary, cases, judged)
        judged = summary.verdict
    trouble = _trouble(aborted, cases, unlike) if judged is RunVerdict.INCONCLUSIVE else None
    parts = (folder, manifest, summary, cases, findings, unlike, judged, trouble, sealed)
    events = _events(folder / "events.json")
    return RunRecord(*parts, events=events, proof=read_proof(folder))


def _aborted(manifest: Manifest, summary: Summary | None) -> str:
    """Why the folder is not the whole of a run; empty where it is."""
    if summary is None:
        return "no summary was written"
    if summary.aborted or manifest.files is not None:
        return summary.aborted
    return "its manifest has no seal"


def read_summary(path: Path) -> Summary:
    """Read ``summary.json``; UsageError says which file and which key is wrong."""
    found = json_object(path)
    with understood(path):
        times = cast(dict[str, float], found["seconds"])
        plain = {
            f.name: found[current_key(f.name, found.get("schema"))]
            for f in fields(Summary)
            if f.name not in ("seconds", "verdict")
        }
        return Summary(
            **cast(dict[str, str], plain),  # type: ignore[arg-type]  # numbers, as the contract says
            verdict=RunVerdict(found["verdict"]),
            seconds=Seconds(**{f.name: float(times.get(f.name, 0.0)) for f in fields(Seconds)}),
        )


def _cases(path: Path, *, is_optional: bool) -> CaseTable:
    if is_optional and not path.exists():
        return table_from_lines((), str(path))
    return read_table(path, is_whole=not is_optional)


def _findings(path: Path, *, is_optional: bool) -> tuple[Finding, ...]:
    if is_optional and not path.exists():
        return ()
    try:
        found = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    with understood(path):
        findings = [_finding(item) for item in orjson.loads(found)]
    return tuple(sorted(findings, key=lambda finding: -finding.verdict.badness))


def _finding(item: dict[str, str]) -> Finding:
    values = {f.name: item[f.name] for f in fields(Finding)}
    return Finding(
        **{  # type: ignore[arg-type]  # the port is a number, as the contract says
            **values,
            "verdict": Verdict(values["verdict"]),
            "seen_at": tuple(values["seen_at"]),
            "path": tuple(values["path"]),
        }
    )


def _differences(path: Path) -> tuple[Difference, ...]:
    """Read what was not as planned; runs before there was such a file have none."""
    if not path.exists():
        return ()
    try:
        return tuple(Difference(**item) for item in orjson.loads(path.read_bytes()))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


#: What a run has proved of the tables that its switches held.
PROOF_FILE = "proof.json"
_PROVED = ("forbidden", "missing", "entries", "rules")
_JUDGED = ("skipped", *(verdict.value for verdict in Verdict))
_OUTCOME = (
    *("event", "verdict", "reason", "leaked", "forbidden_sent", "permitted_heard"),
    *("gap_ms", "allow_ms", "deny_ms", "notes"),
)


def read_proof(folder: Path) -> dict[str, Any] | None:
    """Return what the run in *folder* has proved; None where it proved nothing.

    Raises:
        UsageError: A key is missing, or is no such value: says which.
    """
    path = folder / PROOF_FILE
    if not path.exists():
        return None
    found = json_object(path)
    with understood(path):
        if not found["refused"]:
            for key in _PROVED:
                cast(int, found[key]) + 0
            for name in ("assumptions", "differences"):
                for each in cast(list[dict[str, str]], found[name]):
                    each["ja"], each["en"]
    return found


def _events(path: Path) -> dict[str, Any] | None:
    """Read the events of the run; UsageError names a key that is missing."""
    if not path.exists():
        return None
    found = json_object(path)
    with understood(path):
        known = cast(dict[str, Any], found["events"])
        for row in cast(list[dict[str, Any]], found["outcomes"]):
            known[row["event"]]["ja"], known[row["event"]]["en"]  # they are there
            for key in _OUTCOME:
                row[key]
            if found.get("schema") == 1 and row["verdict"] not in _JUDGED:
                row["verdict"] = Verdict(row["verdict"]).value
    return found


def _agree(path: Path, summary: Summary, cases: CaseTable, judged: RunVerdict) -> None:
    counts = dict.fromkeys(Verdict, 0)
    for verdict in cases.verdicts():
        counts[verdict] += 1
    said = (
        summary.passed,
        summary.leak,
        summary.overblock,
        summary.unattributed,
        summary.inconclusive,
        summary.residual,
    )
    for verdict, number in zip(Verdict, said, strict=True):
        if counts[verdict] != number:
            raise UsageError(
                f"{path}: says {verdict.value}: {number}, but there are {counts[verdict]}"
            )
    if summary.cases != len(cases):
        raise UsageError(f"{path}: says cases: {summary.cases}, but there are {len(cases)}")
    ranks = (RunVerdict.PASS, RunVerdict.INCONCLUSIVE, RunVerdict.FAIL)
    if ranks.index(summary.verdict) < ranks.index(judged):
        raise UsageError(
            f"{path}: says {summary.verdict.value}, but its cases make it {judged.value}"
        )


def _trouble(aborted: str, cases: CaseTable, unlike: tuple[Difference, ...]) -> Label:
    if aborted:
        return Label(f"試験は途中で終わりました({aborted})", f"the run ended early: {aborted}")
    if unlike:
        more = len(unlike) - 1
        ja, en = (f"、ほか{more:,}件", f", and {more:,} more") if more else ("", "")
        return Label(
            f"機器の状態が計画と違います({unlike[0].ja}{ja})",
            f"the fabric is not as planned ({unlike[0].en}{en})",
        )
    if not len(cases):
        return Label("試験を1件も行っていません", "no case was run")
    inconclusive = sum(verdict is Verdict.INCONCLUSIVE for verdict in cases.verdicts())
    if inconclusive:
        return Label(
            f"判定できない試験が{inconclusive:,}件あります",
            f"{inconclusive:,} cases cannot be judged",
        )
    return Label("試験全体の条件が確かめられていません", "the run as a whole is not vouched for")
