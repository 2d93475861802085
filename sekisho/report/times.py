"""Which rules did not hold when a run judged, in words."""

from __future__ import annotations

from datetime import datetime

from sekisho.model import Label, spoken_hours
from sekisho.report.manifest import ClauseText, PlanText


def moment(text: str) -> Label:
    """Return an ISO 8601 time as people write it."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Label(text or "－", text or "－")
    return Label(f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}", f"{at:%Y-%m-%d %H:%M}")


def judged_at(plan: PlanText) -> Label | None:
    """Return at what moment the rules with times were judged; None where there are none."""
    if not plan.moment:
        return None
    at, rules = moment(plan.moment), [clause for clause in plan.clauses.values() if clause.hours]
    rules += [clause for clause in plan.clauses.values() if clause.until and not clause.hours]
    rest = [clause for clause in rules if clause.rests]
    hold = [clause for clause in rules if not clause.rests]
    ja = [f"期限・時間帯のある許可は、{at.ja}の時点で判定した。"]
    en = [f"Rules with times are judged as of {at.en}."]
    if hold:
        ja.append(f"効力あり: {'、'.join(_ja(c) for c in hold)}。")
        en.append(f"In force: {', '.join(_en(c) for c in hold)}.")
    if rest:
        ja.append(f"効力なし(許可していない): {'、'.join(_ja(c) for c in rest)}。")
        en.append(f"Not in force, so nothing is permitted by: {', '.join(_en(c) for c in rest)}.")
    return Label("".join(ja), " ".join(en))


def _hours(clause: ClauseText, language: str) -> list[str]:
    return [spoken_hours(hours, language) for hours in clause.hours]


def _ja(clause: ClauseText) -> str:
    words = [*([f"{clause.until}まで"] if clause.until else []), *_hours(clause, "ja")]
    return f"{clause.id}({'、'.join(words)})"


def _en(clause: ClauseText) -> str:
    words = [*([f"until {clause.until}"] if clause.until else []), *_hours(clause, "en")]
    return f"{clause.id} ({', '.join(words)})"
