"""Services by interface: a server that is administered on an interface of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenarios.suites.services import exchanges
from sekisho.errors import PlanError
from sekisho.intent.openings import opens
from sekisho.model import Plan
from sekisho.plan import load
from tests.small import clause, leg, server, service, small, terminal

_SERVICES = {"web": service([443], "https"), "ssh": service([22], "ssh")}


def legs(folder: Path, **lan: Any) -> Plan:
    """Return a desk, and a server that shows a page on one interface and is administered on one."""
    return load(written(folder, **lan))


def written(folder: Path, **lan: Any) -> Path:
    """Write that town; return its path."""
    own = server(3, "web")
    own["attachments"]["lan"] |= lan
    own["attachments"]["adm"] = {**leg(4, "app", "S2", "D1"), "services": ["ssh"]}
    devices = {"pc": terminal(1), "srv": own}
    policy = [clause("A01", "web"), clause("A02", "ssh")]
    return small(folder, services=_SERVICES, devices=devices, policy=policy)


def test_an_interface_runs_what_it_says_and_else_what_its_device_says(tmp_path: Path) -> None:
    """The device runs all of it, somewhere."""
    plan = legs(tmp_path)

    assert plan.attachment["srv.lan"].services == ("web",)
    assert plan.attachment["srv.adm"].services == ("ssh",)
    assert plan.device["srv"].services == ("web", "ssh")


def test_an_interface_may_run_nothing(tmp_path: Path) -> None:
    """An empty list says so; nothing runs the page then, and its rule is told."""
    with pytest.raises(PlanError, match="nothing in destination class 'D1' runs 'web'"):
        legs(tmp_path, services=[])


def test_each_is_tried_where_it_runs_and_nowhere_else(tmp_path: Path) -> None:
    """By real conversations, and in what a dry run tells."""
    plan = legs(tmp_path)
    tried = {(e.target.id, e.service.id) for e in exchanges(plan)}
    told = {(r.attachment, r.service) for r in opens(plan, plan.attachment["pc.lan"])}

    assert tried == told == {("srv.lan", "web"), ("srv.adm", "ssh")}


def test_two_programs_may_have_one_port_on_two_interfaces(tmp_path: Path) -> None:
    """And on one interface they may not: the place is that of the interface."""
    services = {**_SERVICES, "other": service([443], "http")}
    own = server(3, "web")
    own["attachments"]["adm"] = {**leg(4, "app", "S2", "D1"), "services": ["other"]}
    policy = [clause("A01", "web"), clause("A02", "other")]

    def town() -> Plan:
        devices = {"pc": terminal(1), "srv": own}
        return load(small(tmp_path, services=services, devices=devices, policy=policy))

    assert town().attachment["srv.adm"].services == ("other",)
    own["attachments"]["adm"]["services"] = ["web", "other"]
    with pytest.raises(PlanError, match=r"srv\.attachments\.adm\.services\[2\]: .* both listen"):
        town()
