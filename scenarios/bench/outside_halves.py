"""A network cut in two by the parity of its nodes, and one rule put back: both are to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scenarios.bench.outside_files import is_across, parity, zoo
from scenarios.bench.outside_sets import Network, Rule, Sets, kept
from scenarios.bench.outside_walk import Walk, ZooWalk
from sekisho.proof.engine import Set


@dataclass(frozen=True, slots=True)
class Halves:
    """What came of one network.

    Attributes:
        cut: How many rules lead from one half to the other; they are taken away.
        is_isolated: Whether no packet passes from one half to the other without them.
        back: The rule that is put back, in words; empty where none could let anything through.
        packet: The packet that then crosses, in words; empty where none is found.
        is_confirmed: Whether it arrives rule by rule.
    """

    name: str
    cut: int
    is_isolated: bool
    back: str
    packet: str
    is_confirmed: bool

    @property
    def is_right(self) -> bool:
        """Whether isolation is proved, and the rule put back is told with a packet that arrives."""
        return self.is_isolated and (not self.back or self.is_confirmed)


def halves(folder: Path, name: str, library: tuple[str, int]) -> Halves:
    """Cut one network of the Topology Zoo in two, prove it, put one rule back and find it."""
    network = zoo(folder, name)
    across = is_across(network)
    taken = [rule for rule in network.rules if across(rule)]
    cut = Sets(kept(network, lambda rule: not across(rule)), library)
    is_isolated = not crossing(cut)
    rule = next((rule for rule in taken if _opens(cut, rule)), None)
    if rule is None:
        return Halves(name, len(taken), is_isolated, "", "", False)
    again = Sets(kept(network, lambda r: not across(r) or r is rule), library)
    value, mask = rule.match
    back = (rule.at[0], value, mask.bit_count())
    words = f"{back[0]}: {value}/{back[2]} to {rule.out[0]}"
    found = crossing(again)
    if not found:
        return Halves(name, len(taken), is_isolated, words, "", False)
    out, packets = found[0]
    number, header = again.picked(packets)
    entry = network.entries[number]
    arrives = (out, header) in ZooWalk(folder, name, back).left(entry, header)
    return Halves(
        name, len(taken), is_isolated, words, f"from {entry} to {header}, leaves by {out}", arrives
    )


def crossing(sets: Sets) -> list[tuple[str, Set]]:
    """Return what arrives in the half that it was not sent in, by out-port."""
    nothing = sets.engine.false
    of = [nothing, nothing]
    for number, node in enumerate(sets.network.entries):
        of[parity(node)] = of[parity(node)] | sets.entry(number)
    pairs = ((out, packets & of[1 - parity(out)]) for out, packets in sets.arriving.items())
    return [(out, packets) for out, packets in pairs if packets != nothing]


def _opens(cut: Sets, rule: Rule) -> bool:
    """Tell whether *rule* leads to where something that it matches is delivered."""
    network = cut.network
    about = cut.header(*rule.match)
    for node in (node for out in rule.out for node in network.leads.get(out, ())):
        sent = cut.entry(network.entries.index(node)) & about
        if any(sent & packets != cut.engine.false for packets in cut.arriving.values()):
            return True
    return False


def disagreements(sets: Sets, walk: Walk, chance: Random, count: int) -> list[str]:
    """Return in words where *count* packets, walked rule by rule, do not end where the sets say.

    Where rules write, a header in the sets does not tell what was sent: it is then asked whether
    what arrives is in the sets, and not the other way round.
    """
    entries: Sequence[str] = sets.network.entries
    out = []
    for _ in range(count):
        number = chance.randrange(len(entries))
        header = walk.drawn(entries[number], chance)
        left = walk.left(entries[number], header)
        wrong = {port for port, now in left if not _has(sets, number, port, now)}
        if not _writes(sets.network):
            point = sets.entry(number) & sets.header(header)
            held = {p for p, packets in sets.arriving.items() if packets & point != _none(sets)}
            wrong |= held ^ {port for port, _ in left}
        out += (
            [f"{sets.network.name}: {entries[number]}, {header}: {sorted(wrong)}"] if wrong else []
        )
    return out


def _has(sets: Sets, entry: int, port: str, header: int) -> bool:
    return bool(sets.between(entry, port) & sets.header(header) != _none(sets))


def _none(sets: Sets) -> Set:
    return sets.engine.false


def _writes(network: Network) -> bool:
    return any(rule.write[1] for rule in network.rules)
