"""A permission that another one covers is named, and its rules are explained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sekisho.cli import main
from sekisho.coverage.rules import cover
from sekisho.evidence.unmet import UnmetReason
from sekisho.lint.shadows import shadows
from sekisho.model import Plan
from sekisho.openflow.flow_dump import FlowLine
from sekisho.openflow.rules import Cookie, Kind
from sekisho.plan import load
from tests.population import TOWNS, town
from tests.small import clause, server, service, small, terminal


def _overlapping(folder: Path, *policy: dict[str, Any]) -> Path:
    services = {
        "web": service([443], "https"),
        "wide": service(["400-500"], "http"),
        "both": service([443, 600], "https"),
    }
    devices = {
        "pc": terminal(1),
        "pc2": terminal(2),
        "srv": server(3, "web", "both"),
        "old": server(4, "wide"),
    }
    return small(folder, services=services, devices=devices, policy=list(policy))


def _named(plan: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.clause, each.service, each.by) for each in shadows(plan)]


@pytest.mark.parametrize(
    ("policy", "found"),
    [
        ([clause("A01", "web"), clause("A02", "wide")], [("A01", "web", ("A02 wide",))]),
        ([clause("A01", "wide"), clause("A02", "web")], [("A02", "web", ("A01 wide",))]),
        ([clause("A01", "web"), clause("A02", "web")], [("A02", "web", ("A01 web",))]),
        ([clause("A01", "wide"), clause("A02", "both")], []),
        ([clause("A01", "wide", only_from=["pc.lan"]), clause("A02", "web")], []),
        (
            [clause("A01", "wide"), clause("A02", "web", only_from=["pc.lan"])],
            [("A02", "web", ("A01 wide",))],
        ),
        (
            [clause("A01", "wide"), clause("A02", "web", only_to=["srv.lan"])],
            [("A02", "web", ("A01 wide",))],
        ),
    ],
    ids=["before", "after", "twice", "partly", "narrower", "one sender", "one target"],
)
def test_a_permission_that_another_covers_is_named(
    policy: list[dict[str, Any]],
    found: list[tuple[str, str, tuple[str, ...]]],
    tmp_path: Path,
) -> None:
    """Whichever stands first; only where all its ports and ends are covered."""
    assert _named(load(_overlapping(tmp_path, *policy))) == found


@pytest.mark.parametrize("name", TOWNS)
def test_no_shipped_town_has_a_covered_permission(name: str) -> None:
    """Every numbered rule of them does something."""
    assert _named(town(name)) == []


def test_plan_check_warns_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the line; it is no mistake, so the exit status stays 0."""
    path = _overlapping(tmp_path, clause("A01", "web"), clause("A02", "wide"))
    status = main(["plan", "lint", str(path), "--lang", "en"])
    first, *warnings = capsys.readouterr().out.splitlines()
    (second,) = (line for line in warnings if "is covered by" in line)

    assert status == 0
    assert first == f"{path}: no mistake (devices 4, switches 1, rules 2)"
    where, _, said = second.partition(": warning: ")
    assert where.startswith(f"{path}:")
    assert said == "A01 web (S1 -> D1) is covered by A02 wide: taking it out would close nothing"


_BACK = "ct_state=+est+trk+rpl,tcp,tp_src=443"


@pytest.mark.parametrize(
    ("cookie", "match", "dead"),
    [
        (Cookie(Kind.OPEN, 1, 1, 1), "ct_state=+new+trk,tcp,tp_dst=443", {UnmetReason.SHADOWED: 1}),
        (
            Cookie(Kind.REPLY, 1, 1, 1),
            "ct_state=+est+trk+rpl,tcp,tp_src=443",
            {UnmetReason.SHADOWED: 1},
        ),
        (Cookie(Kind.OPEN, 2, 1, 1), "ct_state=+new+trk,tcp,tp_dst=0x1a0/0xffe0", {}),
        (Cookie(Kind.OPEN, 9, 1, 1), "ct_state=+new+trk,tcp,tp_dst=443", {}),
        (Cookie(Kind.OPEN, 0, 1, 1), "ct_state=+new+trk,tcp,tp_dst=443", {}),
        (Cookie(Kind.DELIVER, 1, 99), "metadata=0x1", {}),
        (Cookie(Kind.DROP_FORWARD, 0, 0, 99), "metadata=0x1", {}),
    ],
    ids=["opens", "replies", "the wide one", "no clause", "clause 0", "nobody", "no sender"],
)
def test_its_rules_are_explained_and_the_others_are_not(
    cookie: Cookie, match: str, dead: dict[UnmetReason, int], tmp_path: Path
) -> None:
    """The wide one must be met; a rule whose numbers the plan has not is a stranger's."""
    plan = load(_overlapping(tmp_path, clause("A01", "web"), clause("A02", "wide")))
    line = FlowLine(int(cookie), 5, 200, 0, f"priority=200,{match} actions=drop")
    found = cover(plan, {"sw": [line]})

    assert (found.dead, found.unmet) == (dead, 0 if dead else 1)
