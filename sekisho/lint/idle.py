"""Rules that permit nothing: those that are over, and those that nobody is left for.

Pure: the moment comes in. Such a rule is signed for and read as if it opened something.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sekisho.model import Allow, Clause, Label, Plan
from sekisho.model.terms import is_over
from sekisho.policy.matrix import opened

_NOBODY = Label(
    "区分か only_from、only_to の誤りか。要らなければ取り除く",
    "are the classes, only_from and only_to right? take it out where nobody needs it",
)


def idle(plan: Plan, now: datetime | None) -> Iterator[tuple[str, Label, Label]]:
    """Yield where a rule, or a direction of one, permits nothing, with why and what to do.

    Args:
        plan: As it is written, with all of its rules.
        now: When rules with times are judged; None says nothing about times.
    """
    for clause in plan.clauses:
        if now is not None and clause.until is not None and is_over(clause, now):
            yield clause.where, _over(clause, now), _later(clause)
            continue
        dead = [allow for allow in clause.allows if not opened(plan, allow)]
        if dead and len(dead) == len(clause.allows):
            what = Label(
                f"許可 {clause.id} は何も許可していない: {_ends(dead)} に当たる機器の組がない",
                f"rule {clause.id} permits nothing: no two devices are {_ends(dead)}",
            )
            yield clause.where, what, _NOBODY
            continue
        for allow in dead:
            what = Label(
                f"許可 {clause.id} の {_ends([allow])} に当たる機器の組がない",
                f"rule {clause.id} permits nothing for {_ends([allow])}: no two devices are so",
            )
            yield allow.where, what, _NOBODY


def _over(clause: Clause, now: datetime) -> Label:
    until = clause.until
    assert until is not None  # else it is never over
    if now >= until.end:
        return Label(
            f"許可 {clause.id} は期限({until})を過ぎており、何も許可していない",
            f"rule {clause.id} is over ({until}): it permits nothing any more",
        )
    return Label(
        f"許可 {clause.id} の時間帯は期限({until})までにもう来ない",
        f"the hours of rule {clause.id} do not come again before it is over ({until})",
    )


def _later(clause: Clause) -> Label:
    return Label(
        "続けるなら until を延ばし、終わったなら許可を取り除く",
        "give it a later until, or take it out",
    )


def _ends(allows: list[Allow]) -> str:
    return "; ".join(f"{' '.join(a.sources)} → {a.destination}" for a in allows)
