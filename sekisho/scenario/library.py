"""The situations that come with Sekisho, and which of them a run of a plan can try."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sekisho.errors import UsageError
from sekisho.model import Plan
from sekisho.plan import load
from sekisho.plan.places import show, suggestion
from sekisho.scenario.reading import read
from sekisho.scenario.situation import NORMAL, Situation

#: Where the situations that come with Sekisho are: one a file, named by its id.
SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
PLANS = SHIPPED.with_name("topologies")


def find(word: str, plan: Plan) -> Situation:
    """Return the situation that *word* names, for *plan*: a shipped one by its id, or a file.

    Raises:
        UsageError: No shipped one is called so.
        PlanError: As for `read`.
    """
    if "/" in word or word.endswith((".yaml", ".yml")):
        return read(Path(word), (*shipped_plans(), plan))
    path = SHIPPED / f"{word}.yaml"
    if not path.exists():
        hint = suggestion(word, [p.stem for p in shipped_files()])
        raise UsageError(
            f"no situation is called {show(word)}\n  hint: {hint}; a file of your own has a '/' "
            "or ends with .yaml"
        )
    return read(path)


def for_normal(situations: Iterable[Situation], plan: Plan) -> tuple[Situation, ...]:
    """Return *situations*, all of which a check of *plan* can try.

    Raises:
        UsageError: One is of another state of the town, or none says anything about *plan*.
    """
    found = tuple(situations)
    for each in found:
        if NORMAL not in each.states:
            text = f"situation {show(each.id)} is not of the normal state, but of "
            hint = f"sekisho chaos {plan.path} --scenario {each.id}"
            raise UsageError(f"{text}{', '.join(each.events)}\n  hint: {hint}")
    reasons = [reason.en for each in found if (reason := each.not_applicable(plan))]
    if found and len(reasons) == len(found):
        raise UsageError(f"nothing to try on {plan.path}: {'; '.join(reasons)}")
    return found


def for_events(situations: Iterable[Situation], plan: Plan) -> tuple[Situation, ...]:
    """Return *situations*, all of which name events and say something about *plan*.

    Raises:
        UsageError: One is of the normal state alone, or says nothing about *plan*.
    """
    found = tuple(situations)
    for each in found:
        if not each.events:
            raise UsageError(
                f"situation {show(each.id)} names no event\n"
                f"  hint: sekisho check {plan.path} --scenario {each.id}"
            )
        reason = each.not_applicable(plan)
        if reason is not None:
            raise UsageError(f"situation {show(each.id)}: {reason.en}")
    return found


def shipped_files() -> list[Path]:
    """Return the files of all shipped situations, by name."""
    return sorted(SHIPPED.glob("*.yaml"))


def shipped() -> list[Situation]:
    """Return every shipped situation, by id."""
    return [read(path) for path in shipped_files()]


def shipped_plans() -> list[Plan]:
    """Return the plans that come with Sekisho, by file."""
    return [load(path) for path in sorted(PLANS.glob("*.yaml")) if not path.is_symlink()]
