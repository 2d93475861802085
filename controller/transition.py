"""From one plan to the next while the town runs: deny first, then allow, and nothing between.

Of the switches that a change concerns, first every one stops admitting who is moved; only when all
have said so does any begin to admit what he is from now on. So at no instant stands a port in two
networks, nor is a packet judged by half a change, on whichever switches it meets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from controller import framework as fw
from controller.openflow import step_bytes
from controller.reconcile import changes
from controller.reconciler import Reconciler
from controller.switch_io import SwitchDisconnectedError, Switches, TroubleError, fail_fast
from controller.town_state import TownState
from sekisho.compiler.incremental import TableDiff, Tables, changed_tables
from sekisho.errors import LabError
from sekisho.model import Plan
from sekisho.openflow.rules import Cookie, Kind, Rule
from sekisho.resegment.protocol import Stage

_EXACT = 3  # so many terminals at most are read back one by one; else whole tables
_LOOK_S = 3.0  # a switch that does not say what it holds within this is not vouched for
_OWN = 0xFF << 56 | 0xFFFF << 16  # a cookie's mark of ours, and its number of a terminal

#: Called at each stage of a change.
Pause = Callable[[Stage], None]


class Done(NamedTuple):
    """What became of a transition.

    Attributes:
        touched: How many rules went and came, by switch.
        waiting: Switches that are not there, or could not be brought into force.
        seconds: How long it took.
    """

    touched: dict[str, tuple[int, int]]
    waiting: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Transition:
    """What brings a town from its plan to another, ready to be sent.

    Attributes:
        plan: The other plan.
        tables: Its tables.
        touched: How many rules go and come, by switch.
        denying: The messages that only take permission away, by switch.
        allowing: The messages of every later step, by switch.
    """

    plan: Plan
    tables: Tables
    touched: dict[str, tuple[int, int]]
    denying: dict[str, list[bytes]]
    allowing: dict[str, list[bytes]]

    @classmethod
    def by(cls, diff: TableDiff, plan: Plan) -> Transition:
        """Return the way to *plan*, whose tables are those of *diff*."""
        denying, allowing = {}, {}
        for name, gone in diff.gone.items():
            steps = changes(diff.come[name], gone).steps
            said = [b"".join(step_bytes(step)) for step in steps]
            first = 1 if steps[0].delete else 0
            denying[name], allowing[name] = said[:first], said[first:]
        return cls(plan, diff.tables, diff.counts, denying, allowing)


class Mover:
    """Changes the plan that is in force, and its tables, both together.

    Args:
        state: The town as it is known.
        switches: Its connections.
        reconciler: Brings into force what a change could not.
        heals: Whether what others change is brought back at once.
    """

    def __init__(
        self, state: TownState, switches: Switches, reconciler: Reconciler, *, heals: bool
    ) -> None:
        self.state, self._switches, self._reconciler = state, switches, reconciler
        self._heals = heals
        self.say, self.blamed = switches.say, switches.blamed

    def look(self) -> dict[str, str]:
        """Read every switch back now; return which do not hold what is wanted, and why."""
        late = {name: "is not connected" for name in self._switches.names.values()}
        late |= {name: "is being brought into force" for name in self._switches.current}
        found = {n: late[n] for n in late if n not in self.state.in_force} | self.state.troubles
        if not found:
            names = sorted(self.state.in_force)
            fw.hub.joinall(
                [fw.hub.spawn(self._look, self._switches.current[n], found) for n in names]
            )
        return found

    @fail_fast
    def _look(self, datapath: Any, found: dict[str, str]) -> None:
        name = self._switches.name_of(datapath)
        found[name] = "was not read to the end"
        wanted = self.state.wanted[name]
        try:
            held = self._switches.read(datapath, within_s=_LOOK_S)
        except TroubleError as error:
            found[name] = str(error)
            self._reconciler.trouble(datapath, str(error))
            return
        if name not in self.state.in_force or self.state.wanted[name] is not wanted:
            found[name] = "is being brought into force"
        elif held.foreign or set(held.rules) != set(wanted):
            found[name] = f"holds other rules than wanted: {held.foreign}".removesuffix(": ")
            if self._heals:
                self._reconciler.drifted(datapath, 0)
        else:
            del found[name]

    def prepare(self, plan: Plan) -> Transition:
        """Return what brings *plan* into force.

        Raises:
            LabError: A switch that they concern is not in force just now: nothing can be changed.
        """
        move = Transition.by(changed_tables(self.state.plan, plan, self.state.wanted), plan)
        late = [name for name in move.touched if name not in self.state.in_force]
        if late:
            raise LabError(
                f"{', '.join(late)}: not in force just now; nothing was changed\n"
                "  hint: wait until the controller says town-in-force"
            )
        return move

    def turn(self, plan: Plan) -> dict[str, tuple[int, int]]:
        """Bring into force a plan that permits something else; who is away has it when back.

        Returns:
            How many rules go and come, by switch.
        """
        diff = changed_tables(self.state.plan, plan, self.state.wanted)
        self.state.plan, self.state.wanted = plan, diff.tables
        for name in diff.counts:
            self.state.in_force.discard(name)
            if name in self._switches.current:
                self._reconciler.bring(name)
        return diff.counts

    @fail_fast
    def put(self, move: Transition, pause: Pause) -> Done:
        """Bring into force what `prepare` has returned, with nothing in between."""
        began, before = time.monotonic(), self.state.plan
        self.state.plan, self.state.wanted = move.plan, move.tables
        links = {name: self._switches.current[name] for name in move.touched}
        self.state.busy |= set(links.values())
        self.state.in_force -= set(links)
        try:
            if links:
                pause(Stage.READY)
            if any(move.denying.values()):
                self._do(links, move.denying)
                pause(Stage.DENIED)
            self._do(links, move.allowing)
            if links:
                pause(Stage.ALLOWED)
            self._read_back(before, move.plan, links)
            self.state.in_force |= set(links)
        except SwitchDisconnectedError:
            pass  # the switch will be brought to the journal's state when it is back
        except TroubleError as error:  # and this one as soon as it can be healed
            self._reconciler.trouble(error.datapath, str(error))
        finally:
            self.state.busy -= set(links.values())
            waiting = {
                n for n, d in links.items() if d in self.state.again or n not in self.state.in_force
            }
            for name in waiting & set(self._switches.current):
                self.state.again.discard(links[name])
                self.state.in_force.discard(name)
                self._reconciler.bring(name)
        return Done(move.touched, tuple(sorted(waiting)), round(time.monotonic() - began, 6))

    def _do(self, links: dict[str, Any], said: dict[str, list[bytes]]) -> None:
        """Send each switch its steps, a barrier after each, and sleep until all are done."""
        keys = []
        for name, steps in said.items():
            for step in steps:
                self._switches.push(links[name], step)
                keys.append(
                    self._switches.begin(links[name], fw.parser.OFPBarrierRequest(links[name]))
                )
        self._switches.finish(keys)

    def _read_back(self, before: Plan, after: Plan, links: dict[str, Any]) -> None:
        """Raise unless every switch holds exactly what it should of what was changed.

        Raises:
            TroubleError: One does not.
        """
        pairs = zip(before.attachments, after.attachments, strict=True)
        moved = [n for n, (old, new) in enumerate(pairs, 1) if old != new]
        is_few = len(moved) <= _EXACT and before.clauses == after.clauses
        asked = (
            [(int(Cookie(Kind.ADMIT, 0, n)) & _OWN, _OWN) for n in moved] if is_few else [(0, 0)]
        )
        places = [(name, cookie, mask) for name in links for cookie, mask in asked]
        read = self._switches.read_some(
            [(links[name], cookie, mask) for name, cookie, mask in places]
        )
        for (name, cookie, mask), held in zip(places, read, strict=True):
            want = {r for r in self.state.wanted[name] if r.cookie & mask == cookie}
            if (set(held.rules) != want or held.foreign) and links[name] not in self.state.again:
                wrong: set[Rule] = set(held.rules) ^ want
                raise TroubleError(
                    links[name], f"after the change {len(wrong)} rules differ: {wrong}"
                )
