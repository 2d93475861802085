"""The base gate: every source attachment against every target, with the whole probe set.

Generated from the plan alone, in windows: all frames towards one group of targets, in an order
drawn from the seed. The same plan, suite and seed give the same cases and the same frames.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from scenarios.probes.base import NEIGHBOUR, PROBES, SIBLING, Once, Probe
from scenarios.probes.context import ProbeContext, ProbeFrame
from scenarios.probes.frames import Fields
from scenarios.probes.identities import Names
from scenarios.probes.pairs import Depth, Pairs, chosen_pairs
from sekisho.model import Attachment, CellKind, Plan
from sekisho.model.pools import edges, pools
from sekisho.packet.packet import Decision, DropPoint
from sekisho.policy.evaluate import Policy, Ruling
from sekisho.policy.matrix import Cell, matrix

_FIRST_PORT, _PORTS = 20000, 40000  # source ports of probes; replies are never sent up there
WINDOW_FRAMES = 40000
_ANY = Pairs({}, 0, 0, are_all=True)  # of a smoke, which takes the first pair of each kind
_UNTRIED = (CellKind.NOT_APPLICABLE, CellKind.EXTERNAL)


@dataclass(frozen=True, slots=True)
class CasePlan:
    """One case before it is tried: who, to whom, how, and what the policy says of it.

    Attributes:
        number: 1-based; the case is called ``T-000001``.
        to: Attachment id that must receive every frame; empty when all must die.
        drop: The rule that must drop every frame; None when all must arrive.
        also: Other rules that may drop it as well, where switches read a frame in their own way.
        clause: Clause that allows it, or empty.
        is_residual: True where no network can tell right from wrong; measured, not judged.
        is_bare: Whether its frames are put on the cable itself, past whoever sets tags.
        where: ``file:line`` of the plan that decides.
    """

    number: int
    source: Attachment
    target: Attachment
    probe: str
    item: int
    proto: str
    ports: tuple[int, ...]
    spoof: str
    to: str
    drop: DropPoint | None
    clause: str
    where: str
    cell: Cell
    is_residual: bool = False
    is_bare: bool = False
    also: tuple[DropPoint, ...] = ()

    @property
    def name(self) -> str:
        """The test number as reports show it."""
        return f"T-{self.number:06d}"

    @property
    def tag(self) -> int:
        """The tag that a frame without one gets on its way to the port; 0 for none."""
        return 0 if self.is_bare else self.source.tag

    def is_twin_of(self, targets: set[str]) -> bool:
        """Tell whether every frame of it must arrive at one of *targets*, and at no other."""
        return self.to in targets and self.to == self.target.id and not self.is_residual


class Frame(NamedTuple):
    """One frame of a window: which case it belongs to and what it is made of.

    Attributes:
        raw: A finished frame with a blank token, for the shape ``raw``.
    """

    case: int
    shape: str
    fields: Fields
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Window:
    """Frames that are sent together and judged together, in sending order.

    Attributes:
        is_stateful: True where frames leave something behind: the state is reset before and after,
            and the reset is proved.
    """

    number: int
    targets: tuple[Attachment, ...]
    cases: tuple[CasePlan, ...]
    frames: tuple[Frame, ...]
    is_stateful: bool = False


@dataclass(frozen=True, slots=True)
class Batching:
    """How cases are gathered into windows, and numbered.

    Attributes:
        most: A window with so many frames takes no further target.
        first_case: Number of the first case.
        first_window: Number of the first window.
    """

    most: int = WINDOW_FRAMES
    first_case: int = 1
    first_window: int = 1


@dataclass(frozen=True, slots=True)
class Scope:
    """What is tried.

    Attributes:
        suite: ``smoke`` tries each pair of classes once a site with a few probes; ``gate`` tries
            the pairs of *pairs*, as hard as those say.
        pairs: Which pairs, and how hard; None lets the seed choose (`scenarios.probes.pairs`).
        only: Of those, which; source first.
    """

    suite: str = "gate"
    pairs: Pairs | None = None
    only: Callable[[Attachment, Attachment], bool] = lambda *_: True


def windows(
    plan: Plan,
    *,
    seed: int,
    scope: Scope | None = None,
    batching: Batching | None = None,
) -> Iterator[Window]:
    """Yield the windows of a gate on *plan*.

    Args:
        plan: The town.
        seed: Decides the pairs, and the order of the frames.
        scope: What is tried.
        batching: How the cases are gathered and numbered.
    """
    what, how = scope or Scope(), batching or Batching()
    pairs = what.pairs or (_ANY if what.suite == "smoke" else chosen_pairs(plan, seed))
    generator = _Generator(plan, replace(what, pairs=pairs), how.first_case)
    cases: list[CasePlan] = []
    frames: list[Frame] = []
    targets: list[Attachment] = []
    number = how.first_window - 1
    for target in plan.attachments:
        new_cases, new_frames = generator.towards(target)
        cases += new_cases
        frames += new_frames
        targets.append(target)
        if len(frames) >= how.most or target is plan.attachments[-1]:
            if not frames:
                continue
            number += 1
            random.Random(f"{seed}/{number}").shuffle(frames)
            yield Window(number, tuple(targets), tuple(cases), tuple(frames))
            cases, frames, targets = [], [], []


def _is_at(probe: Probe, depth: Depth | None) -> bool:
    """Tell whether a pair that is tried so hard gets *probe*."""
    return probe.once is Once.PAIR and depth is not None and depth >= probe.depth


_Cases = Iterator[tuple[CasePlan, list[ProbeFrame]]]  # each with the frames that it sends


class _Generator:
    def __init__(self, plan: Plan, scope: Scope, first_case: int) -> None:
        assert scope.pairs is not None  # whoever makes it has chosen
        self._plan, self._suite, self._only = plan, scope.suite, scope.only
        self._depth, self._are_all = scope.pairs.depth, scope.pairs.are_all
        self._policy = Policy(plan)
        self._matrix = matrix(plan)
        self._numbers = itertools.count(first_case)
        self._ports: Callable[[], int] = itertools.cycle(
            range(_FIRST_PORT, _FIRST_PORT + _PORTS)
        ).__next__
        self._seen: set[tuple[str, ...]] = set()
        at_edges = (pair for pool in pools(plan) for pair in edges(pool.network))
        self._vacant = tuple(dict.fromkeys(address for pair in at_edges for address in pair))
        self._asked: set[str] = set()  # switches that were asked for vacant addresses
        is_smoke = self._suite == "smoke"
        self._probes = [p for p in PROBES if not is_smoke or p.is_smoke]
        self._once = [p for p in self._probes if p.once is not Once.PAIR]
        self._places = {a.id: str(plan.subnet(a)) for a in plan.attachments}
        self._names = Names(plan, are_all=self._are_all)
        self._left: dict[str, list[Attachment]] = {}  # siblings whose names are still to be taken
        self._registered = [a for a in plan.attachments if a.registered]
        self._let_in: dict[str, list[Attachment]] = {}
        self._homes = {} if is_smoke else self._all_homes()

    def _all_homes(self) -> dict[str, str]:
        homes = ((a.id, next(self._home(n, a), "")) for n, a in enumerate(self._plan.attachments))
        return dict(homes)

    def towards(self, target: Attachment) -> tuple[list[CasePlan], list[Frame]]:
        """Return every case that tries to reach *target*, with its frames."""
        cases: list[CasePlan] = []
        frames: list[Frame] = []
        for source in self._plan.attachments:
            for case, probe_frames in self._between(source, target):
                cases.append(case)
                frames += [Frame(case.number, s.shape, s.fields) for s in probe_frames]
        return cases, frames

    def _between(self, source: Attachment, target: Attachment) -> _Cases:
        """Yield the cases of one pair, and those of *source* alone where this pair is its first."""
        cell = self._matrix[source.source, target.destination]
        if not source.is_apart(target) or not self._only(source, target):
            return
        if not self._is_tried(source, target, cell):
            return
        wanted = self._wanted(source, target)
        is_home = self._homes.get(source.id) == target.id
        if not (wanted or is_home):
            return
        context = self._context(source, target)
        for probe in wanted:
            yield from self._cases(probe, list(probe.frames(context)), context, cell)
        if source.air and cell.kind is CellKind.ALLOW:
            yield from self._siblings(context, cell)
        if is_home:
            yield from self._neighbours(context, cell)

    def _context(self, source: Attachment, target: Attachment) -> ProbeContext:
        offered = target.services
        services = tuple(self._plan.service[name] for name in offered)
        is_first = source.registered and source.at.switch not in self._asked
        self._asked |= {source.at.switch} if is_first else set()
        vacant = self._vacant if is_first else ()
        victim = self._victim(source, target)
        return ProbeContext(self._plan, source, target, victim, services, self._ports, vacant)

    def _is_tried(self, source: Attachment, target: Attachment, cell: Cell) -> bool:
        if cell.kind in _UNTRIED:
            return False
        if self._suite != "smoke":
            return True
        key = (source.source, source.site, target.destination, target.site)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def _home(self, number: int, source: Attachment) -> Iterator[str]:
        """Yield the targets with which *source* may also try what has no target.

        The next ones in the plan: so no window has that of everybody.
        """
        every = self._plan.attachments
        for target in (*every[number + 1 :], *every[:number]):
            kind = self._matrix[source.source, target.destination].kind
            is_other = source.device != target.device and kind not in _UNTRIED
            if is_other and self._only(source, target):
                yield target.id

    def _wanted(self, source: Attachment, target: Attachment) -> list[Probe]:
        """Return the probes of one pair, by how hard it is tried."""
        is_smoke = self._suite == "smoke"
        depth = Depth.ALL if is_smoke else self._depth.get((source.id, target.id))
        once = {p.id for p in self._once if self._is_new(p, source, target, depth)}
        if depth is None and not once:
            return []
        return [p for p in self._probes if p.id in once or _is_at(p, depth)]

    def _is_new(
        self, probe: Probe, source: Attachment, target: Attachment, depth: Depth | None
    ) -> bool:
        """Tell whether a probe that is sent once for a source or a network is still to be sent."""
        place, is_for_subnet = self._places[target.id], probe.once is Once.SUBNET
        keys: set[tuple[str, ...]]
        keys = {(probe.id, source.id, place if is_for_subnet else "")}
        if probe.id == "nobody":  # every switch has a table of addresses: try each of its subnets
            keys.add((probe.id, source.at.switch, place))
        if keys <= self._seen:
            return False
        if is_for_subnet and not self._are_all:
            rights = (source.source, source.destination, str(source.registered))
            of_class = (probe.id, *rights, source.at.switch, place)
            if of_class in self._seen and depth is not Depth.ALL:
                return False
            keys.add(of_class)
        self._seen |= keys
        return True

    def _siblings(self, context: ProbeContext, cell: Cell) -> _Cases:
        """A station that poses as another station of its own SSID: nobody can tell (residual).

        Tried once for each pair of stations, on the first target that would let the victim in.
        """
        own = context.source.id
        left = self._left.setdefault(own, self._names.siblings(context.source))
        for sibling in tuple(left):
            posing = replace(context, victim=sibling)
            sent = list(SIBLING.frames(posing))
            if self._policy.ruling(sent[0].packet).verdict is Decision.ALLOW:
                left.remove(sibling)
                yield from self._cases(SIBLING, sent, posing, cell)

    def _neighbours(self, context: ProbeContext, cell: Cell) -> _Cases:
        """A device that poses as others of its switch; where it is alone, as somebody elsewhere."""
        for victim in self._names.neighbours(context.source) or [context.victim]:
            posing = replace(context, victim=victim)
            yield from self._cases(NEIGHBOUR, list(NEIGHBOUR.frames(posing)), posing, cell)

    def _victim(self, source: Attachment, target: Attachment) -> Attachment:
        """Somebody at another port whom the target would let in, if there is anybody.

        Where there is no third device at all, the target itself: its own name at a foreign port.
        """
        own = (source.device, target.device)
        for these in (self._welcome(target.destination), self._registered):
            choice = [a for a in these if a.at != source.at and a.device not in own]
            if choice:
                return choice[source.at.port % len(choice)]
        return target

    def _welcome(self, destination: str) -> list[Attachment]:
        """Whom somebody of class *destination* lets in."""
        if destination not in self._let_in:
            self._let_in[destination] = [
                a
                for a in self._registered
                if self._matrix[a.source, destination].kind is CellKind.ALLOW
            ]
        return self._let_in[destination]

    def _cases(
        self, probe: Probe, probe_frames: list[ProbeFrame], context: ProbeContext, cell: Cell
    ) -> _Cases:
        """Split a probe's frames by what must become of them: a case has one expectation."""
        groups: dict[tuple[str, DropPoint | None], list[tuple[ProbeFrame, Ruling]]] = {}
        for each in probe_frames:
            ruling = self._policy.ruling(each.packet)
            to = ruling.to.id if ruling.verdict is Decision.ALLOW and ruling.to else ""
            groups.setdefault((to, ruling.drop), []).append((each, ruling))
        for (to, drop), members in groups.items():
            ruling = members[0][1]
            fields = members[0][0].fields
            spoofed = (fields.eth_src, fields.ip_src) != (context.source.mac, context.source.ip)
            case = CasePlan(
                number=next(self._numbers),
                source=context.source,
                target=context.target,
                probe=probe.id,
                item=probe.item,
                proto=members[0][0].shape.partition("-")[0],
                ports=tuple(dict.fromkeys(s.fields.dport for s, _ in members if s.fields.dport)),
                spoof=context.victim.id if spoofed and probe.poses else "",
                to=to,
                drop=drop,
                clause=ruling.clause,
                where=ruling.where or (cell.where[-1] if cell.where else self._row(context)),
                cell=cell,
                is_residual=probe.is_residual,
                is_bare=probe.is_bare,
            )
            yield case, [probe_frame for probe_frame, _ in members]

    def _row(self, context: ProbeContext) -> str:
        """Where the plan names the source class: the line of a denial by default."""
        return next(s.where for s in self._plan.sources if s.id == context.source.source)
