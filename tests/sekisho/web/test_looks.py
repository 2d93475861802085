"""What the page is told of the ports of a town."""

from __future__ import annotations

from sekisho.web.looks import ports
from tests.population import town


def test_a_device_under_a_tag_is_shown_with_it() -> None:
    """Several behind one port are told apart by it; 0 is none."""
    plan = town("trunk")
    told = {
        each["id"]: each["tag"]
        for switch in ports(plan)
        for port in switch["ports"]
        for each in port.get("attached", [])
    }

    assert told == {a.id: a.tag for a in plan.attachments}
    assert len({tag for tag in told.values() if tag}) > 1
