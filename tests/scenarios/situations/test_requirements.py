"""The account of requirements is closed: each has a situation or a reason, and never both."""

from __future__ import annotations

import re
from collections.abc import Collection

from scenarios.suites.requirements import ASKED, UNTRIED
from sekisho.model import CellKind
from sekisho.scenario.library import shipped, shipped_plans


def mistakes(
    tried: Collection[str],
    untried: Collection[str] = UNTRIED.keys(),
    asked: Collection[str] = ASKED.keys(),
) -> list[str]:
    """Return a sentence for each requirement of which the account is wrong."""
    out = [f"{each} is not on the list" for each in sorted({*tried, *untried} - {*asked})]
    for each in asked:
        if each not in tried and each not in untried:
            out.append(f"{each} has neither a situation nor a reason why not")
        if each in tried and each in untried:
            out.append(f"{each} has a situation, and a reason why there is none")
    return out


def tried() -> set[str]:
    """Return the requirements that the shipped situations name."""
    return {requirement for one in shipped() for requirement in one.requirements}


def test_every_requirement_has_a_situation_or_a_reason() -> None:
    """None is forgotten when a file is renamed or split, and none is excused that is tried."""
    assert mistakes(tried()) == []


def test_a_requirement_that_is_missing_is_told() -> None:
    """Without the situation that named it, and without its reason."""
    reasons = UNTRIED.keys() - {"MN-06"}

    assert mistakes(tried() - {"TW-04"}) == ["TW-04 has neither a situation nor a reason why not"]
    assert mistakes(tried(), reasons) == ["MN-06 has neither a situation nor a reason why not"]


def test_a_requirement_that_is_tried_and_excused_is_told() -> None:
    """The reason must go when the situation comes."""
    found = mistakes(tried() | {"LG-05"})

    assert found == ["LG-05 has a situation, and a reason why there is none"]


def test_a_requirement_that_nobody_asked_for_is_told() -> None:
    """A slip of the pen in a situation, or in a reason."""
    assert mistakes(tried() | {"MN-70"}) == ["MN-70 is not on the list"]
    assert mistakes(tried(), {*UNTRIED, "US-01"}) == ["US-01 is not on the list"]


def test_a_reason_names_only_what_there_is() -> None:
    """A situation or a plan that it points to is a shipped one."""
    known = {one.id for one in shipped()} | {plan.id for plan in shipped_plans()}
    named = {word for reason in UNTRIED.values() for word in re.findall("`(.*?)`", reason)}

    assert named - known == set()


def test_a_denial_of_a_shipped_plan_goes_by_an_id_of_the_list() -> None:
    """A plan and a situation mean the same by it, and some situation stands for it.

    A plan that no situation names, such as that of the city, may have ids of its own.
    """
    spoken_of = {part.town for one in shipped() for part in one.parts}
    notes = [note for plan in shipped_plans() if plan.id in spoken_of for note in plan.notes]
    assert notes
    named = {note.id for note in notes if note.kind is CellKind.DENY}

    assert named - tried() == set()
