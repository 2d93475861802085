"""The chapters of the HTML report behind page one and the matrix: figures, findings, limits.

They are for the engineer and the auditor, so numbers, packets and rules may appear here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from sekisho.evidence.finding import Finding
from sekisho.evidence.summary import Seconds, Summary
from sekisho.evidence.verdict import Verdict
from sekisho.model import Label
from sekisho.report import causes, tally
from sekisho.report.front import untested
from sekisho.report.markup import Markup, both, join, say, table, tag
from sekisho.report.probe_names import name_of
from sekisho.report.reading import RunRecord
from sekisho.report.sentence import why
from sekisho.report.terminal import ALONE
from sekisho.report.times import moment

MOST_FINDINGS = 100  # causes, each with the packet of one case; all of them are in findings.json
MOST_LINKS = 40  # further cases of one cause
MOST_APART = 50  # inconclusive and residual cases listed; all of them are behind the matrix

LIMITS = (
    Label(
        "模擬環境(Mininet、Open vSwitch)での確認であり、実機の結果ではありません。",
        "Found in an emulation (Mininet, Open vSwitch), not on real equipment.",
    ),
    Label(
        "実際の電波、実機の利用者認証(802.1X/EAP)、製品のファームウェア、通信事業者のアドレス変換、実際のLGWAN・住基ネットは動かしていません。",
        "Real radio, real 802.1X/EAP, vendor firmware, carrier NAT, and the real LGWAN and "
        "resident-register networks are not exercised.",
    ),
    Label(
        "端末の中の対策(USB制限、EDR、多要素認証)は対象外です。",
        "Controls inside terminals (USB, EDR, multi-factor authentication) are out of scope.",
    ),
)

_PHASES = {
    "boot": Label("起動", "boot"),
    "in_force": Label("規則の反映", "rules in force"),
    "build": Label("試験の準備", "build"),
    "probe": Label("送信と観測", "probe"),
    "exchange": Label("実サービスの往復", "exchanges"),
    "backup": Label("副回線の試験", "backup lines"),
    "flood": Label("大量の通信の試験", "flood"),
    "unguarded": Label("制御装置の停止中の試験", "controller dead"),
    "events": Label("事象の試験", "events"),
    "compare": Label("機器の状態の照合", "fabric compared"),
    "judge": Label("判定", "judge"),
    "prove": Label("全数検証", "prove"),
    "report": Label("報告書", "report"),
    "total": Label("全体", "total"),
}
_REST = Label("その他(観測の準備、記録など)", "the rest (listening, records)")
_SIZES = {
    "hosts": Label("端末・サーバ", "devices"),
    "attachments": Label("接続", "attachments"),
    "switches": Label("スイッチ", "switches"),
    "rules": Label("規則", "rules"),
    "exchanges": Label("実サービスの往復", "exchanges"),
    "frames_sent": Label("送信したパケット", "frames sent"),
    "frames_captured": Label("観測したパケット", "frames captured"),
    "captures_dropped": Label("取りこぼし", "captures dropped"),
    "frames_per_s": Label("送信速度(毎秒)", "frames per second"),
    "peak_memory_mb": Label("最大メモリ(MB)", "peak memory (MB)"),
}


def figures(record: RunRecord) -> Markup:
    """Return the chapter of numbers."""
    parts = [tag("h2", say("数字で見る結果", "The run in figures"))]
    if record.trouble is not None:
        parts.append(tag("p", both(record.trouble), class_="trouble"))
    parts += [_verdicts(record), _probes(record)]
    if record.summary is not None:
        sizes = table(
            (say("規模", "size"), say("数", "number")),
            ((both(name), _number(record.summary, key)) for key, name in _SIZES.items()),
            class_="plain",
        )
        parts.append(tag("div", sizes, _times(record.summary.seconds), class_="pair"))
    return tag("section", *parts, class_="sheet", id="figures")


def _number(summary: Summary, key: str) -> str:
    return f"{getattr(summary, key):,.0f}"


def _verdicts(record: RunRecord) -> Markup:
    total = tally.overall(record)
    whole = max(total.total, 1)
    rows = (
        (
            join((tag("b", verdict.mark), " ", both(verdict.label))),
            f"{total.counts.get(verdict, 0):,}",
            _bar(
                total.counts.get(verdict, 0) / whole,
                "part" if record.is_aborted else verdict.value,  # never green after an abort
            ),
        )
        for verdict in Verdict
    )
    heads = (say("判定", "verdict"), say("件数", "cases"), say("割合", "share"))
    return table(heads, rows, class_="plain bars")


def _probes(record: RunRecord) -> Markup:
    apart = {line.id for line in record.manifest.catalogue}  # they have a chapter of their own
    rows = [
        (
            _called(record, item, probe),
            f"{found.total:,}",
            *(f"{found.counts.get(verdict, 0):,}" for verdict in Verdict),
            found.mark,
        )
        for (item, probe), found in tally.by_probe(record).items()
        if probe not in apart
    ]
    heads = [say("試験の種類", "probe"), say("件数", "cases")]
    heads += [join((tag("b", verdict.mark), both(verdict.label))) for verdict in Verdict]
    heads.append(say("判定", "verdict"))
    return tag("div", table(heads, rows, class_="plain probes"), class_="scroll")


def _called(record: RunRecord, item: int, probe: str) -> Markup:
    """The number of the probe set, the name, and the id for engineers."""
    name, number = name_of(record, probe), f"{item}  " if item else ""
    if name is None:
        return join((f"{number}{probe}",))
    return join((number, both(name), " ", tag("code", probe)))


def _times(seconds: Seconds) -> Markup:
    whole = max(seconds.total, 0.001)
    rows = []
    took = {_PHASES[f.name]: float(getattr(seconds, f.name)) for f in fields(Seconds)}
    total = took.pop(_PHASES["total"])
    took[_REST] = max(0.0, total - sum(took.values()))
    took[_PHASES["total"]] = total
    for phase, length in took.items():
        if length:  # a phase that this suite does not have
            rows.append((both(phase), f"{length:,.1f}", _bar(length / whole, "time")))
    heads = (say("工程", "phase"), say("秒", "seconds"), say("割合", "share"))
    return table(heads, rows, class_="plain bars")


def _bar(share: float, kind: str) -> Markup:
    width = f"width:{min(share, 1) * 100:.2f}%"
    return tag("span", tag("i", class_=kind, style=width), class_="bar", aria_hidden="true")


def findings(record: RunRecord) -> Markup:
    """Return the chapter of findings, each with its packet, path and plan line."""
    title = tag("h2", say("指摘事項", "Findings"))
    counts = tally.overall(record).counts
    number = max(len(record.findings), sum(n for v, n in counts.items() if v.is_finding))
    rest = (*_apart(record, Verdict.INCONCLUSIVE), *_apart(record, Verdict.RESIDUAL))
    if not number:
        nothing = tag("p", say("指摘はありません。", "There is no finding."))
        kind = "sheet" if rest else "sheet brief"  # on paper, a sheet of its own would be empty
        return tag("section", title, nothing, *rest, class_=kind, id="findings")
    found = causes.causes(record)
    count = tag("p", both(causes.told(found, number)), class_="causes")
    entries = [part for cause in found[:MOST_FINDINGS] for part in _cause(record, cause)]
    if more := len(found) - MOST_FINDINGS:
        ja, en = f"ほかに原因{more:,}件(findings.json)", f"{more:,} more causes in findings.json"
        entries += [tag("p", say(ja, en))] if more > 0 else []
    return tag("section", title, count, *entries, *rest, class_="sheet", id="findings")


def _cause(record: RunRecord, cause: causes.Cause) -> list[Markup]:
    """One cause: what it is, its first finding with its packet, and links to the others."""
    count = len(cause.findings)
    ja, en = f"{count:,}件", f"{count:,} case{'' if count == 1 else 's'}"
    head = tag("h3", both(cause.words), " ", say(ja, en), tag("small", f" {cause.where}"))
    out = [tag("div", head, class_="cause"), _finding(record, cause.findings[0])]
    links = [
        join((tag("a", each.case, href=f"#case={each.case}"), " "))
        for each in cause.findings[1 : MOST_LINKS + 1]
    ]
    if more := count - 1 - len(links):
        links.append(say(f"ほか{more:,}件", f"and {more:,} more"))
    name = say("同じ原因の試験", "cases of the same cause")
    return [*out, tag("p", name, ": ", *links, class_="others")] if links else out


def _apart(record: RunRecord, verdict: Verdict) -> list[Markup]:
    """List the cases that are no findings and yet did not pass, with their reasons."""
    rows = [row for row, found in enumerate(record.cases.verdicts()) if found is verdict]
    if not rows:
        return []
    items = []
    for row in rows[:MOST_APART]:
        case = record.cases[row]
        words = f" {case.cell}  {case.src} → {case.dst}  {case.probe}: "
        link = tag("a", case.case, href=f"#case={case.case}")
        items.append(tag("li", link, words, both(why(case.reason))))
    if more := len(rows) - len(items):
        items.append(tag("li", say(f"ほか{more:,}件", f"and {more:,} more")))
    title = tag("h3", verdict.mark, " ", both(verdict.label), f" {len(rows):,}")
    return [title, tag("ul", *items)]


def _finding(record: RunRecord, finding: Finding) -> Markup:
    case = record.cases[record.cases.row(finding.case)]
    title = tag(
        "h3",
        tag("b", finding.verdict.mark, class_="mark"),
        f" {finding.case} ",
        both(finding.verdict.label),
        f"  {finding.src} → {finding.dst}",
    )
    rows = (
        (say("送信元のポート", "port"), f"{finding.switch}:{finding.port}"),
        (say("表のマス", "cell"), tag("a", case.cell, href=f"#cell={case.cell}")),
        (say("理由", "why"), both(why(case.reason))),
        (say("規則", "rule"), tag("code", finding.rule)),
        (say("計画書の行", "plan line"), tag("code", finding.plan_line)),
        (say("観測した場所", "seen at"), ", ".join(finding.seen_at) or "－"),
        (say("パケット", "packet"), tag("code", finding.summary)),
        (say("Scapyで作る", "in Scapy"), tag("code", finding.command or "－")),
        (say("単独で送ると", "sent alone"), both(ALONE.get(finding.alone, Label("－", "－")))),
        (say("もう一度送る", "send again"), tag("code", record.replay(finding.case))),
        (say("記録ファイル", "capture"), tag("code", finding.pcap or "－")),
        (say("全記録", "record"), tag("a", finding.case, href=f"#case={finding.case}")),
    )
    body = (tag("tr", tag("th", name, scope="row"), tag("td", value)) for name, value in rows)
    blocks = (
        (say("パケットの中身", "bytes"), finding.hexdump),
        (say("経路", "path"), "\n".join(finding.path)),
        (say("最初のスイッチの追跡", "trace of the first switch"), finding.trace),
    )
    dumps = (
        tag("figure", tag("figcaption", name), tag("pre", text)) for name, text in blocks if text
    )
    facts = tag("table", tag("tbody", *body), class_="facts")
    return tag("article", title, facts, *dumps, class_=f"finding {finding.verdict.value}")


def limits(record: RunRecord) -> Markup:
    """Return the chapter of limits, and of what identifies this run."""
    manifest = record.manifest
    plan = manifest.plan
    identity = {
        "run": manifest.run,
        "plan": f"{plan.path} ({plan.profile}, {plan.edition})",
        "suite": f"{manifest.suite}, seed {manifest.seed}, state {manifest.state}",
        "started": moment(manifest.started).en,
        "ended": moment(manifest.ended).en,
        "exit": str(manifest.exit if record.summary is None else record.summary.exit),
    }
    return tag(
        "section",
        tag("h2", say("限界", "Limits")),
        tag("ul", *(tag("li", both(limit)) for limit in LIMITS)),
        tag("h3", say("今回、試験していないこと", "What was not tested")),
        tag("ul", *(tag("li", both(thing)) for thing in untested(record))),
        tag("h2", say("版と識別値", "Versions and hashes")),
        _pairs(identity),
        _pairs({f"{_hash(value)} {key}": value for key, value in manifest.hashes.items()}),
        _pairs({**manifest.versions, **manifest.machine}),
        class_="sheet",
        id="limits",
    )


def _hash(value: str) -> str:
    """Name the kind of a digest by its length in hexadecimal digits."""
    return {8: "CRC-32", 64: "SHA-256"}.get(len(value), "")


def _pairs(pairs: Mapping[str, str]) -> Markup:
    rows = (
        tag("tr", tag("th", key, scope="row"), tag("td", tag("code", value)))
        for key, value in pairs.items()
    )
    return tag("table", tag("tbody", *rows), class_="facts")
