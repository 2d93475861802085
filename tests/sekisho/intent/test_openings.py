"""A dry run speaks of services and devices, in both ways, and not of classes alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sekisho.commands.changed import lines
from sekisho.intent.openings import Reach, opened_by, opens, permitted
from sekisho.model import Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.policy.evaluate import Policy
from sekisho.resegment.preview import policy_preview
from sekisho.resegment.protocol import PreviewAnswer
from sekisho.resegment.validation import links_asked, plan_moves
from tests.population import town
from tests.small import clause, server, service, small, terminal

_LABELS = {"ja": "名前", "en": "Name"}


def _two_offices(folder: Path) -> Plan:
    """Two networks of terminals, of which one has http and the other https on one server."""
    other = terminal(5)
    other["attachments"]["lan"] |= {
        "zone": "desk", "source": "S3", "ip": "10.40.0.15", "mac": "02:28:00:00:00:0f"
    }  # fmt: skip
    zones = {
        "staff": {"label": _LABELS, "vlan": 20, "subnets": {"hall": "10.20.0.0/24"}},
        "desk": {"label": _LABELS, "vlan": 40, "subnets": {"hall": "10.40.0.0/24"}},
        "app": {"label": _LABELS, "vlan": 30, "subnets": {"hall": "10.30.0.0/24"}},
    }
    wide = clause("A02", "plain")
    wide["allow"][0]["from"] = ["S3"]
    return load(
        small(
            folder,
            zones=zones,
            sources={name: {"label": _LABELS} for name in ("S1", "S2", "S3")},
            services={"web": service([443], "https"), "plain": service([80], "http")},
            devices={"pc": terminal(1), "srv": server(3, "web", "plain"), "other": other},
            policy=[clause("A01", "web"), wide],
            cells=[],
        )
    )


def _dry(plan: Plan, port: str, to: str) -> tuple[dict[str, Any], list[str]]:
    change = Change(1, to, plan_moves(plan, [port], to), (), "test", "test", 0.0, None)
    shown = policy_preview(plan, apply_changes(plan, [change])).as_json()
    return shown, list(lines(PreviewAnswer(shown), "en", is_last=True))


def test_services_that_come_and_go_are_named_where_no_class_does(tmp_path: Path) -> None:
    """Both networks open the same class, and by different services."""
    shown, said = _dry(_two_offices(tmp_path), "sw:1", "desk")
    (moved,) = shown["moved"]

    assert moved["before"]["opens"] == moved["after"]["opens"] == ("D1",)
    assert said[1:7] == [
        "  will open:",
        "    plain: srv.lan",
        "  will no longer open:",
        "    web: srv.lan",
        "  will be opened: -",
        "  will no longer be opened: -",
    ]


def test_who_may_open_the_moved_device_is_named(tmp_path: Path) -> None:
    """In the servers' network the rule lets others through to it, though it runs nothing."""
    devices = {"pc": terminal(1), "pc2": terminal(2), "srv": server(3, "web")}
    plan = load(small(tmp_path, devices=devices))
    shown, said = _dry(plan, "sw:1", "app")
    (moved,) = shown["moved"]

    assert moved["gained_by"] == ({"service": "web", "attachment": "pc2.lan"},)
    assert said[1:] == [
        "  will open: -",
        "  will no longer open: D1",
        "    web: srv.lan",
        "  will be opened:",
        "    web: pc2.lan",
        "  will no longer be opened: -",
        "dry run: 0 rules; nothing was changed",
    ]


def test_an_opened_permission_names_its_services_and_ends() -> None:
    """P28: one server opens one service of one other."""
    plan = town("matsuno")
    change = Change(1, "open", (), links_asked(plan, "P28"), "test", "test", 0.0, None)
    shown = policy_preview(plan, apply_changes(plan, [change])).as_json()

    assert "  P28 https: finance.lan → eapproval.lan" in lines(
        PreviewAnswer(shown), "en", is_last=True
    )


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno"])
def test_the_openings_are_those_of_the_policy(name: str) -> None:
    """Two readings of the rules: who may open what, and whether its first frame passes."""
    plan = town(name)
    policy = Policy(plan)
    for a in plan.attachments[:12]:
        mine = opens(plan, a)
        for b in plan.attachments:
            for service_id in plan.device[b.device].services:
                found = plan.service[service_id]
                passes = a.device != b.device and all(
                    policy.permission(a, b, found.protocol, port) for port in found.edges()
                )
                is_open = Reach(service_id, b.id) in mine
                assert not is_open or passes
                assert is_open == (Reach(service_id, a.id) in opened_by(plan, b))


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno"])
def test_every_rule_says_what_it_opens(name: str) -> None:
    """With somebody at either end of each of its services."""
    plan = town(name)
    every = [each for clause in plan.clauses for each in permitted(plan, clause)]

    assert all(each.sources and each.targets for each in every)
    assert {each.rule for each in every} == {c.id for c in plan.clauses}
