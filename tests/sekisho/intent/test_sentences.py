"""What page one may say, held against what the rules permit, by facts about attachments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from scenarios.probes.pairs import every_pair
from scenarios.probes.windows import Scope, windows
from scenarios.results.manifest import plan_words
from sekisho.errors import PlanError
from sekisho.intent.sentences import HONEST_ITEMS, contradictions, decided_by
from sekisho.model import Facts, Label, MustDrop, Plan
from sekisho.model.changes import Change, apply_changes
from sekisho.plan import load
from sekisho.resegment.preview import policy_preview
from tests.live.contradicted import on_the_air_as_wired
from tests.small import TABLET

_PLANS = Path("topologies")

Changed = Callable[..., Plan]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return a loader of the tiny town with pieces of its text replaced."""

    def load_changed(*changes: tuple[str, str]) -> Plan:
        text = (_PLANS / "tiny.yaml").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yaml"
        path.write_text(text, "utf-8")
        return load(path)

    return load_changed


def _sentence(sources: tuple[str, ...], destinations: tuple[str, ...], **more: object) -> MustDrop:
    plain = MustDrop(99, Label("文", "Sentence"), sources, destinations, (), "normal", "plan:1")
    return replace(plain, **more)  # type: ignore[arg-type]  # each test names what it means


def _over(plan: Plan, sentence: MustDrop) -> list[str]:
    return [c.clause.id for c in contradictions(replace(plan, must_drop=(sentence,)))]


@pytest.mark.parametrize("name", ["tiny", "alpha", "matsuno", "city"])
def test_the_shipped_plans_say_nothing_that_a_rule_permits(name: str) -> None:
    """Every sentence that an officer signs can be true."""
    assert list(contradictions(load(_PLANS / f"{name}.yaml"))) == []


def test_nothing_reaches_anything_is_contradicted_by_every_rule() -> None:
    """The widest sentence lies over every permission."""
    plan = load(_PLANS / "tiny.yaml")

    assert _over(plan, _sentence((), ())) == [c.id for c in plan.clauses for _ in c.allows]


def test_a_rule_contradicts_only_between_those_whom_it_names() -> None:
    """The jump host is open to the vendor; the controller in the same class is not."""
    plan = load(_PLANS / "matsuno.yaml")
    to_all = _sentence(("S11",), ("D14",))
    to_controller = _sentence(("S11",), (), destination_facts=Facts(devices=("ctrl", "swmgmt")))

    assert (_over(plan, to_all), _over(plan, to_controller)) == (["A20"], [])


def test_posing_and_other_states_are_not_held_against_the_rules() -> None:
    """A rule permits nobody to pose, and says nothing of a town whose controller is dead."""
    plan = load(_PLANS / "tiny.yaml")

    assert _over(plan, _sentence(("S1",), ("D1",), items=(7, 8, 9))) == []
    assert _over(plan, _sentence(("S1",), ("D1",), state="controller-dead")) == []
    assert _over(plan, _sentence(("S1",), ("D1",), items=(1, 7))) == ["A01"]


@pytest.mark.parametrize("name", ["tiny", "alpha"])
def test_only_honest_items_are_ever_let_in(name: str) -> None:
    """What the gate sends of any other item must die, whoever sends it to whom."""
    plan = load(_PLANS / f"{name}.yaml")
    cases = (c for w in windows(plan, seed=1, scope=Scope(pairs=every_pair(plan))) for c in w.cases)
    let_in = {case.item for case in cases if case.to == case.target.id and not case.is_residual}

    assert 1 in let_in
    assert let_in <= HONEST_ITEMS


def test_a_tablet_on_wifi_in_the_class_of_wired_terminals_is_refused(changed: Changed) -> None:
    """The sentence about Wi-Fi is decided by the air it stands in, and A01 would let it in."""
    with pytest.raises(PlanError) as caught:
        changed(("\n  guest:", TABLET))
    required, fault = caught.value.faults

    assert "rule A01 [https] breaks MN-07" in required.text

    assert fault.text == (
        "must_drop[1]: sentence 1 says blocked, but rule A01 [https] permits it "
        "(tab.wifi -> juki.lan)"
    )
    assert fault.hint == "see line 87: narrow the sentence, or take the permission out of the rule"


