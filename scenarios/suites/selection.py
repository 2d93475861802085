"""A part of a suite: some probes, families or classes; what is left out is counted and said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scenarios.probes.windows import CasePlan, Window
from scenarios.suites.scenarios import Chosen
from scenarios.suites.services import Exchange
from sekisho.errors import UsageError
from sekisho.model import Label, Plan


@dataclass(frozen=True, slots=True)
class Selection:
    """What to try; empty means everything.

    Attributes:
        only: Probe ids and catalogue ids.
        families: Catalogue families, e.g. ``VL``.
        sources: Source classes.
        targets: Destination classes.
        situations: What belongs to any of them.
    """

    only: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    situations: tuple[Chosen, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True where nothing is left out."""
        words = self.only or self.families or self.sources or self.targets
        return not (words or self.situations)

    def wants(self, case: CasePlan) -> bool:
        """Tell whether *case* is to be tried."""
        return (
            self.wants_probe(case.probe)
            and (not self.sources or case.source.source in self.sources)
            and (not self.targets or case.target.destination in self.targets)
            and (not self.situations or any(each.wants(case) for each in self.situations))
        )

    def wants_exchange(self, exchange: Exchange) -> bool:
        """Tell whether the conversation *exchange* is to be held."""
        return self.is_whole or any(each.wants_exchange(exchange) for each in self.situations)

    def wants_probe(self, name: str) -> bool:
        """Tell whether the probe or catalogue entry *name* is to be tried."""
        family = name.partition("-")[0]
        by_probe = not (self.only or self.families)
        in_situation = not self.situations or any(
            each.situation.wants(name) for each in self.situations
        )
        return in_situation and (by_probe or name in self.only or family in self.families)

    def check(self, plan: Plan, probes: Iterable[str], *, left_out: Iterable[str] = ()) -> None:
        """Refuse words that name nothing.

        Args:
            plan: Whose classes are known.
            probes: What the suite tries.
            left_out: What only the suite ``full`` tries.

        Raises:
            UsageError: A class is not in the plan, or a probe or family is not known or not tried.
        """
        elsewhere = {word for name in left_out for word in (name, name.partition("-")[0])}
        known = set(probes)
        families = {name.partition("-")[0] for name in known}
        for option, words, names in (
            ("--only", self.only, known),
            ("--family", self.families, families),
            ("--from", self.sources, {c.id for c in plan.sources}),
            ("--to", self.targets, {c.id for c in plan.destinations}),
        ):
            for word in words:
                if word not in names and word in elsewhere:
                    raise UsageError(
                        f"{option} {word!r} is an attack of the catalogue, which this suite does "
                        "not try\n  hint: --suite full"
                    )
                if word not in names:
                    raise UsageError(
                        f"{option} {word!r} names nothing here\n"
                        f"  hint: one of {', '.join(sorted(names)[:12])} ..."
                    )

    def narrowed(self, windows: Iterable[Window]) -> tuple[list[Window], int]:
        """Return what is left of *windows*, and how many cases were left out.

        The positive twins of what is tried stay: without them a drop proves nothing.
        """
        if self.is_whole:
            return list(windows), 0
        left_out = 0
        out: list[Window] = []
        for window in windows:
            left_out += sum(not self.wants(case) for case in window.cases)
            out += self._narrow(window)
        return out, left_out

    def _narrow(self, window: Window) -> Iterator[Window]:
        wanted = [case for case in window.cases if self.wants(case)]
        targets = {case.target.id for case in wanted}
        cases = tuple(c for c in window.cases if self.wants(c) or c.is_twin_of(targets))
        numbers = {case.number for case in cases}
        frames = tuple(frame for frame in window.frames if frame.case in numbers)
        if cases:
            tried = tuple(t for t in window.targets if t.id in targets)
            yield Window(window.number, tried, cases, frames, window.is_stateful)

    @property
    def named(self) -> str:
        """What was chosen, in the words of the command line."""
        parts = [*(each.situation.id for each in self.situations), *self.only, *self.families]
        parts += [f"from {c}" for c in self.sources] + [f"to {c}" for c in self.targets]
        return ", ".join(parts)

    def words(self, left_out: int) -> Label:
        """Say what was left out, for the report."""
        which = self.named
        return Label(
            f"絞り込み({which})により省いた{left_out}件",
            f"{left_out} cases left out by the choice of {which}",
        )


EVERYTHING = Selection()
