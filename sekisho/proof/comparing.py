"""What becomes possible or impossible between two sets of tables: who, on whom, and what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from sekisho.model import Plan
from sekisho.proof.answers import Answers, Opening
from sekisho.proof.verdict import Tables

#: Sender and target by their names, and the protocol.
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing that can be opened and could not, or the other way round.

    Attributes:
        sender: An attachment, or a port whose sender has no name of his own.
        service: Protocol and ports.
        is_new: Whether it becomes possible.
    """

    sender: str
    target: str
    service: str
    is_new: bool

    def __str__(self) -> str:
        sign = "+" if self.is_new else "-"
        return f"{sign} {self.sender} → {self.target} {self.service}"


def changes(before: tuple[Plan, Tables], after: tuple[Plan, Tables]) -> list[Change]:
    """Return everything that differs, sorted; nothing else may be opened otherwise."""
    old, new = _opened(*before), _opened(*after)
    return sorted(
        Change(sender, target, service, is_new)
        for sender, target, protocol in old.keys() | new.keys()
        for is_new, ports in _both(old, new, (sender, target, protocol))
        for service in _services(protocol, ports)
    )


def _both(
    old: dict[_Key, set[int]], new: dict[_Key, set[int]], key: _Key
) -> Iterator[tuple[bool, set[int]]]:
    was, comes = old.get(key, set()), new.get(key, set())
    yield True, comes - was
    yield False, was - comes


def _opened(plan: Plan, tables: Tables) -> dict[_Key, set[int]]:
    """Return the ports that anybody may open on anybody."""
    answers, out = Answers(plan, tables), dict[_Key, set[int]]()
    for target in plan.attachments:
        for port, sender, openings in answers.senders(target):
            name = sender.id if sender else str(port)
            for protocol, ports in _by_protocol(openings):
                out.setdefault((name, target.id, protocol), set()).update(ports)
    return out


def _by_protocol(openings: Iterable[Opening]) -> Iterator[tuple[str, range]]:
    for each in openings:
        yield each.protocol, range(each.first, each.last + 1)


def _services(protocol: str, ports: set[int]) -> Iterator[str]:
    """Yield *ports* as whole ranges."""
    numbered = enumerate(sorted(ports))
    for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0]):
        numbers = [port for _, port in run]
        first, last = numbers[0], numbers[-1]
        yield f"{protocol}/{first}" if first == last else f"{protocol}/{first}-{last}"
