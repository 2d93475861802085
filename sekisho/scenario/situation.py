"""A situation: somebody tries something in a state of the town, as one readable file.

Knows the language of situations (``docs/scenarios.md``) and how to read it; knows no probe and no
packet. What must become of what is tried is not said in a situation: it is the policy's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sekisho.errors import Fault, PlanError, UsageError
from sekisho.model import Attachment, Label, Plan
from sekisho.plan import load
from sekisho.plan.keys import LABEL, NUMBERED, WORD, WORD_HINT
from sekisho.plan.kinds import Key, Kind, Section
from sekisho.plan.nodes import parse
from sekisho.plan.places import Places, show, suggestion
from sekisho.plan.record import ALL, Record
from sekisho.plan.shape import read_shape
from sekisho.plan.source import read_source
from sekisho.scenario.anywhere import ANYWHERE, SIDE, Anywhere, anywhere

LANGUAGE_VERSION = 1
NORMAL = "normal"
DROPPED, PASSED = "dropped", "passed"
#: Where the situations that come with Sekisho are: one a file, named by its id.
SHIPPED = Path(__file__).resolve().parents[2] / "scenarios"
PLANS = SHIPPED.with_name("topologies")

SITUATION = Section("situation", "situation", "The whole file.", (
    Key("situation", Kind.INT, "Version of the language of situations.", low=LANGUAGE_VERSION,
        high=LANGUAGE_VERSION,
        refusal=f"this Sekisho reads version {LANGUAGE_VERSION} of the language of situations"),
    Key("id", Kind.NAME, "Its name; the file of a shipped one is called so.", pattern=WORD),
    Key("intent", Kind.LABEL, "What is meant to be found out, in one sentence."),
    Key("requirements", Kind.NAMES, "Ids of the requirements that it stands for.",
        pattern=NUMBERED),
    Key("what", Kind.NAMES_OR_ALL, "What is tried: probes of the gate, `exchange`, and ids or "
        "families of the catalogue.", refused=("any", "*"),
        refusal="for everything write the word all, without brackets"),
    Key("state", Kind.NAMES, "States of the town in which it is tried: `normal`, or events of "
        "`sekisho chaos` (`line-cut` stands for every line).", required=False,
        pattern="[a-z][a-z0-9-]*(:[A-Za-z0-9:.-]+)?"),
    Key("expect", Kind.CHOICE, "What must become of it: always the plan's own word.",
        choices=("policy",), refused=("drop", "dropped", "deny", "arrive", "passed", "allow"),
        refusal="write 'expect: policy', since the plan decides; how you read the plan belongs "
        "under 'reading'"),
    Key("reading", Kind.CHOICE, "How the author reads the plan; where the policy reads it "
        "otherwise, the run has a finding.", required=False, default="",
        choices=(DROPPED, PASSED)),
    Key("towns", Kind.RECORDS, "Who tries whom, for each town by the id of its plan.",
        section="part"),
    Key("anywhere", Kind.RECORD, "Who tries whom in every other plan, by facts; `reading` says "
        "nothing of those.", required=False, section="anywhere"),
))  # fmt: skip

PART = Section("part", "towns.<id>", "Who tries whom in one town, in the classes of its plan.", (
    Key("who", Kind.NAMES_OR_ALL, "Source classes.", refers="sources"),
    Key("sites", Kind.NAMES, "Sites from which they try; every one when absent.", required=False,
        refers="sites"),
    Key("to", Kind.NAMES_OR_ALL, "Destination classes.", refers="destinations"),
), WORD, WORD_HINT)  # fmt: skip

SECTIONS = {each.name: each for each in (SITUATION, PART, ANYWHERE, SIDE, LABEL)}
_ONE = {"who": "source class", "sites": "site", "to": "destination class"}


@dataclass(frozen=True, slots=True)
class Part:
    """Who tries whom in one town; empty means everybody, everywhere.

    Attributes:
        town: Id of the plan.
        senders: Ids of the attachments that try, where facts decide; None where classes do.
        targets: Of those that are tried, likewise.
    """

    town: str
    who: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    senders: frozenset[str] | None = None
    targets: frozenset[str] | None = None

    @property
    def is_by_facts(self) -> bool:
        """Whether facts decide."""
        return self.senders is not None

    def covers(self, source: Attachment, target: Attachment) -> bool:
        """Tell whether *source* trying *target* belongs here."""
        return (
            (not self.who or source.source in self.who)
            and (not self.sites or source.site in self.sites)
            and (not self.to or target.destination in self.to)
            and (self.senders is None or source.id in self.senders)
            and (self.targets is None or target.id in self.targets)
        )


@dataclass(frozen=True, slots=True)
class Situation:
    """One file.

    Attributes:
        what: Probe ids, ``exchange``, catalogue ids and families; empty means everything.
        states: ``normal`` and ids of events.
        reading: ``dropped``, ``passed`` or empty.
        places: Where everything in it stands.
    """

    id: str
    intent: Label
    requirements: tuple[str, ...]
    what: tuple[str, ...]
    states: tuple[str, ...]
    reading: str
    parts: tuple[Part, ...]
    anywhere: Anywhere | None
    places: Places = field(compare=False, repr=False)

    @property
    def where(self) -> str:
        """``file:line`` of its id."""
        return self.places.where("id")

    @property
    def events(self) -> tuple[str, ...]:
        """Its states but the normal one."""
        return tuple(state for state in self.states if state != NORMAL)

    def part(self, plan: Plan) -> Part | None:
        """Return who tries whom in *plan*, or None where the situation says nothing of it."""
        named = next((part for part in self.parts if part.town == plan.id), None)
        if named is not None or self.anywhere is None:
            return named
        who, to = (side.members(plan) for side in (self.anywhere.who, self.anywhere.to))
        return Part(plan.id, senders=who, targets=to)

    def wants(self, probe: str) -> bool:
        """Tell whether the probe, ``exchange`` or catalogue entry *probe* belongs to it."""
        return not self.what or probe in self.what or probe.partition("-")[0] in self.what

    def not_applicable(self, plan: Plan) -> Label | None:
        """Say why it says nothing about *plan*; None where it does."""
        part = self.part(plan)
        if part is not None and part.is_by_facts and self.anywhere is not None:
            return self.anywhere.lacks(plan)
        if part is None:
            known = ", ".join(p.town for p in self.parts)
            return Label(f"{plan.id} の区分を挙げていない({known} のみ)",
                         f"it names no class of {plan.id}, only of {known}")  # fmt: skip
        lacking = [w for key, words in _named(part) for w in words if w not in _known(plan)[key]]
        if lacking:
            words = ", ".join(lacking)
            return Label(f"{plan.id} に {words} がない", f"{plan.id} has no {words}")
        return None


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
    faults = tuple(_faults(situation, tuple(plans)))
    if faults:
        raise PlanError(faults)
    return situation


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


def fault(situation: Situation, path: str, text: str, hint: str) -> Fault:
    """Return a fault at *path* (such as ``what[2]``) of *situation*."""
    return situation.places.fault(path, text, hint)


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


def _faults(situation: Situation, plans: tuple[Plan, ...]) -> Iterator[Fault]:
    """Yield a fault for every town and class that no plan has."""
    towns = {plan.id for plan in plans}
    for part in () if not plans else situation.parts:
        place = f"towns.{part.town}"
        if part.town not in towns:
            hint = suggestion(part.town, sorted(towns))
            yield fault(situation, place, f"no plan is called {show(part.town)}", hint)
            continue
        known = [_known(plan) for plan in plans if plan.id == part.town]
        for key, words in _named(part):
            names = list(dict.fromkeys(name for each in known for name in each[key]))
            for n, word in enumerate(words, 1):
                if word not in names:
                    text = f"unknown {_ONE[key]} {show(word)} in town '{part.town}'"
                    yield fault(situation, f"{place}.{key}[{n}]", text, suggestion(word, names))


def _named(part: Part) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return ("who", part.who), ("sites", part.sites), ("to", part.to)


def _known(plan: Plan) -> dict[str, tuple[str, ...]]:
    return {
        "who": tuple(c.id for c in plan.sources),
        "sites": tuple(s.id for s in plan.sites),
        "to": tuple(c.id for c in plan.destinations),
    }
