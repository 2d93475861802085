"""All but: what denies or promises can leave classes out, and what permits cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sekisho.errors import PlanError
from sekisho.model import Plan
from sekisho.plan import load

Changed = Callable[..., Plan]
_DENY = "from: [S3], to: [D1, D3], label: {ja: 来庁者から庁内は不可"
_SENTENCE = "from: [S3], to: [D1, D3]}"
_PLANNED = "{kind: planned, id: P1, from: {all_but: [S1]}, to: [D3], label: {ja: 予, en: P}}"
_NOT = "also a planned one, says whom it is for, not whom it is not"
_NEED = "from: [S1, S2], to: [D2], services: [https, http]"


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """Return a loader of the tiny town with pieces of its text replaced."""

    def load_changed(*changes: tuple[str, str]) -> Plan:
        text = Path("topologies/tiny.yaml").read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "changed.yaml"
        path.write_text(text, "utf-8")
        return load(path)

    return load_changed


def test_a_denial_a_sentence_and_a_need_leave_classes_out(changed: Changed) -> None:
    """What is left is every other class, in the order of the plan."""
    plan = changed(
        (_DENY, _DENY.replace("to: [D1, D3]", "to: {all_but: [D2]}")),
        (_SENTENCE, "from: [S3], to: {all_but: [D2]}}"),
        (_NEED, _NEED.replace("from: [S1, S2]", "from: {all_but: [S3, S4, S5]}")),
    )
    plain = changed()

    assert [n.destinations for n in plan.notes] == [n.destinations for n in plain.notes]
    assert plan.must_drop[-1].destinations == ("D1", "D3")
    assert plan.must_reach[-1].sources == ("S1", "S2")


def test_what_is_left_is_narrowed_by_facts(changed: Changed) -> None:
    """Every class but the office servers', and of those what stands on a cable."""
    plan = changed((_SENTENCE, "from: [S3], to: {all_but: [D2], medium: cable}}"))
    line = plan.must_drop[-1]

    assert line.destinations == ("D1", "D3")
    assert [b.id for b in plan.attachments if line.is_to(b)] == ["nb.wired", "juki.lan"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (_SENTENCE, "from: [S3], to: {all_but: [D1, D2, D3]}}",
         "must_drop[3].to.all_but: leaves nobody"),
        (_SENTENCE, "from: [S3], to: {classes: [D1], all_but: [D1]}}",
         "must_drop[3].to.all_but: leaves nobody"),
        (_SENTENCE, "from: [S3], to: {all_but: [D9]}}",
         "must_drop[3].to.all_but[1]: unknown destination class 'D9'"),
        (_SENTENCE, "from: [S3], to: {all_but: [all]}}",
         "must_drop[3].to.all_but[1]: 'all' is refused here"),
        ("{from: [S1], to: D1, services", "{from: {all_but: [S2]}, to: D1, services",
         "policy[1].allow[1].from: a mapping is not a list of names"),
        ("cells:\n", f"cells:\n  - {_PLANNED}\n", f"cells[1].from: a permission, {_NOT}"),
    ],
)  # fmt: skip
def test_what_all_but_cannot_say_is_refused(
    old: str, new: str, said: str, changed: Changed
) -> None:
    """An empty rest would mean all; and a permission names each class."""
    with pytest.raises(PlanError) as caught:
        changed((old, new))

    assert said in [fault.text for fault in caught.value.faults]
