"""Mistakes in the plan as it is written: the loader must refuse them, and never drop a line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from scenarios.mutants.harness import KILLED, SURVIVED, Mutant, MutantResult, MutationHarness
from sekisho.errors import PlanError
from sekisho.model import Plan
from sekisho.plan import document, load

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_BY = "sekisho plan lint"

#: Spoils the written plan and returns the value that a message must name.
Spoil = Callable[[dict[str, Any]], str]


def mutants(plan: Plan) -> list[Mutant]:
    """Return the mistakes that can be written into this plan."""
    spoils: list[tuple[tuple[str, ...], str, Spoil]] = [
        (("M20",), "a port number in full-width digits", _full_width),
    ]
    if len(plan.attachments) > 1:
        spoils += [
            (("M14",), "one IP address for two", lambda data: _twice(data, "ip")),
            (("M19",), "one MAC address for two", lambda data: _twice(data, "mac")),
        ]
    return [_mutant(ids, words, spoil) for ids, words, spoil in spoils]


def _mutant(ids: tuple[str, ...], words: str, spoil: Spoil) -> Mutant:
    @contextmanager
    def planted(harness: MutationHarness) -> Iterator[None]:
        del harness  # the town goes on with the plan that it has
        yield

    return Mutant(ids, "plan", "plan", words, planted, lambda harness: _tried(harness.plan, spoil))


def _tried(plan: Plan, spoil: Spoil) -> MutantResult:
    data = document(plan.path)
    value = spoil(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.yaml"
        path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), "utf-8")
        try:
            load(path)
        except PlanError as error:
            said = next((fault for fault in error.faults if value in fault.text), None)
            if said is not None:
                return MutantResult(KILLED, _BY, f"refused: {said.text}")
            return MutantResult(SURVIVED, "", f"refused, but nobody names {value}: {error}")
    return MutantResult(SURVIVED, "", f"the plan with {value} was read")


def _full_width(data: dict[str, Any]) -> str:
    service = next(iter(data["services"].values()))
    service["ports"][0] = str(service["ports"][0]).translate(_FULL_WIDTH)
    return str(service["ports"][0])


def _twice(data: dict[str, Any], key: str) -> str:
    legs = [leg for device in data["devices"].values() for leg in device["attachments"].values()]
    legs[1][key] = legs[0][key]
    return str(legs[0][key])
