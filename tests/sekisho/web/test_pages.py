"""Who shows a page in the demo: by the kind and port of a service, whatever the plan calls it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sekisho.model import Plan, PortRange
from sekisho.web import looks
from tests.population import town
from topologies.live_actions import page_address

PAGE = Path(__file__).parents[3] / "sekisho" / "web" / "page"


def _shown(plan: Plan) -> dict[str, str]:
    """Return the service that shows a page, of every attachment of the page's faceplates."""
    ports = [port for switch in looks.ports(plan) for port in switch["ports"]]
    return {a["id"]: a["page"] for port in ports for a in port.get("attached", ())}


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_whoever_runs_http_shows_a_page(name: str) -> None:
    """And nobody else; https goes before http."""
    plan = town(name)
    kind = {s.id: s.kind for s in plan.services}
    shown = _shown(plan)

    assert any(shown.values())
    for a in plan.attachments:
        kinds = {kind[s] for s in plan.device[a.device].services} & {"http", "https"}
        assert kind.get(shown[a.id], "") == (max(kinds) if kinds else "")


def test_the_page_is_opened_at_the_port_of_its_service() -> None:
    """A service of another name, on another port, of either kind."""
    plan = town("tiny")
    www = plan.attachment["www.lan"]
    https, http = plan.services
    other = replace(https, ports=(PortRange(8443, 8443),))
    only = replace(www, services=("http",))

    assert page_address(plan, www) == "https://10.40.0.21/"
    assert page_address(replace(plan, services=(other, http)), www) == "https://10.40.0.21:8443/"
    assert page_address(plan, only) == "http://10.40.0.21/"


def test_the_page_names_no_service() -> None:
    """Its scripts have no id of a service in them."""
    for script in sorted(PAGE.glob("*.js")):
        assert '"https"' not in script.read_text("utf-8"), script.name
