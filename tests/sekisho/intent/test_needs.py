"""What work needs: held against the rules, decided by conversations, and told in every report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from scenarios.results.manifest import plan_words
from sekisho.errors import PlanError
from sekisho.evidence.run_verdict import RunVerdict
from sekisho.evidence.seal import seal_again
from sekisho.evidence.verdict import Verdict
from sekisho.intent.sentences import pairs, unmet
from sekisho.plan import load
from sekisho.report import html, junit, tally, terminal
from sekisho.report.reading import RunRecord, read
from sekisho.resegment.preview import policy_preview
from tests.sekisho.lint.test_doubts import planted
from tests.sekisho.report.fake_run import put_cases, raw_cases, write_run

Make = Callable[..., RunRecord]
TINY = Path("topologies/tiny.yaml")


def test_a_need_is_of_everybody_it_names_on_everybody_who_runs_the_service() -> None:
    """The notebook on the wire and on Wi-Fi opens the information server, and not itself."""
    plan = load(TINY)
    found = pairs(plan, plan.must_reach[1], "http")

    assert [(a.id, b.id) for a, b in found] == [
        ("nb.wired", "www.lan"), ("nb.wireless", "www.lan")
    ]  # fmt: skip
    assert list(unmet(plan)) == []


def test_a_forgotten_permission_is_refused_by_name(tmp_path: Path) -> None:
    """The rule lets Wi-Fi open one of the two services, and work needs both."""
    old = "- {from: [S1, S2], to: D2, services: [https, http]}"
    new = "- {from: [S1, S2], to: D2, services: [https]}"
    with pytest.raises(PlanError) as caught:
        load(planted(tmp_path, (old, new)))
    (fault,) = caught.value.faults

    assert fault.text == (
        "must_reach[2]: sentence 2 needs http, and no rule permits it "
        "(nb.wired -> www.lan, and 1 more)"
    )
    assert fault.hint == "add the permission to a rule, or narrow the sentence"


def test_a_wider_service_meets_a_need_too(tmp_path: Path) -> None:
    """What counts is whether its ports are open, not by what name."""
    plan = load(TINY)
    http = plan.service["http"]
    wide = replace(http, id="wide", ports=(replace(http.ports[0], first=1, last=1023),))
    clauses = tuple(
        replace(c, allows=tuple(replace(a, services=("wide",)) for a in c.allows))
        for c in plan.clauses
    )

    assert list(unmet(replace(plan, services=(*plan.services, wide), clauses=clauses))) == []


def test_a_need_that_nobody_could_have_is_refused(tmp_path: Path) -> None:
    """The register runs no plain web page."""
    with pytest.raises(PlanError, match=r"must_reach\[1\]\.services\[1\]: nobody whom it names"):
        load(planted(tmp_path, ("to: [D1], services: [https]}\n", "to: [D1], services: [http]}\n")))


def test_a_dry_run_says_which_need_a_change_breaks() -> None:
    """A need by facts stays with the port; the port's rights do not."""
    plan = load(TINY)
    after = replace(plan, clauses=plan.clauses[1:])
    told = [w.en for w in policy_preview(plan, after).warnings if w.what == "must_reach 1"]

    assert told == ["sentence 1 needs https, and no rule permits it (nb.wired -> juki.lan)"]


@pytest.fixture(name="make")
def _make(tmp_path: Path) -> Make:
    """Return a maker of a run with three conversations, the second of them as said."""

    def make(second: str = "pass", *, is_permitted: bool = True) -> RunRecord:
        is_bad = second == "overblock" or not is_permitted
        folder = write_run(tmp_path / "run", number=400, whole=True)
        cases = [orjson.loads(x) for x in raw_cases(folder).splitlines()]
        talks = [case for case in cases if case["expect"] == "arrive"][:3]
        for case in talks:
            case |= {"probe": "exchange", "src": "nb.wired", "dst": "www.lan", "ports": "80"}
        talks[1] |= {"verdict": second, "mark": Verdict(second).mark}
        talks[2] |= {"ports": "8080", "verdict": "pass"}
        put_cases(folder, b"".join(orjson.dumps(c) + b"\n" for c in cases))
        path = folder / "summary.json"
        summary = orjson.loads(path.read_bytes())
        summary |= {"pass": 400 - (second != "pass"), "overblock": int(second == "overblock")}
        summary |= {"verdict": "fail" if is_bad else "pass", "exit": int(is_bad)}
        path.write_bytes(orjson.dumps(summary))
        manifest = orjson.loads((folder / "manifest.json").read_bytes())
        words = plan_words(load(TINY))["must_reach"][1]
        lack = {"case": "http", "cell": "S1/D2", "where": "plan.yaml:9"}
        words["contradictions"] = [] if is_permitted else [lack]
        manifest["plan"]["must_reach"] = [words]
        (folder / "manifest.json").write_bytes(orjson.dumps(manifest))
        seal_again(folder)
        return read(folder)

    return make


def test_a_need_is_decided_by_its_own_conversations(make: Make) -> None:
    """Two on its ports; the third went to another port and is no witness."""
    ((line, found),) = tally.by_need(make())

    assert (line.ports, found.total, found.mark) == (("tcp/443", "tcp/80"), 2, "○")


def test_a_conversation_that_failed_is_told_on_page_one_and_in_junit(make: Make) -> None:
    """× among those that worked, and the page says what for."""
    record = make("overblock")

    assert tally.by_need(record)[0][1].mark == "×"
    assert "does not work" in html.render(record)
    assert b'classname="sekisho.must-reach"' in junit.render(record)
    assert 'message="over-block: 2 conversations"' in junit.render(record).decode()


def test_a_need_that_no_rule_permits_fails_the_run(make: Make) -> None:
    """Nothing of it was over-blocked, since nothing was permitted."""
    record = make(is_permitted=False)
    page = html.render(record)

    assert record.verdict is RunVerdict.FAIL
    assert "no rule permits http (plan.yaml:9)" in page
    assert "contradicted" in terminal.verdict_line(record, language="en").plain


def test_the_page_of_a_plan_without_needs_has_no_such_table(tmp_path: Path) -> None:
    """Nor a caption above nothing."""
    assert "業務に必要な通信" not in html.render(read(write_run(tmp_path, number=400, whole=True)))
