"""Reading the file of a situation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sekisho.errors import PlanError
from sekisho.model import Label, Plan
from sekisho.plan.nodes import parse
from sekisho.plan.places import Places
from sekisho.plan.record import ALL, Record
from sekisho.plan.shape import read_shape
from sekisho.plan.source import read_source
from sekisho.scenario.anywhere import anywhere
from sekisho.scenario.keys import SECTIONS
from sekisho.scenario.situation import NORMAL, Part, Situation, faults


def read(path: Path, plans: Iterable[Plan] = ()) -> Situation:
    """Return the situation in the file at *path*.

    Args:
        path: The file.
        plans: Those whose classes it may name: the shipped ones, and the one that is tried; where
            there are none, names are not looked up.

    Raises:
        PlanError: It is not a situation, or names what no plan has; carries every fault.
    """
    file = str(path)
    text = read_source(file).text
    example = "scenarios/wireless-resident.yaml"
    root = parse(file, text, example=example)
    record, places = read_shape(file, root, SECTIONS, top="situation")
    situation = _situation(record, places)
    wrong = tuple(faults(situation, tuple(plans)))
    if wrong:
        raise PlanError(wrong)
    return situation


def _situation(r: Record, places: Places) -> Situation:
    return Situation(
        id=r.text("id"),
        intent=r.get("intent", Label),
        requirements=r.words("requirements"),
        what=_unless_all(r.words("what")),
        states=r.words("state") or (NORMAL,),
        reading=r.text("reading"),
        parts=tuple(_part(each) for each in r.records("towns")),
        anywhere=anywhere(said) if isinstance(said := r.values["anywhere"], Record) else None,
        places=places,
    )


def _part(r: Record) -> Part:
    return Part(r.id, _unless_all(r.words("who")), r.words("sites"), _unless_all(r.words("to")))


def _unless_all(words: tuple[str, ...]) -> tuple[str, ...]:
    return () if words == (ALL,) else words
