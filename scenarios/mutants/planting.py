"""Faults that are planted past every controller, whatever tries them afterwards.

A fault knows the running town and its open captures, no gate and no judge: a whole check can run
over it as well as a part of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

from scenarios.capture.packet_io import Wire
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError
from sekisho.model import Attachment, CellKind, Plan, Service
from sekisho.openflow.pipeline import Numbers
from sekisho.policy.matrix import matrix
from topologies.ovs.ofctl import flow_words
from topologies.town import Town

#: Plants a fault in a running town; takes it out at the end of the block.
Plant = Callable[[Town, Wire], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Planted:
    """One fault.

    Attributes:
        id: Of the list of faults, `sekisho.mutation.catalogue`.
        level: ``flow``, ``fabric``, ``wire`` or ``reader``.
        place: Where it is.
        words: What is wrong.
    """

    id: str
    level: str
    place: str
    words: str
    plant: Plant


@dataclass(frozen=True, slots=True)
class Subject:
    """Who must not open something, and at whom: what most faults are made for.

    Attributes:
        source: Somebody who must not.
        target: Who offers *service*; where nobody is denied what somebody offers, anybody.
        friend: Somebody who may, if there is anybody.
        cell: Metadata and mask of packets from the one to the other.
    """

    source: Attachment
    target: Attachment
    service: Service
    friend: Attachment | None
    cell: str

    @property
    def port(self) -> int:
        """The first port that is offered."""
        return self.service.edges()[0]

    @property
    def switches(self) -> tuple[str, ...]:
        """Both ends of the way."""
        return tuple(dict.fromkeys((self.source.at.switch, self.target.at.switch)))


def subjects(plan: Plan) -> list[Subject]:
    """Return one subject for every pair of classes whose cell is denied, the gravest first.

    None where the plan denies nothing to anybody, or has no services.
    """
    return _subjects(plan, needs_service=True) or _subjects(plan, needs_service=False)


def _subjects(plan: Plan, *, needs_service: bool) -> list[Subject]:
    cells, numbers = matrix(plan), Numbers(plan)
    any_service = tuple(service.id for service in plan.services[:1])
    out: dict[tuple[str, str], tuple[bool, Subject]] = {}
    for target in (a for a in plan.attachments if a.registered):
        names = target.services or any_service[needs_service:]
        for source in (a for a in plan.attachments if a.registered) if names else ():
            cell = cells[source.source, target.destination]
            key = (source.source, target.destination)
            if cell.kind is not CellKind.DENY or key in out or source.device == target.device:
                continue
            friends = (
                a
                for a in plan.attachments
                if cells[a.source, target.destination].kind is CellKind.ALLOW
            )
            value = numbers.source[source.source] | numbers.destination[target.destination] << 24
            own = Subject(
                source,
                target,
                plan.service[names[0]],
                next(friends, None),
                f"metadata={value:#x}/0xff0000ff",
            )
            out[key] = (not cell.is_must_drop, own)
    return [subject for _, subject in sorted(out.values(), key=lambda pair: pair[0])]


def rules(lines: dict[str, list[str]]) -> Plant:
    """Plant rules, in the words of ``ovs-ofctl add-flow``; what they replaced is put back.

    Args:
        lines: Rules by switch or access point.
    """

    @contextmanager
    def planted(town: Town, _wire: Wire) -> Iterator[None]:
        for bridge, texts in lines.items():
            for text in texts:
                ofctl(town, "add-flow", bridge, text)
        try:
            yield
        finally:
            for bridge, texts in lines.items():
                for text in texts:
                    ofctl(town, "--strict", "del-flows", bridge, match_of(text))
            restore(town, lines)

    return planted


def restore(town: Town, bridges: object) -> None:
    """Put the planned rules back into *bridges*, where they were replaced."""
    tables = compile_town(town.plan)
    for bridge in bridges if isinstance(bridges, dict | tuple | list) else ():
        if bridge in tables:
            path = town.folder / "log" / "restored.txt"
            path.write_text("\n".join(map(flow_words, tables[bridge])) + "\n", "utf-8")
            ofctl(town, "add-flows", bridge, str(path))


def commands(there: list[list[str]], back: list[list[str]]) -> Plant:
    """Plant a fault by running programs among the switches; take it out by others."""

    @contextmanager
    def planted(town: Town, _wire: Wire) -> Iterator[None]:
        try:
            for words in there:
                town.ovs.run(*words)
            yield
        finally:
            for words in back:
                with suppress(LabError):  # what was not made cannot be taken away
                    town.ovs.run(*words)

    return planted


def ofctl(town: Town, *words: str) -> None:
    """Speak to a switch past every controller."""
    town.ovs.run("ovs-ofctl", "-O", "OpenFlow13", *words)


def match_of(text: str) -> str:
    """Return a rule without actions, time-outs and cookie, as ``--strict`` commands want it."""
    head = text.partition("actions=")[0].rstrip(", ")
    drop = ("cookie=", "idle_timeout=", "hard_timeout=", "send_flow_rem", "no_packet_counts")
    return ",".join(part for part in head.split(",") if not part.strip().startswith(drop))
