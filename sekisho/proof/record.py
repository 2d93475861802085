"""What a run writes down of its proof: ``proof.json``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sekisho.errors import RefusedError
from sekisho.evidence.schema import SCHEMA
from sekisho.model import Label, Plan
from sekisho.openflow.rules import Rule
from sekisho.proof.kept import Kept
from sekisho.proof.reading import Known, read_dumps
from sekisho.proof.verdict import Proof, Tables, Wrong, prove
from sekisho.proof.witness import Walker
from sekisho.proof.words import assumptions, difference_lines

_SHOWN = 20  # differences that are written with their packets


class Teller:
    """Tells what is proved of one town's tables, and may remember it for the next time."""

    def __init__(self) -> None:
        self._known: Known = {}
        self._kept = Kept()

    def told(
        self, plan: Plan, held: Mapping[str, str | tuple[Rule, ...]], *, is_kept: bool
    ) -> dict[str, Any]:
        """Return what is proved of dumped tables, or why nothing is.

        Args:
            plan: The plan that is in force.
            held: What each switch dumped, or its rules.
            is_kept: Whether what is computed is kept for the next time, and used where it was.
        """
        began = time.monotonic()
        try:
            dumps = {name: each for name, each in held.items() if isinstance(each, str)}
            rules = {name: each for name, each in held.items() if not isinstance(each, str)}
            tables = {**rules, **read_dumps(dumps, self._known if is_kept else None)}
            proof = self._kept.prove(plan, tables) if is_kept else prove(plan, tables)
        except RefusedError as refusal:
            return {"schema": SCHEMA, "refused": str(refusal)}
        seconds = round(time.monotonic() - began, 3)
        return {**_written(plan, tables, proof), "seconds": seconds}


def _written(plan: Plan, tables: Tables, proof: Proof) -> dict[str, Any]:
    walker = Walker(plan, tables)
    shown = [(d, walker.shown(d)) for d in proof.differences[:_SHOWN]]
    labels = [
        Label(*("\n".join(difference_lines(plan, d, walk, lang)) for lang in ("ja", "en")))
        for d, walk in shown
    ]
    return {
        "schema": SCHEMA,
        "refused": "",
        **counts(proof),
        "assumptions": [_both(each) for each in assumptions(plan, are_compiled=False)],
        "differences": [_both(each) for each in labels],
    }


def counts(proof: Proof) -> dict[str, int]:
    """Return the numbers of a verdict: pairs of ports that differ, entries, rules."""
    missing = proof.count(Wrong.MISSING)
    every = sum(each.sources for each in proof.differences)
    return {
        "forbidden": every - missing,
        "missing": missing,
        "entries": proof.sources,
        "rules": proof.rules,
    }


def _both(label: Label) -> dict[str, str]:
    return {"ja": label.ja, "en": label.en}
