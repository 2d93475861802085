"""A proof that is kept says what a fresh one says, whatever was changed and wherever."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from scenarios.bench.random_plan import random_plan
from scenarios.bench.reproof import changed
from scenarios.bench.sized_plan import sized
from sekisho.compiler.tables import compile_town
from sekisho.errors import RefusedError, RuleError
from sekisho.model import Plan
from sekisho.mutation.table_faults import Tables, table_faults
from sekisho.plan import load
from sekisho.proof import kept as module
from sekisho.proof.flood import Fabric
from sekisho.proof.kept import Kept
from sekisho.proof.verdict import Proof, prove
from tests.population import town
from tests.test_meaning import tables

_FAULTS = 3  # of four tables


def answer(prover: object, plan: Plan, held: Tables) -> Proof | str:
    """Return what a prover says: its proof, or the words of its refusal."""
    assert callable(prover)
    try:
        proof = prover(plan, held)
    except RefusedError as refusal:
        return str(refusal)
    assert isinstance(proof, Proof)
    return proof


def played(plan: Plan, seed: int, count: int) -> Counter[str]:
    """Change ports of *plan*, with and without faults in the tables; compare every answer."""
    chance, kept, out = random.Random(seed), Kept(), Counter[str]()
    kept.prove(plan, compile_town(plan))
    for after, held in islice(changed(plan, chance), count):
        spoilt: Tables = held
        if chance.randrange(4) < _FAULTS:
            (fault,) = table_faults(held, seed=chance.randrange(10_000), count=1)
            spoilt = fault.applied(held)
        said = answer(kept.prove, after, spoilt)
        assert said == answer(prove, after, spoilt)
        out["refused" if isinstance(said, str) else "told" if said.differences else "silent"] += 1
        out["remembered"] += kept.was_short
    return out


@pytest.mark.parametrize("seed", range(2))
def test_tiny_changes_are_proved_as_if_anew(seed: int) -> None:
    """Moves that come and go, and faults in any switch, moved or not."""
    counts = played(town("tiny"), seed, 24)

    assert counts["told"] >= 3
    assert counts["remembered"] >= counts["silent"] - 2


def test_alpha_changes_are_proved_as_if_anew() -> None:
    """A town with backup lines, and six switches."""
    counts = played(town("alpha"), 2, 10)

    assert counts["remembered"] > 0


def test_matsuno_changes_are_proved_as_if_anew() -> None:
    """The reference town."""
    counts = played(town("matsuno"), 5, 3)

    assert counts["remembered"] + counts["told"] + counts["refused"] >= 3


@pytest.mark.parametrize("seed", range(4))
def test_changes_of_towns_drawn_at_random_are_proved_as_if_anew(tmp_path: Path, seed: int) -> None:
    """Any town; where nothing may be moved, the faults alone."""
    path = tmp_path / "plan.yaml"
    path.write_text(random_plan(seed), "utf-8")
    plan = load(path)
    played(plan, seed, 4)
    kept, held = Kept(), compile_town(plan)
    kept.prove(plan, held)
    for fault in table_faults(held, seed=seed, count=5):
        assert answer(kept.prove, plan, fault.applied(held)) == answer(
            prove, plan, fault.applied(held)
        ), fault


def test_a_generated_town_is_proved_again_from_memory(tmp_path: Path) -> None:
    """As the bench does it."""
    plan = load(sized(300, tmp_path))
    kept = Kept()
    kept.prove(plan, compile_town(plan))
    for after, held in islice(changed(plan, random.Random(3)), 4):
        assert kept.prove(after, held) == prove(after, held)
        assert kept.was_short


def test_faults_one_after_the_other_are_each_told_and_forgotten() -> None:
    """Every table of the tiny town with a fault of its own, and the right ones in between."""
    plan, kept = town("tiny"), Kept()
    for fault in table_faults(tables("tiny"), seed=9, count=24):
        spoilt = fault.applied(tables("tiny"))
        assert answer(kept.prove, plan, spoilt) == answer(prove, plan, spoilt), fault
        assert kept.prove(plan, tables("tiny")).differences == ()


def test_another_town_is_no_change_of_this_one() -> None:
    """Other switches, other lines: everything is computed anew."""
    kept = Kept()
    kept.prove(town("tiny"), tables("tiny"))

    assert kept.prove(town("alpha"), tables("alpha")) == prove(town("alpha"), tables("alpha"))
    assert not kept.was_short


def test_a_prover_that_overlooks_a_change_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above can fail: without the look at the tables a fault is missed."""
    monkeypatch.setattr(Fabric, "unlike", lambda *_: iter(()))
    plan, kept, missed = town("tiny"), Kept(), 0
    kept.prove(plan, tables("tiny"))
    for fault in table_faults(tables("tiny"), seed=5, count=30):
        spoilt = fault.applied(tables("tiny"))
        missed += answer(kept.prove, plan, spoilt) != answer(prove, plan, spoilt)

    assert missed > 0


def test_a_memory_that_tells_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is not as planned is proved once more without it."""
    monkeypatch.setattr(module, "entries", lambda *_: ())
    plan, kept = town("tiny"), Kept()
    kept.prove(plan, tables("tiny"))
    held = {**tables("tiny"), "floor": ()}

    with pytest.raises(RuleError, match="a proof that remembers the last one tells"):
        kept.prove(plan, held)
