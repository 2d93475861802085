"""The evidence values say exactly what docs/run-folder.md promises."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import orjson
import pytest

from sekisho.evidence.case import CASE_KEYS, Case
from sekisho.evidence.finding import Finding
from sekisho.evidence.run_verdict import RunVerdict, run_verdict
from sekisho.evidence.summary import Seconds, Summary, summary_bytes
from sekisho.evidence.verdict import Verdict
from sekisho.evidence.writing import write_atomically

CONTRACT = (Path(__file__).parents[3] / "docs" / "run-folder.md").read_text("utf-8")

CASE = Case(
    case="T-000001", run="r", clause="", cell="S2/D1", requirement="MN-07", severity="A",
    edition="R4.3", state="normal", src="nb.wireless", dst="juki.lan", src_class="S2",
    src_host="nb", src_site="hall", src_switch="floor", src_port=2, src_zone="wireless",
    src_vlan=45, src_mac="02:45:00:00:00:0b", src_ip="10.45.0.11", dst_class="D1",
    dst_host="juki", dst_site="hall", dst_switch="room", dst_port=1, dst_zone="register",
    dst_vlan=10, dst_mac="02:10:00:00:00:15", dst_ip="10.10.0.21", probe="tcp-scan", item=2,
    proto="tcp", ports="22 443", spoof="", expect="drop", sent=2, sent_seen=2, arrived=0,
    elsewhere=0, answered=0, drop_switch="floor", drop_table="5", drop_cookie="0x2001",
    drop_priority="100", drop_rule="cell S2/D1", drop_expected=2, drop_counted=2,
    control="T-000002", control_arrived=2, control_gap_ms=3.5, verdict=Verdict.PASS, mark="○",
    reason="", start="2026-11-23T18:01:02.000+09:00", end="2026-11-23T18:01:03.000+09:00",
    pcap="", pcap_sha256="", plan_line="topologies/tiny.yaml:90", tester="", witness="",
)  # fmt: skip


def section(title: str) -> str:
    """Return the part of the contract under the heading that names *title*."""
    return CONTRACT.split(f"## `{title}`", 1)[1].split("\n## ", 1)[0]


def json_keys(text: str) -> list[str]:
    """Return the keys of the first JSON block of *text*, in order."""
    block = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert block is not None
    found = orjson.loads(block[1].replace('"0000 ..."', '""'))
    return list(found[0] if isinstance(found, list) else found)


def names(kind: type) -> list[str]:
    """Return the field names of a dataclass, in order."""
    return [f.name for f in fields(kind)]


def test_the_contract_lists_exactly_the_keys_of_a_case_in_order() -> None:
    """Nobody adds a key to one side alone."""
    rows = [line.split("|")[1] for line in section("cases.jsonl.gz").splitlines() if "| `" in line]
    keys = [key for row in rows for key in re.findall(r"`(\w+)`", row)]

    assert tuple(keys) == CASE_KEYS


def test_the_contract_shows_exactly_the_keys_of_a_summary_in_order() -> None:
    """The example in the contract is the format."""
    written = list(orjson.loads(summary_bytes(Summary(plan="p", verdict=RunVerdict.PASS))))

    assert json_keys(section("summary.json")) == written
    assert re.findall(r'"(\w+)": 0\.0', section("summary.json").split('"seconds"')[1]) == names(
        Seconds
    )


def test_the_contract_shows_exactly_the_keys_of_a_finding_in_order() -> None:
    """The example in the contract is the format."""
    assert json_keys(section("findings.json")) == names(Finding)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    """Readers see the whole old file or the whole new one."""
    path = tmp_path / "summary.json"
    write_atomically(path, b"old")

    with pytest.raises(ZeroDivisionError):
        write_atomically(path, (b"%d" % (1 // n) for n in (1, 0)))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("verdicts", "aborted", "expected"),
    [
        ([Verdict.PASS, Verdict.RESIDUAL], "", RunVerdict.PASS),
        ([Verdict.PASS, Verdict.LEAK, Verdict.INCONCLUSIVE], "", RunVerdict.FAIL),
        ([Verdict.PASS, Verdict.OVERBLOCK], "", RunVerdict.FAIL),
        ([Verdict.PASS, Verdict.UNATTRIBUTED], "", RunVerdict.FAIL),
        ([Verdict.PASS, Verdict.INCONCLUSIVE], "", RunVerdict.INCONCLUSIVE),
        ([Verdict.PASS], "out of memory", RunVerdict.INCONCLUSIVE),
        ([Verdict.LEAK], "out of memory", RunVerdict.INCONCLUSIVE),
        ([Verdict.RESIDUAL], "", RunVerdict.INCONCLUSIVE),
        ([], "", RunVerdict.INCONCLUSIVE),
    ],
)
def test_a_run_passes_only_when_every_judged_case_does(
    verdicts: list[Verdict], aborted: str, expected: RunVerdict
) -> None:
    """Nothing judged is inconclusive, never pass; an aborted run judges nothing as a whole."""
    assert run_verdict(verdicts, aborted=aborted) is expected


def test_each_verdict_has_its_mark() -> None:
    """The marks are those of a Japanese test record."""
    assert "".join(v.mark for v in Verdict) == "○××△◇－"
