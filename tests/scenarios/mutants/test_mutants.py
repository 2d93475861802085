"""Both lists of faults are covered, each with something that can really be planted."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from scenarios.attacks import Kind, load_families
from scenarios.capture.places import places
from scenarios.mutants import beside, controller_code, hosts, instrument, plan_file, settings
from scenarios.mutants.__main__ import exit_status, is_right
from scenarios.mutants.controller_code import WRONGS, SourceMutation, copied
from scenarios.mutants.registry import Order, chosen
from scenarios.mutants.subset import Suites
from scenarios.probes.windows import CasePlan
from sekisho.compiler.tables import compile_town
from sekisho.errors import LabError, UsageError
from sekisho.model import Plan
from sekisho.mutation.catalogue import IDS, KILLERS, LEVELS
from sekisho.mutation.operators import OPERATORS
from sekisho.mutation.plan_faults import plan_faults
from sekisho.plan import load

ROOT = Path(__file__).parents[3]
#: The lists as they were drawn up; a number that is missing was never given.
_OPERATORS = (*range(1, 8), *range(9, 14), 15, 17, 19, 20, 22, 23, 24, 26, 27, 28)
_MORE = (*range(32, 38), 39, 40)


@pytest.fixture(scope="module", name="plan")
def _plan() -> Plan:
    return load(ROOT / "topologies" / "tiny.yaml")


def test_the_lists_are_whole() -> None:
    """Thirty operators, twenty mistakes and what lies beside the tables; none is invented."""
    operators = [f"M-{number:02d}" for number in (*_OPERATORS, *_MORE)]
    mistakes = [f"M{number:02d}" for number in range(1, 21)]

    beside = [f"N-{number:02d}" for number in range(1, 25)]

    assert sorted(IDS) == sorted([*operators, *mistakes, *beside])


def test_every_id_is_planted_on_the_smallest_town(plan: Plan) -> None:
    """In tables, plan, code, switches, hosts or the instrument; what no list names is not."""
    single = {name for names in OPERATORS for name in names}
    larger = {n for f in plan_faults(plan, compile_town(plan), seed=1, each=1) for n in f.ids}
    rest = [*controller_code.mutants(), *settings.mutants(plan), *hosts.mutants(plan)]
    rest += [*plan_file.mutants(plan), *instrument.mutants(plan)]
    rest += beside.mutants(plan, each=1, seed=1)
    planted = single | larger | {name for mutant in rest for name in mutant.ids}

    assert planted == set(IDS)
    assert {mutant.level for mutant in rest} | {"flow"} == set(LEVELS)


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.words)
def test_a_fault_of_the_code_is_still_in_the_code(wrong: SourceMutation, tmp_path: Path) -> None:
    """The text that goes stands there once, and the file that comes is Python."""
    code = copied(wrong, tmp_path)

    for name, _, _ in wrong.edits:
        text = (code / name).read_text("utf-8")
        assert text != (ROOT / name).read_text("utf-8")
        compile(text, name, "exec")


def test_a_fault_whose_text_has_gone_is_refused(tmp_path: Path) -> None:
    """Else it would plant nothing, and be told by nobody."""
    wrong = SourceMutation(
        ("M-13",), "nothing", (("sekisho/compiler/tables.py", "no such line", ""),)
    )

    with pytest.raises(LabError, match="'no such line' is there 0 times, not once"):
        copied(wrong, tmp_path)


def test_what_tells_an_id_is_an_attack_that_is_sent() -> None:
    """Frames, or frames that leave something behind."""
    sent = {e.id for e in load_families() if e.kind in (Kind.FRAMES, Kind.STATEFUL)}
    named = {name for names in KILLERS.values() for name in names}

    assert set(KILLERS) <= set(IDS)
    assert named - {e.id for e in load_families()} == set()
    assert all(set(names) & sent for names in KILLERS.values())


@pytest.mark.parametrize(
    ("level", "fate", "right"),
    [
        ("flow", "killed", True),
        ("flow", "equivalent", True),
        ("flow", "survived", False),
        ("flow", "inconclusive", False),
        ("instrument", "inconclusive", True),
        ("instrument", "killed", False),
        ("instrument", "survived", False),
    ],
)
def test_a_broken_instrument_must_be_inconclusive_and_nothing_else_may(
    level: str, fate: str, right: bool
) -> None:
    """A fault of the town that nobody could judge was not told."""
    assert is_right(level, fate) is right


def test_a_run_that_told_nothing_is_no_success() -> None:
    """Nothing planted, nothing proven."""
    assert exit_status([]) == 3


def test_what_is_tried_together_overfills_no_capture() -> None:
    """Each case is there once, beside its twins, and nobody sends or is sent more than fits."""
    suites = Suites(load(ROOT / "topologies" / "alpha.yaml"), 1, random.Random(1))
    parts = list(suites.parts(suites.cases))
    targets = [{case.target.id for case in part} for part in parts]

    assert sorted(c.number for part in parts for c in part) == [c.number for c in suites.cases]
    assert sum(map(len, targets)) == len(set().union(*targets))
    assert all(count <= 2000 for part in parts for count in _load(suites, part).values())


def _load(suites: Suites, part: list[CasePlan]) -> Counter[str]:
    """Count the frames that each attachment sends or is sent."""
    ends = {case.number: {case.source.id, case.to} for case in part}
    return Counter(name for f in suites.window(part).frames for name in ends[f.case] - {""})


def test_a_small_town_has_over_150_faults_beside_the_lists(plan: Plan) -> None:
    """Each kind in some variants, on the smallest town as on the reference town."""
    small, large = beside.faults(plan), beside.faults(load(ROOT / "topologies" / "matsuno.yaml"))

    assert min(len(small), len(large)) > 150
    assert {f.id for f in small} == {f.id for f in large}
    assert len({(f.id, f.place, f.words) for f in small}) == len(small)


def test_every_capture_is_blinded_one_by_one(plan: Plan) -> None:
    """Whatever can be blinded, the instrument must notice: each place in each way."""
    blinded = [(m.place, m.words) for m in instrument.mutants(plan) if "capture" in m.words]

    assert {place for place, _ in blinded} == {place.name for place in places(plan)}
    assert len(blinded) == 3 * len(places(plan)) - 4 + 1  # LOCAL ports; one that loses copies


def test_an_id_that_is_not_planted_at_the_level_is_refused_before_anything_boots() -> None:
    """With the levels at which it is; what is planted somewhere is chosen."""
    plan = load(ROOT / "topologies" / "tiny.yaml")
    tables = compile_town(plan)
    with pytest.raises(UsageError) as caught:
        chosen(plan, tables, Order(levels=("flow",), ids=("M14",)))

    assert str(caught.value) == (
        "nothing to plant: no fault of level flow stands for M14\n"
        "  hint: it is planted at host, plan"
    )
    assert {m.level for m in chosen(plan, tables, Order(levels=("plan",), ids=("M14",)))} == {
        "plan"
    }
