"""What was observed besides the windows: copies that came late, and frames that are nobody's.

A window is judged at its end; a forbidden frame that comes out later, from wherever it was held
back, is a leak of its case all the same. A frame that nobody was seen to send is told with its
bytes: a town is silent but for what its hosts say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from scenarios.capture.observations import Late, Observations, Stray
from scenarios.capture.own_traffic import sign
from scenarios.engine.config_watch import MEANWHILE, ConfigWatch
from scenarios.results.case_records import jst
from sekisho.evidence.case import Case
from sekisho.evidence.case_file import CaseLog
from sekisho.evidence.finding import Finding
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label

_MOST = 50  # kinds of strays that are written down
_SHOWN_BYTES = 160


def note_late(cases: CaseLog, late: Iterable[Late]) -> list[Finding]:
    """Note every late leak in its case among *cases*; return a finding for each of those."""
    leaks: dict[str, list[Late]] = defaultdict(list)
    for copy in late:
        if copy.is_leak and copy.case:
            leaks[f"T-{copy.case:06d}"].append(copy)
    findings: list[Finding] = []

    def changed(case: Case) -> Case:
        found = leaks.get(case.case)
        if not found:
            return case
        leaked = _leaked(case, found)
        findings.append(_finding(leaked, found[0]))
        return leaked

    if leaks:
        cases.change(changed)
    return findings


def _leaked(case: Case, late: list[Late]) -> Case:
    places = ", ".join(sorted({copy.sight for copy in late}))
    verdict = Verdict.LEAK
    return replace(
        case,
        verdict=verdict,
        mark=verdict.mark,
        elsewhere=case.elsewhere + len(late),
        reason=f"a forbidden frame was seen late, at {jst(late[0].at_ns)}, at {places}",
    )


def _finding(case: Case, late: Late) -> Finding:
    return Finding(
        case=case.case,
        verdict=case.verdict,
        src=case.src,
        dst=case.dst,
        switch=case.src_switch,
        port=case.src_port,
        rule=case.drop_rule,
        plan_line=case.plan_line,
        seen_at=(late.sight,),
        summary=case.reason,
        command="",
        hexdump="",
        sent_hex=late.data.hex(),
        trace="",
        path=(),
        alone="",
        pcap="",
    )


def note_strangers(watch: ConfigWatch, observed: Observations) -> None:
    """Note what belongs to no case: late sentinels, copies too many, strays with their bytes."""
    for copy in observed.late:
        if copy.is_leak and copy.case:
            continue
        if copy.is_leak:
            label = Label(
                f"{copy.sight}: 監視用のパケットが出るはずのない場所に出た",
                f"{copy.sight}: a sentinel was seen where it must not be",
            )
            watch.note_finding("frame", copy.sight, label, copy.data)
        else:
            label = Label(
                f"{copy.sight}: 試験区間が終わった後にパケットが届いた",
                f"{copy.sight}: a permitted frame came after its window had ended",
            )
            watch.note(MEANWHILE, "frame", copy.sight, label)
    for stray, many in _kinds(observed.strays):
        watch.note_finding("frame", stray.sight, _said(stray, many), stray.data)
    for stray, many in _kinds(observed.doubtful):
        watch.note(MEANWHILE, "frame", stray.sight, _said(stray, many))


def _kinds(strays: Iterable[Stray]) -> list[tuple[Stray, int]]:
    """The first stray of each kind, with how many there were; the most frequent kinds."""
    first: dict[tuple[str, bytes], Stray] = {}
    kinds = Counter[tuple[str, bytes]]()
    for stray in strays:
        kind = (stray.sight, sign(stray.data)[:16])
        first.setdefault(kind, stray)
        kinds[kind] += 1
    return [(first[kind], many) for kind, many in kinds.most_common(_MOST)]


def _said(stray: Stray, many: int) -> Label:
    shown = stray.data[:_SHOWN_BYTES].hex()
    return Label(
        f"{stray.sight}: 送信者の分からないパケット({many:,}個): {shown}",
        f"{stray.sight}: a frame that nobody was seen to send ({many:,}): {shown}",
    )