def test_facts_of_a_sentence_must_all_hold(changed: Changed) -> None:
    """On the air, and in that zone: the visitor's phone and nobody else."""
    facts = "from: {medium: air, zones: [visitor]}, to: {protection: resident}"
    plan = changed(("from: {medium: air}, to: {protection: resident}", facts))
    line = plan.must_drop[0]

    assert [a.id for a in plan.attachments if line.is_from(a)] == ["guest.wireless"]
    assert [b.id for b in plan.attachments if line.is_to(b)] == ["juki.lan"]
    assert decided_by(plan, line) == Label(
        "無線の接続、系統 来庁者(1口) → 保護区分 個人番号利用事務系(1口)",
        "from connections on the air, zones Visitors (1) to zones of resident information (1)",
    )


def test_a_fact_that_names_nothing_is_refused(changed: Changed) -> None:
    """Zones, devices and classes of a fact are names like any other."""
    said = "{classes: [D9], zones: [regster], devices: [juuki]}"
    with pytest.raises(PlanError) as caught:
        changed(("to: {protection: resident}", f"to: {said}"))

    assert [fault.text for fault in caught.value.faults] == [
        "must_drop[1].to.classes[1]: unknown destination class 'D9'",
        "must_drop[1].to.devices[1]: unknown device 'juuki'",
        "must_drop[1].to.zones[1]: unknown zone 'regster'",
    ]


def test_a_sentence_about_protection_is_about_every_zone_so_protected(changed: Changed) -> None:
    """Three zones are for office work, and nobody has to name them."""
    plan = changed(
        ("from: {medium: air}, to: {protection: resident}",
         "from: {protection: [visitor, resident]}, to: {protection: office}, items: [7]"),
    )  # fmt: skip
    line = plan.must_drop[0]

    assert [b.id for b in plan.attachments if line.is_to(b)] == [
        "nb.wired",
        "nb.wireless",
        "www.lan",
    ]
    assert [a.id for a in plan.attachments if line.is_from(a)] == ["guest.wireless", "juki.lan"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{protection: resident}", "{protection: lgwan}",
         "must_drop[1].to.protection: no zone protects 'lgwan'"),
        ("{protection: resident}", "{protection: [resident, tenants]}",
         "must_drop[1].to.protection[2]: 'tenants' is not resident, "),
        ("sekisho: 2", "sekisho: 1",
         "must_drop[1].to.protection: zone 'web' does not say what it protects"),
    ],
)  # fmt: skip
def test_a_sentence_about_protection_that_nobody_can_decide_is_refused(
    old: str, new: str, said: str, changed: Changed
) -> None:
    """It would be about fewer zones than its reader thinks, or about none."""
    unsaid = ("protection: office, layer: B, vlan: 40", "layer: B, vlan: 40")
    with pytest.raises(PlanError) as caught:
        changed((old, new), *([unsaid] if "sekisho" in old else []))

    assert [said in fault.text for fault in caught.value.faults] == [True]


def test_a_side_of_a_sentence_that_says_nothing_is_refused(changed: Changed) -> None:
    """Empty would mean everybody, and nobody would see it."""
    with pytest.raises(PlanError, match=r"must_drop\[1\]\.from: is empty"):
        changed(("from: {medium: air}", "from: {}"))


def test_the_manifest_names_who_decides_and_which_rule_permits() -> None:
    """Reports need nothing but the run folder."""
    plan = on_the_air_as_wired(load(_PLANS / "tiny.yaml"))
    words = plan_words(plan)["must_drop"][0]

    assert words["senders"] == ["nb.wireless", "guest.wireless"]
    assert words["targets"] == ["juki.lan"]
    assert words["contradictions"] == [
        {"case": "A01 [https]", "cell": "S1/D1", "where": "topologies/tiny.yaml:80"}
    ]


def test_a_dry_run_says_which_sentences_a_planned_permission_makes_false() -> None:
    """P28 is closed today; opened, it makes a sentence over its cells false."""
    plan = load(_PLANS / "matsuno.yaml")
    note = next(n for n in plan.notes if n.id == "P28")
    line = _sentence(note.sources, note.destinations)
    before = replace(plan, must_drop=(*plan.must_drop, line))
    after = apply_changes(before, [Change(1, "open", (), ("P28",), "test", "tester", 0.0, None)])

    assert [w for w in policy_preview(before, before).warnings if w.what == "must_drop 99"] == []
    told = [w.en for w in policy_preview(before, after).warnings if w.what == "must_drop 99"]
    assert len(told) == len(note.permits)
    assert all("sentence 99 says blocked, but rule P28" in words for words in told)
