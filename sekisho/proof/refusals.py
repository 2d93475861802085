"""What is refused of a switch's rules as a whole, before any packet is followed.

Each is a way in which Open vSwitch does something that the sets do not follow: nothing is proved
of such rules, and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sekisho.errors import RefusedError
from sekisho.model import Switch
from sekisho.openflow.rules import CONTROLLER, IN_PORT, LOCAL, Output, Rule, Track

_NAMED = frozenset({IN_PORT, LOCAL, CONTROLLER})  # ports that are not counted
_OF_TRACKER = frozenset({"ct_state", "ct_mark"})


def refuse_unmodelled(switch: Switch, rules: Iterable[Rule]) -> None:
    """Refuse rules that do more than the sets follow.

    Raises:
        RefusedError: A rule names a port that the switch has not, looks conversations up twice at
            once or in a zone where none are kept, or reads what tracking said where Open vSwitch
            has forgotten it.
    """
    every = tuple(rules)
    for rule, why, hint in (*_ports(switch, every), *_tracking(every)):
        raise RefusedError(
            f"{switch.id}: table {rule.table}, priority {rule.priority}, cookie {rule.cookie:#x}: "
            f"{why}\n  hint: {hint}"
        )


def _ports(switch: Switch, rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, str, str]]:
    hint = "its ports are not those of the plan; nothing is proved"
    for rule in rules:
        named = [action.port for action in rule.actions if isinstance(action, Output)]
        named += [value for name, value, _ in rule.match if name == "in_port"]
        for port in named:
            if port not in _NAMED and not 1 <= port <= switch.ports:
                yield rule, f"names port {port}, and the plan gives the switch {switch.ports}", hint


def _tracking(rules: tuple[Rule, ...]) -> Iterator[tuple[Rule, str, str]]:
    hint = "this is not modelled; nothing is proved"
    tracks = [(rule, _of(rule)) for rule in rules if _of(rule)]
    for rule, own in tracks:
        if sum(action.table >= 0 for action in own) > 1:
            yield rule, "asks connection tracking twice at once, which sends a packet twice", hint
    kept = {a.zone for _, own in tracks for a in own if a.commit and not a.mark}
    for rule, own in tracks:
        for action in own:
            if action.table >= 0 and not action.commit and action.zone not in kept:
                yield (
                    rule,
                    f"looks up conversations in zone {action.zone}, where none are kept",
                    hint,
                )
    forgotten = _after({rule.goto for rule, _ in tracks if rule.goto is not None}, rules)
    for rule in rules:
        if rule.table in forgotten and any(name in _OF_TRACKER for name, _, _ in rule.match):
            # ovs-actions(7), "ct": what tracking said is gone for whatever follows the action
            yield rule, "reads what connection tracking said, behind another use of it", hint


def _of(rule: Rule) -> list[Track]:
    return [action for action in rule.actions if isinstance(action, Track)]


def _after(tables: set[int], rules: tuple[Rule, ...]) -> set[int]:
    """Return *tables* and all that packets go on to from there without being looked up again."""
    out = set(tables)
    while more := {r.goto for r in rules if r.table in out and r.goto is not None} - out:
        out |= more
    return out
