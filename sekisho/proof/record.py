"""What a run writes down of its proof: ``proof.json``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sekisho.errors import RefusedError
from sekisho.evidence.schema import SCHEMA
from sekisho.model import Label, Plan
from sekisho.proof.reading import read_dumps
from sekisho.proof.verdict import Proof, Wrong, prove
from sekisho.proof.witness import Walker
from sekisho.proof.words import assumptions, difference_lines

_SHOWN = 20  # differences that are written with their packets


def told(plan: Plan, dumps: Mapping[str, str]) -> dict[str, Any]:
    """Return what is proved of dumped tables, or why nothing is."""
    began = time.monotonic()
    try:
        tables = read_dumps(dumps)
        proof = prove(plan, tables)
    except RefusedError as refusal:
        return {"schema": SCHEMA, "refused": str(refusal)}
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
        "seconds": round(time.monotonic() - began, 3),
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
