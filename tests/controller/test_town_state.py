"""A town is in force when each of its switches is, and nothing troubles any."""

from __future__ import annotations

from controller.town_state import TownState
from tests.population import town


def test_a_town_is_in_force_with_its_last_switch_and_without_trouble() -> None:
    """One that is missing, or that cannot be healed, and the town is not."""
    plan = town("tiny")
    state = TownState(plan, {})
    first, *rest = (switch.id for switch in plan.switches)
    state.in_force.add(first)
    seen = [state.is_in_force]
    state.in_force.update(rest)
    seen.append(state.is_in_force)
    state.troubles[first] = "did not answer in 10 s"

    assert seen == [False, True]
    assert not state.is_in_force
