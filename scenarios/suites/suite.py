"""What one run tries: the windows of its suite, and the conversations it holds.

What is left out goes into the manifest.
"""

from __future__ import annotations

from typing import Any

from scenarios.attacks import load_families
from scenarios.probes.identities import names_taken
from scenarios.probes.pairs import Depth, chosen_pairs, every_pair
from scenarios.probes.windows import Scope, Window, windows
from scenarios.suites import scenarios
from scenarios.suites.attack_cases import Catalogue, representative_pairs
from scenarios.suites.scope import Run
from scenarios.suites.services import Exchange, chosen_exchanges, exchanges
from sekisho.model import Plan


class Suite:
    """The suite of one run.

    Args:
        plan: The town.
        run: Says which suite, which part of it, and the seed.
        manifest: Is told what is tried and what is left out.
    """

    def __init__(self, plan: Plan, run: Run, manifest: dict[str, Any]) -> None:
        self._plan, self._run, self._manifest = plan, run, manifest

    def windows(self) -> list[Window]:
        """The chosen part of the suite; what is left out goes into the manifest."""
        chosen, left_out = self._run.selection.narrowed(self._every())
        if left_out:
            words = self._run.selection.words(left_out)
            line = {"id": "selection", "ja": words.ja, "en": words.en}
            self._manifest["not_tested"].insert(0, line)
        self._manifest["situations"] = scenarios.account(
            self._run.situations,
            self._plan,
            suite=self._run.suite,
            cases=[case for window in chosen for case in window.cases],
            talks=self.exchanges(),
        )
        return chosen

    def exchanges(self) -> list[Exchange]:
        """The chosen part of the permitted conversations."""
        wanted = list(exchanges(self._plan))
        if self._run.suite == "smoke":
            wanted = _one_a_cell(wanted)
        elif not self._run.is_every_pair:
            wanted = chosen_exchanges(self._plan, wanted)
        return [each for each in wanted if self._run.selection.wants_exchange(each)]

    def _every(self) -> list[Window]:
        """The base gate (or its smoke), and for ``full`` the whole catalogue behind it."""
        plan, run = self._plan, self._run
        base = list(windows(plan, seed=run.seed, scope=self._scope()))
        if run.suite != "full":
            return base
        first = 1 + max(case.number for window in base for case in window.cases)
        catalogue = Catalogue(plan, seed=run.seed, first_case=first, first_window=len(base) + 1)
        entries = [e for e in load_families() if self._run.selection.wants_probe(e.id)]
        more = list(catalogue.windows(entries, representative_pairs(plan)))
        self._manifest["catalogue"] = catalogue.account(entries)
        return base + more

    def _scope(self) -> Scope:
        """Which pairs are tried; how many are not goes into the manifest."""
        plan, run = self._plan, self._run
        if run.suite == "smoke":
            return Scope("smoke")
        pairs = every_pair(plan) if run.is_every_pair else chosen_pairs(plan, run.seed)
        self._manifest["pairs"] = {
            "possible": pairs.possible,
            "tried": len(pairs.depth),
            "every_probe": sum(depth is Depth.ALL for depth in pairs.depth.values()),
            "sampled": pairs.sampled,
            "names": names_taken(plan, are_all=True),
            "names_tried": names_taken(plan, are_all=pairs.are_all),
        }
        return Scope(pairs=pairs)


def _one_a_cell(wanted: list[Exchange]) -> list[Exchange]:
    first = {
        (e.source.source, e.source.site, e.target.destination, e.service.id): e
        for e in reversed(wanted)
    }
    return list(first.values())
